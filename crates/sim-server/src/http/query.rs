//! Query strings, and the parameters of `/api/v1/logs`.

use jiff::Timestamp;

use super::error::ApiError;

const DAY: i64 = 86_400_000;

/// The pairs of a query string or form, decoded. What is no UTF-8 is replaced.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match after.split_first_chunk::<2>() {
                Some((&[high, low], after)) if hex(high).is_some() && hex(low).is_some() => {
                    out.push(hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0));
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Appends `key=value` to a query string, encoded.
pub(crate) fn push(out: &mut String, key: &str, value: &str) {
    out.push(if out.contains('?') { '&' } else { '?' });
    out.push_str(key);
    out.push('=');
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The parameters of a request to the log, as they came and as they are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogsQuery {
    pub(crate) since: Option<(String, i64)>,
    pub(crate) until: Option<(String, i64)>,
    pub(crate) after: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) q: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) descending: bool,
}

impl LogsQuery {
    /// Reads a query string at the time `now`, in milliseconds. Of a parameter that comes twice the
    /// first counts; unknown ones do not.
    pub(crate) fn read(text: &str, now: i64) -> Result<LogsQuery, ApiError> {
        let pairs = pairs(text);
        let value = |key| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let time = |key| -> Result<Option<(String, i64)>, ApiError> {
            let Some(text) = value(key) else { return Ok(None) };
            let time: Timestamp = text.parse().map_err(|_| {
                let why = "not an ISO 8601 time such as 2026-09-01T00:00:00.000Z";
                ApiError::parameter(key, why)
            })?;
            Ok(Some((text.clone(), time.as_millisecond())))
        };
        let (since, until) = (time("since")?, time("until")?);
        if since.as_ref().is_some_and(|(_, since)| *since < now - 180 * DAY) {
            return Err(ApiError::too_old());
        }
        if let (Some((_, since)), Some((_, until))) = (&since, &until)
            && since > until
        {
            return Err(ApiError::parameter("until", "before since"));
        }
        let limit = value("limit").map(|text| match text.parse() {
            Ok(limit @ 0..=1000) => Ok(limit),
            _ => Err(ApiError::parameter("limit", "not a number from 0 to 1000")),
        });
        let descending = match value("sortOrder").map(String::as_str) {
            None | Some("" | "ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => {
                let why = "neither ASCENDING nor DESCENDING";
                return Err(ApiError::parameter("sortOrder", why));
            }
        };
        let q = value("q").filter(|q| !q.trim().is_empty());
        if q.is_some_and(|q| q.split_whitespace().any(|word| word.chars().count() > 40)) {
            return Err(ApiError::parameter("q", "a keyword of more than 40 characters"));
        }
        Ok(LogsQuery {
            since,
            until,
            after: value("after").filter(|after| !after.is_empty()).cloned(),
            filter: value("filter").filter(|filter| !filter.trim().is_empty()).cloned(),
            q: q.cloned(),
            limit: limit.transpose()?,
            descending,
        })
    }

    /// Whether it asks for what comes, without end, rather than for what has been.
    pub(crate) fn is_polling(&self) -> bool {
        self.until.is_none() && !self.descending
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(100)
    }

    /// The time before which nothing is asked for: seven days before `until` unless said.
    pub(crate) fn since(&self, now: i64) -> i64 {
        let until = self.until.as_ref().map_or(now, |(_, until)| *until);
        self.since.as_ref().map_or(until - 7 * DAY, |(_, since)| *since)
    }

    /// The link to the same request with another `after`.
    pub(crate) fn link(&self, base: &str, after: Option<&str>) -> String {
        let mut link = format!("{base}/api/v1/logs");
        if let Some(after) = after {
            push(&mut link, "after", after);
        }
        for (key, value) in [
            ("since", self.since.as_ref().map(|(text, _)| text.as_str())),
            ("until", self.until.as_ref().map(|(text, _)| text.as_str())),
            ("filter", self.filter.as_deref()),
            ("q", self.q.as_deref()),
            ("sortOrder", self.descending.then_some("DESCENDING")),
        ] {
            if let Some(value) = value {
                push(&mut link, key, value);
            }
        }
        if let Some(limit) = self.limit {
            push(&mut link, "limit", &limit.to_string());
        }
        link
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn parameters_are_checked() {
        let cases = [
            ("since=yesterday", "E0000001"),
            ("until=2026-13-01T00:00:00Z", "E0000001"),
            ("limit=1001", "E0000001"),
            ("limit=-1", "E0000001"),
            ("limit=ten", "E0000001"),
            ("sortOrder=UP", "E0000001"),
            ("q=12345678901234567890123456789012345678901", "E0000001"),
            ("since=2026-09-02T00:00:00Z&until=2026-09-01T00:00:00Z", "E0000001"),
            ("since=2025-09-02T00:00:00Z", "E0000053"),
        ];
        for (text, code) in cases {
            assert_eq!(LogsQuery::read(text, NOW).unwrap_err().code, code, "{text}");
        }
        let query =
            LogsQuery::read("q=two%20words&limit=0&&x=y&since=2026-09-01T02:00:00%2B02:00", NOW);
        let query = query.unwrap();
        assert_eq!((query.q.as_deref(), query.limit()), (Some("two words"), 0));
        assert_eq!(query.since(NOW), 1_788_220_800_000);
        assert!(query.is_polling());
        assert!(!LogsQuery::read("sortOrder=DESCENDING", NOW).unwrap().is_polling());
    }

    proptest! {
        #[test]
        fn links_read_back(filter: String, q in "[a-z&=#+% ]{1,30}[a-z]", limit in 0..1000_usize) {
            let query = LogsQuery {
                filter: Some(filter).filter(|it| !it.trim().is_empty()),
                q: Some(q),
                limit: Some(limit),
                ..LogsQuery::default()
            };
            let link = query.link("http://x", Some("abc"));
            let (_, text) = link.split_once('?').unwrap();
            let read = LogsQuery::read(text, NOW).unwrap();
            prop_assert_eq!(read.filter, query.filter);
            prop_assert_eq!(read.q, query.q);
            prop_assert_eq!(read.limit, query.limit);
            prop_assert_eq!(read.after.as_deref(), Some("abc"));
        }

        #[test]
        fn any_query_is_read_or_refused(text: String) {
            let _ = LogsQuery::read(&text, NOW);
        }
    }
}
