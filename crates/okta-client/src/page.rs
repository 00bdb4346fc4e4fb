//! Cuts the body of an answer into events.

use std::io::Cursor;

use files::{Chunk, Chunks, Item, Options, Part};
use jiff::Timestamp;
use okta::LogEvent;

/// A page of the System Log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The text in which the events stand.
    pub text: String,
    /// Where, in their order. They have not been parsed yet, so that not all of them need to be
    /// events.
    pub events: Vec<Span>,
    /// What can't be an event, as it came, and why. Only answers that are no array of objects
    /// have any.
    pub rejects: Vec<Reject>,
    /// The cursor: the `next` link as it came, to go on from when this page is stored. `None`
    /// leaves the cursor where it is.
    pub next: Option<String>,
    /// The latest `published` of this page and all before it, or where the log begins. Stored
    /// with the cursor, it is what to go back to when the cursor is no longer taken.
    pub last_seen: Timestamp,
    /// Whether it holds as many events as were asked for, so that there may be more.
    pub is_full: bool,
    /// When it came, by our clock.
    pub received: Timestamp,
}

/// Where in a page's text an event stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
    /// Whether it was no UTF-8, so that U+FFFD stands for some of its bytes.
    pub repaired: bool,
}

/// A part of an answer that can't be an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// As it came.
    pub bytes: Vec<u8>,
    /// Why it is none.
    pub reason: String,
}

/// What stands in a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The text in which the events stand.
    pub text: String,
    /// Where.
    pub events: Vec<Span>,
    /// The rest.
    pub rejects: Vec<Reject>,
}

impl Body {
    /// Cuts a body that is what it should be, a JSON array of objects, without copying it.
    ///
    /// # Errors
    ///
    /// The body, when it is anything else.
    ///
    /// ```
    /// let body = okta_client::Body::cut(br#"[{"uuid": "1"}, {"uuid": "2"}]"#.to_vec()).unwrap();
    /// let texts: Vec<&str> = body.texts().collect();
    /// assert_eq!(texts, [r#"{"uuid": "1"}"#, r#"{"uuid": "2"}"#]);
    /// assert!(okta_client::Body::cut(b"<html>".to_vec()).is_err());
    /// ```
    pub fn cut(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(bytes);
        }
        let text = String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)?;
        let Some(elements) = files::elements(&text) else { return Err(text.into_bytes()) };
        let span = |range: std::ops::Range<usize>| Span {
            start: range.start as u32,
            end: range.end as u32,
            repaired: false,
        };
        let events = elements.into_iter().map(span).collect();
        Ok(Self { text, events, rejects: Vec::new() })
    }

    /// Makes the most of a body that is not what it should be: the events that can be found in
    /// it, and everything else as rejects.
    #[must_use]
    pub fn salvage(bytes: &[u8]) -> Self {
        let mut body = Self::default();
        let read = body.read(bytes);
        // Of something else altogether, such as a page for people, one reject tells as much as
        // one for each of its lines.
        if read.is_err() || body.events.is_empty() {
            let reason = match (body.rejects.first(), read) {
                (_, Err(error)) => error.to_string(),
                (Some(first), Ok(())) => first.reason.clone(),
                (None, Ok(())) => "expected an array of events".to_owned(),
            };
            return Self {
                rejects: vec![Reject { bytes: bytes.to_vec(), reason }],
                ..Self::default()
            };
        }
        body
    }

    fn read(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let limit = bytes.len().max(1) + 1;
        let options = Options { chunk: limit, limit };
        let mut chunks = Chunks::of_bytes(Cursor::new(bytes.to_vec()), options)?;
        let mut chunk = Chunk::new();
        while let Some(filled) = chunks.next_chunk(chunk)? {
            filled.events(|item| self.take(item));
            chunk = filled;
        }
        Ok(())
    }

    fn take(&mut self, item: Item<'_>) {
        let candidate = match item {
            Item::Event(candidate) => candidate,
            Item::Reject(reject) => {
                match self.rejects.last_mut().filter(|_| reject.continues) {
                    Some(last) => last.bytes.extend_from_slice(reject.bytes),
                    None => self.reject(reject.bytes, reject.reason.to_string()),
                }
                return;
            }
        };
        if LogEvent::parse(candidate.text).is_ok() {
            self.push(candidate.text, candidate.repaired);
            return;
        }
        let opened = files::unwrap(candidate.text, &mut |part| match part {
            Part::Event { text, .. } => self.push(text, candidate.repaired),
            Part::Reject { text, reason, .. } => self.reject(text.as_bytes(), reason.to_string()),
        });
        if let Err(reason) = opened {
            self.reject(candidate.bytes, reason.to_string());
        }
    }

    fn push(&mut self, text: &str, repaired: bool) {
        let Ok(start) = u32::try_from(self.text.len()) else { return };
        let Ok(end) = u32::try_from(self.text.len() + text.len()) else {
            self.reject(text.as_bytes(), "the page is too long".to_owned());
            return;
        };
        self.text.push_str(text);
        self.events.push(Span { start, end, repaired });
    }

    fn reject(&mut self, bytes: &[u8], reason: String) {
        self.rejects.push(Reject { bytes: bytes.to_vec(), reason });
    }

    /// The texts of the events, in order.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &str> {
        texts(&self.text, &self.events)
    }

    /// The latest `published` of its events that is no later than `now`.
    ///
    /// Most events are only searched for the member, and parsed when what is found seems to be
    /// later than all before: the time is right, whatever stands in the events.
    pub(crate) fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        let finder = memchr::memmem::Finder::new(b"\"published\":\"");
        let mut newest: Option<Timestamp> = None;
        let mut shown = String::new();
        // The last events are mostly the latest.
        for text in self.texts().rev() {
            if let Some(at) = finder.find(text.as_bytes()) {
                let from = at + finder.needle().len();
                let found = text.get(from..from + shown.len()).unwrap_or_default();
                if !shown.is_empty() && found <= shown.as_str() {
                    continue;
                }
            }
            let Ok(event) = LogEvent::parse(text) else { continue };
            let Some(published) = event.published.to_str() else { continue };
            let Ok(time) = published.parse::<Timestamp>() else { continue };
            if time <= now && newest.is_none_or(|newest| time > newest) {
                newest = Some(time);
                shown = published.into_owned();
            }
        }
        newest
    }
}

impl Page {
    /// The texts of the events, in order.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &str> {
        texts(&self.text, &self.events)
    }
}

fn texts<'a>(text: &'a str, spans: &'a [Span]) -> impl DoubleEndedIterator<Item = &'a str> {
    spans.iter().map(|span| text.get(span.start as usize..span.end as usize).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(uuid: usize) -> String {
        format!(r#"{{"uuid":"{uuid}","eventType":"a.b","published":"2026-01-01T00:00:00.000Z"}}"#)
    }

    #[test]
    fn what_is_no_page_is_made_the_most_of() {
        let (one, two) = (event(1), event(2));
        let cut_off = two.strip_suffix("Z\"}").unwrap();
        let cases: Vec<(Vec<u8>, usize, &[&str])> = vec![
            (format!("[{one},{two}").into(), 2, &[]),
            (format!("[{one},{cut_off}").into(), 1, &["cut off"]),
            (format!("[{one},7,{two}]").into(), 2, &["found a number"]),
            (format!("[{one},null,\"x\",[{two}]]").into(), 2, &["null", "a string"]),
            (format!("{{\"events\":[{one},{two}]}}").into(), 2, &[]),
            (one.clone().into(), 1, &[]),
            (format!("[{one},{{\"a\":}},{two}]").into(), 2, &["expected a value"]),
            (b"<html>\n<body>\nsorry\n</html>".to_vec(), 0, &[""]),
            (b"{\"error\":\"x\"}".to_vec(), 0, &["not an event"]),
            (b"".to_vec(), 0, &["expected an array of events"]),
            (b"\x00\x01\x02\x03".to_vec(), 0, &[""]),
        ];
        for (bytes, events, reasons) in cases {
            let body = Body::salvage(&bytes);
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(body.events.len(), events, "{shown}: {body:?}");
            assert_eq!(body.rejects.len(), reasons.len(), "{shown}: {body:?}");
            for (reject, reason) in body.rejects.iter().zip(reasons) {
                assert!(reject.reason.contains(reason), "{shown}: {body:?}");
            }
            for text in body.texts() {
                assert!(LogEvent::parse(text).is_ok(), "{shown}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_repaired_where_they_stand() {
        let mut bytes = format!("[{},{}]", event(1), event(2)).into_bytes();
        let at = bytes.windows(3).position(|part| part == b"a.b").unwrap();
        bytes[at] = 0xFF;
        let bytes = Body::cut(bytes).unwrap_err();
        let body = Body::salvage(&bytes);
        let repaired: Vec<bool> = body.events.iter().map(|span| span.repaired).collect();
        assert_eq!(repaired, [true, false]);
        assert!(body.texts().next().unwrap().contains('\u{FFFD}'));
    }

    #[test]
    fn the_newest_event_is_found_wherever_it_stands() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let time = |month: usize| format!("2026-0{month}-01T00:00:00.000Z");
        let plain =
            |month| format!(r#"{{"uuid":"1","eventType":"a","published":"{}"}}"#, time(month));
        let cases = [
            (vec![], None),
            (vec![plain(1), plain(3), plain(2)], Some(3)),
            (vec![plain(3), plain(2)], Some(3)),
            // Behind white space.
            (vec![plain(2), plain(4).replace(':', " : ").replace(" : 00", ":00")], Some(4)),
            // In the future, by a clock that is wrong.
            (vec![plain(2), plain(7)], Some(2)),
            // Not the event's own.
            (
                vec![
                    plain(2),
                    format!(
                        r#"{{"debugContext":{{"published":"{}"}},{}"#,
                        time(5),
                        plain(1).trim_start_matches("{")
                    ),
                ],
                Some(2),
            ),
            (
                vec![
                    r#"{"no":"event","published":"2026-05-01T00:00:00.000Z"}"#.to_owned(),
                    plain(1),
                ],
                Some(1),
            ),
        ];
        for (events, month) in cases {
            let body = Body::cut(format!("[{}]", events.join(", ")).into_bytes()).unwrap();
            let expected = month.map(|month| time(month).parse::<Timestamp>().unwrap());
            assert_eq!(body.newest(now), expected, "{events:?}");
        }
    }

    proptest! {
        #[test]
        fn a_good_page_is_cut_as_it_was_put_together(
            fillers in proptest::collection::vec("[\\[\\]{}\", \\\\é\t]{0,20}", 0..8),
            blank in "[ \n\t]{0,3}",
        ) {
            let events: Vec<String> = fillers.iter().enumerate().map(|(uuid, filler)| {
                serde_json::json!({"uuid": uuid, "eventType": filler, "x": [{"y": filler}]}).to_string()
            }).collect();
            let page = format!("{blank}[{blank}{}{blank}]{blank}", events.join(&format!("{blank},{blank}")));
            let body = Body::cut(page.into_bytes()).unwrap();
            let texts: Vec<&str> = body.texts().collect();
            prop_assert_eq!(texts, events);
        }

        #[test]
        fn every_event_before_a_cut_is_saved(count in 1..6_usize, cut in 0.0..1.0_f64) {
            let events: Vec<String> = (0..count).map(event).collect();
            let page = format!("[{}]", events.join(","));
            let cut = (page.len() as f64 * cut) as usize;
            let page = &page.as_bytes()[..cut];
            let whole = events.iter().scan(1, |at, event| {
                *at += event.len() + 1;
                Some(*at - 1)
            }).take_while(|end| *end <= cut).count();
            let body = Body::salvage(page);
            prop_assert_eq!(body.events.len(), whole);
        }

        #[test]
        fn anything_can_come(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body = Body::cut(bytes).unwrap_or_else(|bytes| Body::salvage(&bytes));
            prop_assert!(body.texts().all(|text| !text.is_empty()));
        }
    }
}
