//! What an answer means.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::timeout;

use crate::failure::{Failure, FailureKind};

/// What is read of an answer's body, in bytes. It matters only to whoever looks for a mistake.
const MOST: usize = 4096;
/// How long its body is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the alert was accepted.
pub(crate) async fn judge(mut response: Response, host: &str) -> Result<(), Failure> {
    let status = response.status();
    let after = retry_after(response.headers(), Timestamp::now());
    // What does not come, or not whole, changes nothing about what the status says. It is read
    // after a success, too, because the connection can be used again then.
    let body = timeout(PATIENCE, read(&mut response)).await.unwrap_or_default();
    if status.is_success() {
        return Ok(());
    }
    let kind = match status.as_u16() {
        400 | 413 | 422 => FailureKind::Refused,
        408 | 425 | 429 => FailureKind::Soon(after),
        300..=499 => FailureKind::Later,
        _ => FailureKind::Soon(after),
    };
    let mut reason = format!("{host}: answered {}", status.as_u16());
    if status.is_redirection() {
        reason.push_str(", a redirect that is not followed");
    } else if let Some(word) = word(&body) {
        reason = format!("{reason} {word}");
    }
    Err(Failure { kind, reason })
}

async fn read(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(part)) = response.chunk().await {
        let room = MOST.saturating_sub(body.len());
        body.extend(part.iter().take(room));
        if part.len() >= room {
            break;
        }
    }
    body
}

/// A short answer such as `invalid_blocks`. Longer ones could repeat what they were sent.
fn word(body: &[u8]) -> Option<&str> {
    let word = std::str::from_utf8(body).ok()?.trim();
    let is_fit = |one: char| one.is_ascii_lowercase() || matches!(one, '_' | ' ');
    ((1..=40).contains(&word.len()) && word.chars().all(is_fit)).then_some(word)
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now: Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Tue, 01 Sep 2026 00:01:00 GMT", Some(60)),
            ("Mon, 31 Aug 2026 00:01:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let found = retry_after(&headers, now);
            assert_eq!(found, expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn only_words_are_repeated() {
        assert_eq!(word(b"invalid_blocks\n"), Some("invalid_blocks"));
        assert_eq!(word(b"no_team"), Some("no_team"));
        assert_eq!(word(b""), None);
        assert_eq!(word(b"T00/B00/xyz"), None);
        assert_eq!(word(&[b'a'; 41]), None);
        assert_eq!(word(b"\xff"), None);
    }
}
