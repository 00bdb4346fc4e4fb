//! JSON values one after another: arrays, pages, objects on one line or on many.
//!
//! What counts is where the elements begin and end: every object that is not inside another one,
//! whatever arrays and commas stand around it. Whether it is JSON is found out by who parses it;
//! but an element that never ends, or can't be told from the next one, is recognised here, and the
//! next one found.

use crate::Reason;
use crate::chunk::{Kind, Mark};
use crate::envelope;
use crate::resync::{Wholeness, next_start, startless, wholeness};
use crate::scan::{Progress, Scan};
use crate::split::Window;

/// Splits a window into elements.
#[derive(Debug)]
pub(crate) struct Values {
    /// The offset of the next byte to be looked at.
    at: usize,
    /// Its line.
    line: u64,
    state: State,
    /// How many arrays are open around the elements.
    arrays: u64,
    /// The object around the innermost of them, when there is one.
    envelope: Option<Envelope>,
    /// The rest of something rejected may follow.
    continues: bool,
    /// How far an element is scanned before it is checked whether this is worth while: behind a
    /// broken element only a little, or a file full of them would be scanned from each to the end
    /// of the window.
    reach: usize,
}

/// How far the first element behind a broken one is scanned at first.
const SHORT_REACH: usize = 1024;

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between elements.
    Between,
    /// In an element that begins at the offset; `checked` bytes of it have been found to be JSON.
    Element { start: usize, scan: Scan, checked: usize },
    /// Behind an element, to see whether what follows makes sense.
    Behind { start: usize, end: usize, lines: u64 },
    /// In an element that is longer than the limit, the beginning of which is given away.
    TooLong(Scan),
    /// In what follows the list of an object around a list.
    Tail(Scan),
    /// Looking for the next element behind a broken one.
    Lost,
}

/// An object that is too long to be kept whole, and whose list is read element by element.
#[derive(Clone, Copy, Debug)]
struct Envelope {
    /// How many arrays were open around it.
    arrays: u64,
    /// How many braces have to be closed behind its list.
    braces: u32,
}

/// Whether a state can go on.
enum Next {
    Go,
    Wait,
}

impl Values {
    pub(crate) fn new(line: u64) -> Self {
        let state = State::Between;
        Self { at: 0, line, state, arrays: 0, envelope: None, continues: false, reach: usize::MAX }
    }

    /// The line on which what has not been consumed begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Marks the elements of `window`; returns how many bytes are done with.
    pub(crate) fn split(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> usize {
        loop {
            let next = match self.state {
                State::Between => self.between(window, marks),
                State::Element { start, scan, checked } => {
                    self.element(window, marks, start, scan, checked)
                }
                State::Behind { start, end, lines } => {
                    self.behind(window, marks, start, end, lines)
                }
                State::TooLong(scan) => self.too_long(window, marks, scan),
                State::Tail(scan) => self.tail(window, scan),
                State::Lost => self.lost(window, marks),
            };
            if matches!(next, Next::Wait) {
                break;
            }
        }
        let done = self.at;
        self.at = 0;
        match &mut self.state {
            State::Element { start, scan, .. } => {
                *start -= done;
                scan.at -= done;
            }
            State::Behind { start, end, .. } => {
                *start -= done;
                *end -= done;
            }
            State::TooLong(scan) | State::Tail(scan) => scan.at -= done,
            State::Between | State::Lost => {}
        }
        done
    }

    fn between(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> Next {
        let bytes = window.bytes;
        loop {
            match bytes.get(self.at) {
                None => return Next::Wait,
                Some(b'\n') => self.line += 1,
                Some(b' ' | b'\t' | b'\r' | b',' | 0x1E) => {}
                Some(b'[') => self.arrays += 1,
                Some(b']') if self.arrays > 0 => {
                    self.arrays -= 1;
                    if let Some(envelope) = self.envelope
                        && envelope.arrays == self.arrays
                    {
                        self.at += 1;
                        self.envelope = None;
                        self.state = State::Tail(Scan::inside(self.at, envelope.braces));
                        return Next::Go;
                    }
                }
                Some(b'{') => {
                    self.continues = false;
                    let scan = Scan::new(self.at);
                    self.state = State::Element { start: self.at, scan, checked: 0 };
                    return Next::Go;
                }
                Some(0xEF) if bytes.get(self.at..self.at + 3) == Some(b"\xEF\xBB\xBF") => {
                    self.at += 2;
                }
                Some(_) => match self.garbage(window, marks) {
                    Next::Go => continue,
                    Next::Wait => return Next::Wait,
                },
            }
            self.continues = false;
            self.at += 1;
        }
    }

    /// Gives away what stands where only an element can: a string, or everything up to the end of
    /// the line or the next bracket.
    fn garbage(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> Next {
        let bytes = window.bytes;
        let rest = bytes.get(self.at..).unwrap_or_default();
        let length = match rest.first() {
            Some(b'"') if !self.continues => string_length(rest),
            _ => {
                let mut ends = rest.iter().enumerate().skip(1);
                let is_end = |byte: &u8| matches!(byte, b'\n' | b'{' | b'[' | b']' | b'"');
                ends.find(|(_, byte)| is_end(byte)).map(|(at, _)| at)
            }
        };
        // A quote too many may open a string in which the next element begins.
        let near = rest.get(..length.unwrap_or(rest.len()) + 64).unwrap_or(rest);
        let next = next_start(near, 1).filter(|next| length.is_none_or(|length| *next < length));
        let length = next.or(length);
        let end = match length {
            Some(length) => self.at + length,
            None if window.eof || window.full => bytes.len(),
            None => return Next::Wait,
        };
        let kind = match (self.continues, length.is_some() || window.eof) {
            (true, _) => Kind::Continued(Reason::Garbage),
            (false, true) => Kind::Event,
            (false, false) => Kind::Reject(Reason::Garbage),
        };
        marks.extend(Mark::trimmed(bytes, self.at, end, self.line, kind));
        self.continues = length.is_none();
        self.at = end;
        Next::Go
    }

    fn element(
        &mut self,
        window: &Window<'_>,
        marks: &mut Vec<Mark>,
        start: usize,
        mut scan: Scan,
        checked: usize,
    ) -> Next {
        let bytes = window.bytes;
        let progress = loop {
            let reached = start.saturating_add(self.reach).max(scan.at);
            let near = bytes.get(..reached).unwrap_or(bytes);
            let progress = scan.run(near);
            if progress != Progress::Open || near.len() == bytes.len() {
                break progress;
            }
            if let Wholeness::Broken(error) = wholeness(near.get(start..).unwrap_or_default()) {
                return self.recover(window, marks, Reason::NotJson(error));
            }
            self.reach = self.reach.saturating_mul(2);
        };
        match progress {
            Progress::End(end) => {
                self.state = State::Behind { start, end, lines: scan.lines };
                Next::Go
            }
            Progress::LineBreak(_) => self.recover(window, marks, Reason::LineBreak),
            Progress::Open if !window.eof && !window.full => {
                self.state = State::Element { start, scan, checked };
                Next::Wait
            }
            Progress::Open => self.open_element(window, marks, start, scan, checked),
        }
    }

    /// An element has no end in a full window, or in the input.
    fn open_element(
        &mut self,
        window: &Window<'_>,
        marks: &mut Vec<Mark>,
        start: usize,
        scan: Scan,
        checked: usize,
    ) -> Next {
        let text = window.bytes.get(start..).unwrap_or_default();
        // Only an element that fills the whole window is a long one.
        if !window.eof && start > 0 {
            self.state = State::Element { start, scan, checked };
            return Next::Wait;
        }
        // The check is repeated only when the element has doubled, so that a long one is not
        // checked over and over.
        if !window.eof && text.len() < checked.saturating_mul(2) {
            self.state = State::Element { start, scan, checked };
            return Next::Wait;
        }
        if let Wholeness::Broken(error) = wholeness(text) {
            return self.recover(window, marks, Reason::NotJson(error));
        }
        if self.envelope.is_none()
            && let Some(list) = envelope::find(text)
        {
            let before = text.get(..list.start).unwrap_or_default();
            self.line += memchr::memchr_iter(b'\n', before).count() as u64;
            self.at = start + list.start + 1;
            self.envelope = Some(Envelope { arrays: self.arrays, braces: list.braces });
            self.arrays += 1;
            self.state = State::Between;
            return Next::Go;
        }
        if window.eof {
            let kind = Kind::Event;
            marks.extend(Mark::trimmed(window.bytes, start, window.bytes.len(), self.line, kind));
            self.at = window.bytes.len();
            self.state = State::Between;
            return Next::Wait;
        }
        if text.len() < window.limit {
            self.state = State::Element { start, scan, checked: text.len() };
            return Next::Wait;
        }
        let kind = Kind::Reject(Reason::TooLong(window.limit));
        marks.push(Mark { start, end: window.bytes.len(), line: self.line, kind });
        self.at = window.bytes.len();
        self.state = State::TooLong(scan);
        Next::Wait
    }

    /// An element has ended; whether it ended in the right place shows in what follows.
    fn behind(
        &mut self,
        window: &Window<'_>,
        marks: &mut Vec<Mark>,
        start: usize,
        end: usize,
        lines: u64,
    ) -> Next {
        let bytes = window.bytes;
        let rest = bytes.get(end..).unwrap_or_default();
        let follows = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        if follows.is_none() && !window.eof && !window.full {
            self.state = State::Behind { start, end, lines };
            return Next::Wait;
        }
        let is_closed = bytes.get(end - 1) == Some(&b'}');
        let makes_sense =
            matches!(follows, None | Some(b',' | b']' | b'{' | b'[' | 0x1E | 0xEF)) && is_closed;
        if !makes_sense
            && let element = bytes.get(start..end).unwrap_or_default()
            && let Wholeness::Broken(error) = wholeness(element)
            && (!is_closed || next_start(element, 1).is_some())
        {
            return self.recover(window, marks, Reason::NotJson(error));
        }
        let kind = if end - start >= window.limit {
            Kind::Reject(Reason::TooLong(window.limit))
        } else {
            Kind::Event
        };
        marks.push(Mark { start, end, line: self.line, kind });
        self.reach = usize::MAX;
        self.line += lines;
        self.at = end;
        self.state = State::Between;
        Next::Go
    }

    /// The element at `self.at` is broken: rejects it up to the next plausible start.
    fn recover(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>, reason: Reason) -> Next {
        let bytes = window.bytes;
        let next = next_start(bytes, self.at + 1);
        if next.is_none() && !window.eof && !window.full {
            // The scan stands where it is: it will come back here with more.
            let scan = Scan::new(self.at);
            self.state = State::Element { start: self.at, scan, checked: 0 };
            return Next::Wait;
        }
        let end = match next {
            Some(next) => next,
            None if window.eof => bytes.len(),
            None => (self.at + startless(bytes.get(self.at..).unwrap_or_default()))
                .max(self.at + 1)
                .min(bytes.len()),
        };
        self.reject(bytes, marks, end, Kind::Reject(reason));
        self.reach = SHORT_REACH;
        self.state = if next.is_some() { State::Between } else { State::Lost };
        Next::Go
    }

    fn lost(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> Next {
        let bytes = window.bytes;
        let kind = Kind::Continued(Reason::Garbage);
        if let Some(next) = next_start(bytes, self.at) {
            self.reject(bytes, marks, next, kind);
            self.state = State::Between;
            return Next::Go;
        }
        let end = if window.eof {
            bytes.len()
        } else if window.full {
            self.at + startless(bytes.get(self.at..).unwrap_or_default())
        } else {
            self.at
        };
        self.reject(bytes, marks, end, kind);
        Next::Wait
    }

    /// Gives away everything up to `end`.
    fn reject(&mut self, bytes: &[u8], marks: &mut Vec<Mark>, end: usize, kind: Kind) {
        let part = bytes.get(self.at..end).unwrap_or_default();
        marks.extend(Mark::trimmed(bytes, self.at, end, self.line, kind));
        self.line += memchr::memchr_iter(b'\n', part).count() as u64;
        self.at = end;
    }

    fn too_long(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>, mut scan: Scan) -> Next {
        let start = self.at;
        let progress = scan.run(window.bytes);
        let (end, state) = match progress {
            Progress::End(end) => (end, State::Between),
            Progress::LineBreak(at) => (at, State::Lost),
            Progress::Open => (window.bytes.len(), State::TooLong(scan)),
        };
        if end > start {
            let kind = Kind::Continued(Reason::TooLong(window.limit));
            marks.push(Mark { start, end, line: self.line, kind });
        }
        self.at = end;
        self.state = state;
        if progress == Progress::Open {
            return Next::Wait;
        }
        self.line += scan.lines;
        Next::Go
    }

    fn tail(&mut self, window: &Window<'_>, mut scan: Scan) -> Next {
        let progress = scan.run(window.bytes);
        let (end, state) = match progress {
            Progress::End(end) => (end, State::Between),
            Progress::LineBreak(at) => (at, State::Lost),
            Progress::Open => (window.bytes.len(), State::Tail(scan)),
        };
        let part = window.bytes.get(self.at..end).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', part).count() as u64;
        self.at = end;
        self.state = state;
        if progress == Progress::Open { Next::Wait } else { Next::Go }
    }
}

/// The length of the string at the start of `bytes`, quotes and all; up to the end of the line when
/// it does not end before.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut from = 1;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + memchr::memchr3(b'"', b'\\', b'\n', rest)?;
        match bytes.get(at) {
            Some(b'\\') => from = at + 2,
            Some(b'"') => return Some(at + 1),
            _ => return Some(at),
        }
    }
}
