//! Any bytes as indicators: a STIX bundle or envelope, a pattern in one, CSV, a list. The first byte
//! says which. What is read is packed and comes back, and finds what it looks for.
#![no_main]

use intel::{Builder, Feed, Form, Hunter, Indicator, Period, Term, pack, read_form, unpack};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use wardgate_fuzz::{EVENT, with_record};

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let (form, text) = match first % 4 {
        0 => (Form::Stix, text.to_vec()),
        1 => (Form::Csv, text.to_vec()),
        2 => (Form::List, text.to_vec()),
        _ => {
            let pattern = serde_json::to_string(&String::from_utf8_lossy(text)).unwrap();
            let object = format!(r#"{{"type":"indicator","id":"indicator--1","pattern":{pattern}}}"#);
            (Form::Stix, object.into_bytes())
        }
    };
    let feed = Feed { min_confidence: 10, ..Feed::named("fuzz") };
    let mut all: Vec<Indicator> = Vec::new();
    let reading = read_form(&text[..], Some(form), &feed, &mut |one| all.push(one));
    assert!(reading.used as usize <= all.len());
    assert!(reading.problem_count as usize >= reading.problems.len());
    let mut builder = Builder::default();
    for one in &all {
        assert_eq!(unpack(&pack(&one.any)).as_ref(), Some(&one.any));
        for value in one.any.iter().flatten() {
            let shown = value.to_string();
            let again = intel::Value::parse(value.kind(), &shown);
            assert_eq!(again.as_ref(), Ok(value), "{shown}");
        }
        builder.add(one);
    }
    let set = builder.build();
    let hunter = Hunter::new(&set);
    let (since, until) = hunter.period();
    let event = LogEvent::parse(EVENT).unwrap();
    with_record(&event, |record| {
        let found = set.find(record, Period::Hunt);
        let time = record.time().unwrap();
        if !found.is_empty() {
            assert!(since.is_none_or(|since| since <= time));
            assert!(until.is_none_or(|until| until >= time));
        }
    });
    // What a hunt sees in an index may be anything, too.
    let text = String::from_utf8_lossy(&text).to_lowercase();
    for field in hunter.fields() {
        let time = ecs::Timestamp(1_790_000_000_000);
        let _ = hunter.may_find(field, Term::Text(&text), time, time);
        let _ = hunter.may_find(field, Term::Number(i64::from(*first)), time, time);
    }
});
