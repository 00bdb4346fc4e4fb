//! Any bytes, read as the body of a request that pushes events, in the form that the first byte
//! says. What is called an event is one, every element has a place, and as many elements are found
//! as another reader finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use serde::de::IgnoredAny;
use server::events::{Form, Place, Pushed, read};

/// The most events that are taken.
const MOST: usize = 200;

fuzz_target!(|data: &[u8]| {
    let [form, body @ ..] = data else { return };
    let forms = [Form::One, Form::Lines, Form::List, Form::Batch, Form::Hook];
    let form = forms[usize::from(*form) % forms.len()];
    let Ok(pushed) = read(form, body.to_vec(), MOST) else { return };
    check(&pushed);
    let Some(expected) = count(form, body) else { return };
    assert_eq!(pushed.elements.len(), expected, "{form:?}");
});

fn check(pushed: &Pushed) {
    let Pushed { text, events, rejects, elements, .. } = pushed;
    assert!(events.len() + rejects.len() <= MOST);
    let mut end = 0;
    for span in events {
        assert!(span.start >= end, "events are in their order");
        end = span.end;
        let event = text.get(span.start as usize..span.end as usize).expect("a place in the text");
        assert!(LogEvent::parse(event).is_ok(), "no event: {event}");
    }
    for reject in rejects {
        assert!(!reject.reason.is_empty() && !reject.bytes.is_empty());
    }
    let (mut last_event, mut last_reject) = (None, None);
    for place in elements {
        let (last, index, count) = match place {
            Place::Event(index) => (&mut last_event, *index, events.len()),
            Place::Reject(index) => (&mut last_reject, *index, rejects.len()),
        };
        assert!(index < count && last.is_none_or(|last| last < index), "elements are in order");
        *last = Some(index);
    }
}

/// How many elements there are, as far as that is beyond doubt.
fn count(form: Form, body: &[u8]) -> Option<usize> {
    match form {
        Form::One => Some(1),
        Form::Lines => {
            let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
            let lines = body.split(|byte| *byte == b'\n');
            Some(lines.filter(|line| !line.trim_ascii().is_empty()).count())
        }
        Form::List => serde_json::from_slice::<Vec<IgnoredAny>>(body).ok().map(|list| list.len()),
        Form::Batch | Form::Hook => None,
    }
}
