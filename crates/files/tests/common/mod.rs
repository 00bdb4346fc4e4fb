//! Reads bytes the way the product does, and keeps everything that comes out.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::io::{Cursor, Write};

use files::{Chunk, Chunks, Item, Options, Part, unwrap};

/// What came out of an input.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The text of each event, and its line.
    pub(crate) events: Vec<(String, u64)>,
    /// The bytes of each reject, its line and the reason.
    pub(crate) rejects: Vec<(Vec<u8>, u64, String)>,
    /// All bytes that the items of the chunks cover, joined by spaces.
    pub(crate) covered: Vec<u8>,
    pub(crate) repaired: usize,
    pub(crate) largest_chunk: usize,
}

impl Outcome {
    pub(crate) fn lines(&self) -> Vec<u64> {
        self.events.iter().map(|(_, line)| *line).collect()
    }

    pub(crate) fn uuids(&self) -> Vec<String> {
        let uuid = |text: &String| {
            let event = okta::LogEvent::parse(text).unwrap();
            event.uuid.to_str().unwrap_or_default().into_owned()
        };
        self.events.iter().map(|(text, _)| uuid(text)).collect()
    }

    /// Line and reason of each reject.
    pub(crate) fn reasons(&self) -> Vec<(u64, &str)> {
        self.rejects.iter().map(|(_, line, reason)| (*line, reason.as_str())).collect()
    }

    fn event(&mut self, text: &str, line: u64) -> bool {
        let is_event = okta::LogEvent::parse(text).is_ok();
        if is_event {
            self.events.push((text.to_owned(), line));
        }
        is_event
    }
}

pub(crate) fn options(chunk: usize) -> Options {
    Options { chunk, ..Options::default() }
}

pub(crate) fn read(bytes: &[u8], options: Options) -> Outcome {
    let mut chunks = Chunks::of_bytes(Cursor::new(bytes.to_vec()), options).unwrap();
    read_all(&mut chunks)
}

pub(crate) fn read_all(chunks: &mut Chunks) -> Outcome {
    let (mut outcome, mut chunk) = (Outcome::default(), Chunk::new());
    let mut sequence = 0;
    while let Some(filled) = chunks.next_chunk(chunk).unwrap() {
        assert_eq!(filled.sequence(), sequence);
        sequence += 1;
        outcome.largest_chunk = outcome.largest_chunk.max(filled.bytes().len());
        filled.events(|item| match item {
            Item::Event(candidate) => {
                outcome.covered.extend_from_slice(candidate.bytes);
                outcome.covered.push(b' ');
                outcome.repaired += usize::from(candidate.repaired);
                if outcome.event(candidate.text, candidate.line) {
                    return;
                }
                let opened = unwrap(candidate.text, &mut |part| match part {
                    Part::Event { text, line } => {
                        assert!(outcome.event(text, candidate.line + line), "no event: {text}");
                    }
                    Part::Reject { text, line, reason } => {
                        let line = candidate.line + line;
                        outcome.rejects.push((text.into(), line, reason.to_string()));
                    }
                });
                if let Err(reason) = opened {
                    let bytes = candidate.bytes.to_vec();
                    outcome.rejects.push((bytes, candidate.line, reason.to_string()));
                }
            }
            Item::Reject(reject) => {
                outcome.covered.extend_from_slice(reject.bytes);
                if reject.continues {
                    let last = outcome.rejects.last_mut().expect("something to go on with");
                    last.0.extend_from_slice(reject.bytes);
                } else {
                    let reason = reject.reason.to_string();
                    outcome.rejects.push((reject.bytes.to_vec(), reject.line, reason));
                }
            }
        });
        chunk = filled;
    }
    outcome
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// An event as compact JSON.
pub(crate) fn event(uuid: &str) -> String {
    format!(
        r#"{{"uuid":"{uuid}","published":"2026-11-22T10:00:00.000Z","eventType":"user.session.start","displayMessage":"[\"ä\"] {{ \\","target":[{{"id":"t","detailEntry":{{}}}}],"actor":null}}"#
    )
}

/// The same event on several lines.
pub(crate) fn pretty(event: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(event).unwrap())
        .unwrap()
}
