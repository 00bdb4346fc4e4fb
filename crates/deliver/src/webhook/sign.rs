//! The signature of a request.

use std::fmt::Write;

use ring::hmac;

/// The header that it stands in.
pub(crate) const HEADER: &str = "x-wardgate-signature";

/// Signs the time and the body, so that neither can be changed and an old request be told from a
/// new one: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>", in hex>`.
pub(crate) fn signature(key: &hmac::Key, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(seconds.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    let mut header = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        // Writing to a text cannot fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `hmac.new(b"key", b"1788220800.{}", "sha256").hexdigest()`.
    #[test]
    fn signatures_are_those_of_others() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let expected =
            "t=1788220800,v1=30cf230cd4dd64281979df42250dcba0d2a40decb23e2ddea9a81d59b8fc7a71";
        assert_eq!(signature(&key, 1_788_220_800, b"{}"), expected);
    }
}
