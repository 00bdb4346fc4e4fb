//! Cuts a STIX bundle, or what a TAXII server answers, into its objects, and holds one at a time.

use std::io::{self, BufRead};

/// The largest object that is kept, in bytes; larger ones are passed over.
pub(super) const LARGEST: usize = 1 << 20;

/// The largest object that is passed over; behind a larger one nothing is read.
const LARGEST_SKIPPED: u64 = 64 << 20;

/// What there is in a bundle.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The text of an element of `objects`, or of an array.
    Element(Vec<u8>),
    /// The members of an object beside `objects`: a bundle's own, or an object that stands alone.
    Own(Vec<u8>),
    /// An element that is too large.
    Large,
}

/// Why the rest is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("expected an object of at most {LARGEST_SKIPPED} bytes")]
    Endless,
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// Cuts a text.
pub(super) struct Objects<R> {
    text: R,
    /// The line that is read, from 1.
    pub(super) line: u64,
    state: State,
    /// The members of the object around what is read now.
    own: Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a text, or behind one.
    Outside,
    /// Between the elements of an array; whether it stands in an object, and has had one already.
    Array { inside: bool, begun: bool },
    /// Between the members of an object; whether it has had one already.
    Object { begun: bool },
    /// Nothing more is read.
    Ended,
}

/// Text that is kept until it is too long.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    is_large: bool,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > LARGEST {
            self.is_large = true;
            self.bytes = Vec::new();
        } else if !self.is_large {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, line: 1, state: State::Outside, own: Kept::default() }
    }

    /// The next piece. After an error there is none.
    pub(super) fn next(&mut self) -> Option<Result<Piece, Broken>> {
        let next = self.step().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.state = State::Ended;
        }
        next
    }

    fn step(&mut self) -> Result<Option<Piece>, Broken> {
        loop {
            let byte = self.behind_space()?;
            match (self.state, byte) {
                (State::Ended, _) | (State::Outside, None) => return Ok(None),
                (State::Outside, Some(b'{')) => {
                    self.own = Kept::default();
                    self.own.push(b"{");
                    self.text.consume(1);
                    self.state = State::Object { begun: false };
                }
                (State::Outside, Some(b'[')) => {
                    self.text.consume(1);
                    self.state = State::Array { inside: false, begun: false };
                }
                (State::Outside, Some(_)) => return Err(Broken::Expected("{ or [")),
                (_, None) => return Err(Broken::Expected("the rest, found the end of the text")),
                (State::Array { inside, .. }, Some(b']')) => {
                    self.text.consume(1);
                    self.state =
                        if inside { State::Object { begun: true } } else { State::Outside };
                }
                (State::Array { inside, begun }, Some(byte)) => {
                    self.comma(begun, byte)?;
                    self.state = State::Array { inside, begun: true };
                    let mut kept = Kept::default();
                    self.value(&mut kept)?;
                    let is_large = kept.is_large;
                    return Ok(Some(if is_large {
                        Piece::Large
                    } else {
                        Piece::Element(kept.bytes)
                    }));
                }
                (State::Object { .. }, Some(b'}')) => {
                    self.text.consume(1);
                    self.state = State::Outside;
                    let mut own = std::mem::take(&mut self.own);
                    if !own.is_large {
                        own.bytes.push(b'}');
                        return Ok(Some(Piece::Own(own.bytes)));
                    }
                }
                (State::Object { begun }, Some(byte)) => {
                    self.comma(begun, byte)?;
                    self.state = State::Object { begun: true };
                    self.member()?;
                }
            }
        }
    }

    /// Takes the comma before what is not the first.
    fn comma(&mut self, begun: bool, byte: u8) -> Result<(), Broken> {
        if begun {
            if byte != b',' {
                return Err(Broken::Expected("a comma"));
            }
            self.text.consume(1);
        }
        Ok(())
    }

    /// A member of the object around. The array of objects is gone into.
    fn member(&mut self) -> Result<(), Broken> {
        if self.behind_space()? != Some(b'"') {
            return Err(Broken::Expected("the name of a member in quotes"));
        }
        let mut name = Kept::default();
        self.value(&mut name)?;
        if self.behind_space()? != Some(b':') {
            return Err(Broken::Expected("a colon"));
        }
        self.text.consume(1);
        if name.bytes == b"\"objects\"" && self.behind_space()? == Some(b'[') {
            self.text.consume(1);
            self.state = State::Array { inside: true, begun: false };
            return Ok(());
        }
        let mut own = std::mem::take(&mut self.own);
        if own.bytes.len() > 1 {
            own.push(b",");
        }
        own.push(&name.bytes);
        own.push(b":");
        let read = self.value(&mut own);
        self.own = own;
        read
    }

    /// The next byte that is no white space; it is not taken.
    fn behind_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.text.fill_buf()?;
            let space = buffer.iter().take_while(|byte| byte.is_ascii_whitespace());
            let (count, lines) = space.fold((0, 0), |(count, lines), byte| {
                (count + 1, lines + u64::from(*byte == b'\n'))
            });
            let next = buffer.get(count).copied();
            let is_end = buffer.is_empty();
            self.line += lines;
            self.text.consume(count);
            if next.is_some() || is_end {
                return Ok(next);
            }
        }
    }

    /// A value of any type. Whether it makes sense is found out by who reads what was kept.
    fn value(&mut self, kept: &mut Kept) -> Result<(), Broken> {
        self.behind_space()?;
        let (mut depth, mut in_text, mut escaped) = (0_u64, false, false);
        let (mut begun, mut length) = (false, 0_u64);
        loop {
            if length > LARGEST_SKIPPED {
                return Err(Broken::Endless);
            }
            let buffer = self.text.fill_buf()?;
            if buffer.is_empty() {
                return match begun && depth == 0 && !in_text {
                    true => Ok(()),
                    false => Err(Broken::Expected("the rest, found the end of the text")),
                };
            }
            // How much of the buffer belongs to it, and whether it is over.
            let (mut taken, mut is_over) = (0, false);
            for byte in buffer {
                if in_text {
                    (in_text, escaped) = match byte {
                        b'"' if !escaped => (false, false),
                        b'\\' => (true, !escaped),
                        _ => (true, false),
                    };
                    is_over = !in_text && depth == 0;
                } else {
                    match byte {
                        b'"' if depth == 0 && begun => {
                            is_over = true;
                            break;
                        }
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            is_over = depth == 0;
                        }
                        b',' | b'}' | b']' | b':' if depth == 0 => {
                            is_over = true;
                            break;
                        }
                        byte if depth == 0 && byte.is_ascii_whitespace() => {
                            is_over = true;
                            break;
                        }
                        _ => {}
                    }
                }
                begun = true;
                taken += 1;
                if is_over {
                    break;
                }
            }
            let bytes = buffer.get(..taken).unwrap_or_default();
            self.line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            kept.push(bytes);
            self.text.consume(taken);
            length += taken as u64;
            if is_over {
                return if begun { Ok(()) } else { Err(Broken::Expected("a value")) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        // A small buffer, so that every value stands at the end of one somewhere.
        let mut objects = Objects::new(io::BufReader::with_capacity(3, text.as_bytes()));
        let mut all = Vec::new();
        while let Some(piece) = objects.next() {
            all.push(match piece {
                Ok(Piece::Element(text)) => String::from_utf8(text).unwrap(),
                Ok(Piece::Own(text)) => format!("own {}", String::from_utf8(text).unwrap()),
                Ok(Piece::Large) => "large".to_owned(),
                Err(error) => format!("{}: {error}", objects.line),
            });
        }
        all
    }

    #[test]
    fn bundles_are_cut() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("[]", &[]),
            ("{}", &["own {}"]),
            (
                r#"[{"a": "]}\""}, [1,{}], 7 ,"x",null]"#,
                &[r#"{"a": "]}\""}"#, "[1,{}]", "7", "\"x\"", "null"],
            ),
            (
                r#"{"type":"bundle", "objects":[{"a":1},{}], "id" : "b"}"#,
                &[r#"{"a":1}"#, "{}", r#"own {"type":"bundle","id":"b"}"#],
            ),
            (r#"{"objects":{"a":[1]}}"#, &[r#"own {"objects":{"a":[1]}}"#]),
            // One a line.
            ("{\"a\":1}\n{\"b\":2}\n", &["own {\"a\":1}", "own {\"b\":2}"]),
            ("[{}", &["{}", "1: expected the rest, found the end of the text"]),
            ("[{},\n{", &["{}", "2: expected the rest, found the end of the text"]),
            ("[1 2]", &["1", "1: expected a comma"]),
            ("{a:1}", &["1: expected the name of a member in quotes"]),
            ("{\"a\"}", &["1: expected a colon"]),
            ("{\"a\":}", &["1: expected a value"]),
            ("x", &["1: expected { or ["]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_passed_over() {
        let large = "x".repeat(LARGEST);
        assert_eq!(all(&format!("[1,\"{large}\",2]")), ["1", "large", "2"]);
        let bundle = format!(r#"{{"large":"{large}","objects":[1]}}[2]"#);
        assert_eq!(all(&bundle), ["1", "2"]);
    }
}
