//! Finds the events in a body.

mod lenient;
mod look;
mod sink;
mod source;

use engine::{Reject, Span};
use okta::json::{self, Scanner, Value};

use sink::Sink;
use source::Source;

/// How events stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The body is one event.
    One,
    /// One event a line.
    Lines,
    /// A JSON array of events: objects, strings that hold their JSON, or either of them as the
    /// member `json` of an object.
    List,
    /// A JSON object with such an array as its member `jsons`, and perhaps with `intake_key`.
    Batch,
    /// What Okta sends to an event hook: an object with the events in `data.events`.
    Hook,
}

/// What was pushed in one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// The text in which the events stand.
    pub text: String,
    /// The events.
    pub events: Vec<Span>,
    /// What is no event.
    pub rejects: Vec<Reject>,
    /// What became of each element of the body, in order. Of an element with several events
    /// inside, the first.
    pub elements: Vec<Place>,
    /// The intake key that stood beside the events.
    pub key: Option<String>,
}

/// Where an element of a body went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into [`Pushed::events`], by index.
    Event(usize),
    /// Into [`Pushed::rejects`], by index.
    Reject(usize),
}

/// Why nothing of a body is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing in it.
    #[error("the body is empty, expected an event")]
    Empty,
    /// Too much of it is no UTF-8.
    #[error("the body is no text, expected JSON in UTF-8")]
    NotText,
    /// It should be an array and begins with something else.
    #[error("expected the body to be a JSON array of events")]
    NotAList,
    /// It should be an object with events in it.
    #[error("expected the body to be a JSON object with the events in `jsons`, an array")]
    NoJsons,
    /// It should be JSON, and is none before its list of events.
    #[error("expected the body to be a JSON object with the events in `jsons`: {0}")]
    NotJson(json::Error),
    /// There are more events than one request may bring.
    #[error("more than {0} events in one request, send them in several")]
    TooMany(usize),
}

/// Finds the events in `body`, which are `most` at the most.
///
/// What is wrong with one element keeps nothing from being read of the others: the element becomes
/// a [`Reject`] and keeps its place in [`Pushed::elements`]. Events that other tools have put
/// something around are unwrapped as [`files::unwrap`] does.
///
/// # Errors
///
/// When this is not at all what the form says, so that nothing of it is taken.
///
/// ```
/// use server::events::{Form, Place, read};
///
/// let body = br#"["{\"uuid\":\"1\",\"eventType\":\"a.b\"}", 7, {"uuid":"2","eventType":"c.d"}]"#;
/// let pushed = read(Form::List, body.to_vec(), 1000)?;
/// let text = |index: usize| {
///     let span = pushed.events.get(index)?;
///     pushed.text.get(span.start as usize..span.end as usize)
/// };
/// assert_eq!(text(0), Some(r#"{"uuid":"1","eventType":"a.b"}"#));
/// assert_eq!(text(1), Some(r#"{"uuid":"2","eventType":"c.d"}"#));
/// assert_eq!(pushed.elements, [Place::Event(0), Place::Reject(0), Place::Event(1)]);
/// # Ok::<(), server::events::Unreadable>(())
/// ```
pub fn read(form: Form, body: Vec<u8>, most: usize) -> Result<Pushed, Unreadable> {
    let source = Source::new(body)?;
    let start = if source.text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let mut sink = Sink::new(&source, most);
    let key = match form {
        Form::One => one(&mut sink, start).map(|()| None)?,
        Form::Lines => lines(&mut sink, start).map(|()| None)?,
        Form::List => list(&mut sink, start).map(|()| None)?,
        Form::Batch => batch(&mut sink, start)?,
        Form::Hook => hook(&mut sink, start).map(|()| None)?,
    };
    let (mut pushed, copied) = sink.finish();
    pushed.text = copied.unwrap_or(source.text);
    pushed.key = key;
    Ok(pushed)
}

fn one(sink: &mut Sink<'_>, start: usize) -> Result<(), Unreadable> {
    let end = sink.source().text.len();
    sink.stretch(start, end)?;
    if sink.is_empty() { Err(Unreadable::Empty) } else { Ok(()) }
}

fn lines(sink: &mut Sink<'_>, start: usize) -> Result<(), Unreadable> {
    let text = sink.source().text.as_bytes();
    let mut from = start;
    for at in memchr::memchr_iter(b'\n', text) {
        sink.stretch(from, at)?;
        from = at + 1;
    }
    sink.stretch(from, text.len())
}

fn list(sink: &mut Sink<'_>, start: usize) -> Result<(), Unreadable> {
    let text = &sink.source().text;
    let at = lenient::blank(text, start);
    if text.as_bytes().get(at) != Some(&b'[') {
        return Err(Unreadable::NotAList);
    }
    let end = elements(sink, at)?;
    sink.remainder(end)
}

/// Reads the elements of the array that begins at `at`; returns the offset behind it.
fn elements(sink: &mut Sink<'_>, at: usize) -> Result<usize, Unreadable> {
    let text = &sink.source().text;
    let mut at = at + 1;
    loop {
        at = lenient::filler(text, at);
        match text.as_bytes().get(at) {
            None => return Ok(at),
            Some(b']') => return Ok(at + 1),
            Some(_) => {}
        }
        let mut scanner = Scanner::new(text.get(at..).unwrap_or_default());
        at = match look::element(&mut scanner) {
            Ok(found) => {
                let end = at + scanner.offset();
                sink.element(at, end, found)?;
                end
            }
            Err(error) => damaged(sink, at, error)?,
        };
    }
}

/// The element at `at` is no JSON: finds out where it ends, or what else can be read of the body.
fn damaged(sink: &mut Sink<'_>, at: usize, error: json::Error) -> Result<usize, Unreadable> {
    let text = &sink.source().text;
    match lenient::end(text, at) {
        Some(end) => {
            sink.broken(at, end, error)?;
            Ok(end)
        }
        None => {
            sink.salvage(at)?;
            Ok(text.len())
        }
    }
}

fn batch(sink: &mut Sink<'_>, start: usize) -> Result<Option<String>, Unreadable> {
    let text = &sink.source().text;
    let mut at = lenient::blank(text, start);
    if text.as_bytes().get(at) != Some(&b'{') {
        return Err(Unreadable::NoJsons);
    }
    at += 1;
    let (mut key, mut has_list) = (None, false);
    loop {
        at = lenient::filler(text, at);
        match text.as_bytes().get(at) {
            Some(b'}') if has_list => {
                sink.remainder(at + 1)?;
                return Ok(key);
            }
            None if has_list => return Ok(key),
            Some(b'}') | None => return Err(Unreadable::NoJsons),
            Some(_) => {}
        }
        let member = match lenient::member(text, at) {
            Ok(member) => member,
            // Behind the events: they are kept, and so is this.
            Err(_) if has_list => {
                sink.remainder(at)?;
                return Ok(key);
            }
            Err(error) => return Err(Unreadable::NotJson(error)),
        };
        at = member.end;
        if member.name.is("jsons") {
            if !matches!(member.value, lenient::MemberValue::List) {
                return Err(Unreadable::NoJsons);
            }
            has_list = true;
            at = elements(sink, member.start)?;
        } else if member.name.is("intake_key")
            && let lenient::MemberValue::Other(Value::Text(value)) = member.value
        {
            key = Some(value.to_str().into_owned());
        }
    }
}

fn hook(sink: &mut Sink<'_>, start: usize) -> Result<(), Unreadable> {
    let text = &sink.source().text;
    let body = text.get(start..).unwrap_or_default();
    let mut scanner = Scanner::new(body);
    let envelope = scanner.value().and_then(|value| scanner.end().map(|()| value));
    if let Ok(envelope) = envelope
        && let Value::Array(events) = envelope.get("data").get("events")
        && let Some(at) = events.as_str().as_ptr().addr().checked_sub(text.as_ptr().addr())
    {
        return elements(sink, at).map(|_| ());
    }
    one(sink, start)
}

#[cfg(test)]
mod tests;
