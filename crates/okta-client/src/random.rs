//! Numbers nobody can guess.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// Something between nothing and `span`.
pub(crate) fn up_to(span: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without randomness there is no jitter, and nothing worse.
    let _ = SystemRandom::new().fill(&mut bytes);
    span.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

/// An identifier that is not used again (`jti`).
pub(crate) fn identifier() -> Result<String, ring::error::Unspecified> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
