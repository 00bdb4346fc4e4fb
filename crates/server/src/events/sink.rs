//! Where what is found in a body is gathered.

use std::io::Cursor;

use engine::{Reject, Span};
use files::{Chunk, Chunks, Item, Part};
use okta::json::{self, Value};

use super::look::{self, Found};
use super::source::Source;
use super::{Place, Pushed, Unreadable};

/// The longest thing in which events are looked for that is no event itself, in bytes.
const LONGEST_WRAPPER: usize = 2 << 20;

/// Gathers elements. As long as all events stand in the body as they are, nothing is copied; from
/// the first on that has to be unescaped or unwrapped, all are written into a text of their own.
pub(super) struct Sink<'s> {
    source: &'s Source,
    copied: Option<String>,
    events: Vec<Span>,
    rejects: Vec<Reject>,
    elements: Vec<Place>,
    most: usize,
}

/// The text of an element.
#[derive(Clone, Copy)]
struct Element<'a> {
    text: &'a str,
    /// Its place in the body, if it stands there as it is.
    place: Option<(usize, usize)>,
    repaired: bool,
}

impl<'s> Sink<'s> {
    pub(super) fn new(source: &'s Source, most: usize) -> Self {
        let (copied, events, rejects, elements) = Default::default();
        Self { source, copied, events, rejects, elements, most }
    }

    pub(super) fn source(&self) -> &'s Source {
        self.source
    }

    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// What has been gathered, and the text in which the events stand, if it is not the source's.
    pub(super) fn finish(self) -> (Pushed, Option<String>) {
        let Self { copied, events, rejects, elements, .. } = self;
        (Pushed { events, rejects, elements, ..Pushed::default() }, copied)
    }

    /// Takes what stands between `start` and `end` of the body as one element, unless that is
    /// nothing but white space.
    pub(super) fn stretch(&mut self, start: usize, end: usize) -> Result<(), Unreadable> {
        let text = self.source.slice(start, end);
        let front = text.len() - text.trim_ascii_start().len();
        let length = text.trim_ascii().len();
        if length == 0 {
            return Ok(());
        }
        let (start, end) = (start + front, start + front + length);
        let element = self.in_body(start, end);
        match look::whole(element.text) {
            Ok(Found::Event) => self.keep(element),
            _ => self.open(element),
        }
    }

    /// Takes the element of a list between `start` and `end` of the body.
    pub(super) fn element(
        &mut self,
        start: usize,
        end: usize,
        found: Found<'_>,
    ) -> Result<(), Unreadable> {
        let element = self.in_body(start, end);
        match found {
            Found::Event => self.keep(element),
            Found::Text(text) | Found::Payload(Value::Text(text)) => self.text(element, text),
            Found::Payload(Value::Object(raw)) => self.inner(raw.as_str(), element.repaired),
            Found::Payload(_) | Found::Other => self.open(element),
        }
    }

    /// Takes the element of a list between `start` and `end` of the body, which is no JSON.
    pub(super) fn broken(
        &mut self,
        start: usize,
        end: usize,
        error: json::Error,
    ) -> Result<(), Unreadable> {
        // A string can hold a whole event and be broken itself: it is kept as it came.
        if self.source.text.as_bytes().get(start) == Some(&b'"') {
            let bytes = self.source.bytes(start, end).to_vec();
            return self.reject(bytes, error.to_string(), true);
        }
        let element = self.in_body(start, end);
        self.open(element)
    }

    /// Takes whatever can be read of the body from `start` on, where a list is damaged so that the
    /// end of its next element can't be told.
    pub(super) fn salvage(&mut self, start: usize) -> Result<(), Unreadable> {
        let rest = self.source.slice(start, self.source.text.len()).as_bytes().to_vec();
        let repaired = self.source.is_repaired(start, self.source.text.len());
        // The text is UTF-8, so that nothing compressed can be in it.
        let Ok(mut chunks) = Chunks::of_bytes(Cursor::new(rest), files::Options::default()) else {
            let bytes = self.source.bytes(start, self.source.text.len()).to_vec();
            return self.reject(bytes, "not JSON".to_owned(), true);
        };
        let mut chunk = Chunk::new();
        let mut result = Ok(());
        while let Ok(Some(filled)) = chunks.next_chunk(chunk) {
            filled.events(|item| {
                if result.is_err() {
                    return;
                }
                result = match item {
                    Item::Event(candidate) => self.inner(candidate.text, repaired),
                    Item::Reject(reject) if is_end_of_list(reject.bytes) => Ok(()),
                    Item::Reject(reject) => {
                        self.reject(reject.bytes.to_vec(), reject.reason.to_string(), true)
                    }
                };
            });
            chunk = filled;
        }
        result
    }

    /// Keeps what stands behind the end of the body's value, from `start` on.
    pub(super) fn remainder(&mut self, start: usize) -> Result<(), Unreadable> {
        let rest = self.source.slice(start, self.source.text.len());
        if is_end_of_list(rest.as_bytes()) {
            return Ok(());
        }
        self.stretch(start, self.source.text.len())
    }

    fn in_body(&self, start: usize, end: usize) -> Element<'s> {
        let text = self.source.slice(start, end);
        let repaired = self.source.is_repaired(start, end);
        Element { text, place: Some((start, end)), repaired }
    }

    /// Takes the text of an element that was put into a string, or into another object.
    fn inner(&mut self, text: &str, repaired: bool) -> Result<(), Unreadable> {
        let element = Element { text: text.trim_ascii(), place: None, repaired };
        match look::whole(element.text) {
            Ok(Found::Event) => self.keep(element),
            _ => self.open(element),
        }
    }

    /// Takes an element that is a string, or has one for what it means. It is unescaped where an
    /// event would stand, so that it is copied once.
    fn text(&mut self, element: Element<'_>, text: json::Text<'_>) -> Result<(), Unreadable> {
        let copied = self.copied.take();
        let mut copied = copied.unwrap_or_else(|| gather(self.source, &mut self.events));
        let start = copied.len();
        text.push_to(&mut copied);
        let inner = copied.get(start..).unwrap_or_default();
        let is_event = matches!(look::whole(inner), Ok(Found::Event));
        if is_event && !self.is_full() {
            let front = inner.len() - inner.trim_ascii_start().len();
            let length = inner.trim_ascii().len();
            let (start, end) = (start + front, start + front + length);
            self.elements.push(Place::Event(self.events.len()));
            self.events.push(span(start, end, element.repaired));
            self.copied = Some(copied);
            return Ok(());
        }
        let inner = inner.to_owned();
        copied.truncate(start);
        self.copied = Some(copied);
        if inner.trim_ascii().is_empty() {
            return self.open(element);
        }
        self.inner(&inner, element.repaired)
    }

    /// Takes an element that is an event.
    fn keep(&mut self, element: Element<'_>) -> Result<(), Unreadable> {
        self.elements.push(Place::Event(self.events.len()));
        self.event(element)
    }

    fn event(&mut self, element: Element<'_>) -> Result<(), Unreadable> {
        if self.is_full() {
            return Err(Unreadable::TooMany(self.most));
        }
        let Element { text, place, repaired } = element;
        let (start, end) = match (place, &mut self.copied) {
            (Some(place), None) => place,
            (_, copied) => {
                let copied = match copied {
                    Some(copied) => copied,
                    None => copied.insert(gather(self.source, &mut self.events)),
                };
                let start = copied.len();
                copied.push_str(text);
                (start, copied.len())
            }
        };
        self.events.push(span(start, end, repaired));
        Ok(())
    }

    /// Takes an element that is no event: those inside, or else itself.
    fn open(&mut self, element: Element<'_>) -> Result<(), Unreadable> {
        let whole = |sink: &mut Self, reason: String| {
            let bytes = match element.place {
                Some((start, end)) => sink.source.bytes(start, end).to_vec(),
                None => element.text.as_bytes().to_vec(),
            };
            sink.reject(bytes, reason, true)
        };
        if element.text.len() > LONGEST_WRAPPER {
            let reason = format!(
                "not an event, and longer than the {LONGEST_WRAPPER} bytes in which some are looked for"
            );
            return whole(self, reason);
        }
        let (first_event, first_reject) = (self.events.len(), self.rejects.len());
        let mut result = Ok(());
        let opened = files::unwrap(element.text, &mut |part| {
            if result.is_err() {
                return;
            }
            result = match part {
                Part::Event { text, .. } => {
                    self.event(Element { text, place: None, repaired: element.repaired })
                }
                Part::Reject { text, reason, .. } => {
                    self.reject(text.as_bytes().to_vec(), reason.to_string(), false)
                }
            };
        });
        result?;
        if let Err(reason) = opened {
            return whole(self, reason.to_string());
        }
        if self.events.len() > first_event {
            self.elements.push(Place::Event(first_event));
        } else if self.rejects.len() > first_reject {
            self.elements.push(Place::Reject(first_reject));
        } else {
            return whole(self, files::Reason::EmptyList.to_string());
        }
        Ok(())
    }

    fn reject(
        &mut self,
        bytes: Vec<u8>,
        reason: String,
        is_element: bool,
    ) -> Result<(), Unreadable> {
        if self.is_full() {
            return Err(Unreadable::TooMany(self.most));
        }
        if is_element {
            self.elements.push(Place::Reject(self.rejects.len()));
        }
        self.rejects.push(Reject { bytes, reason });
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.events.len() + self.rejects.len() >= self.most
    }
}

/// The events that have been found in the source so far, one behind the other.
fn gather(source: &Source, events: &mut [Span]) -> String {
    let mut copied = String::with_capacity(source.text.len());
    for event in events {
        let start = copied.len();
        copied.push_str(source.slice(event.start as usize, event.end as usize));
        *event = span(start, copied.len(), event.repaired);
    }
    copied
}

/// A place in a text, which is never as long as 4 GiB.
fn span(start: usize, end: usize, repaired: bool) -> Span {
    let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { start: offset(start), end: offset(end), repaired }
}

/// Whether nothing but the brackets stands here that close a list and what is around it.
fn is_end_of_list(bytes: &[u8]) -> bool {
    let is_nothing = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}');
    bytes.iter().all(is_nothing)
}
