//! Any text, read as JSON and as an event; what is an event becomes a record, and is searched by
//! every built-in rule.
#![no_main]

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use detect::{Detector, Exceptions, Pack, Placeholders, Selection, Workspace};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use serde::de::IgnoredAny;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let mut placeholders = Placeholders::default();
    let indicators: [(&str, &[&str]); 6] = [
        ("indicator_ip", &["198.51.100.7", "203.0.113.0/24", "2001:db8::/32"]),
        ("indicator_domain", &["example.org", "evil.example"]),
        ("indicator_email", &["mallory@example.net"]),
        ("indicator_url", &["https://evil.example/?id=*"]),
        ("indicator_user_agent", &["evilginx"]),
        ("indicator_as", &["64500"]),
    ];
    for (name, values) in indicators {
        placeholders.insert_literal(name, values.iter().copied());
    }
    let selection = Selection { effort: detect::sigma::Effort::Master, ..Selection::default() };
    let detector = Detector::new(&Pack::builtin(), &selection, placeholders, Exceptions::default());
    let idle = detector.set().rules().iter().filter(|rule| rule.is_idle()).count();
    assert!(idle == 0 && detector.rules().len() >= 27, "every rule is at work");
    detector
});

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What is skipped by serde_json is checked for its grammar, and for nothing else: neither
    // for halves of surrogate pairs, nor for how large numbers are or how deep arrays.
    let valid = serde_json::from_str::<IgnoredAny>(text);
    let found = okta::json::validate(text);
    assert_eq!(found.is_ok(), valid.is_ok(), "{found:?} against {valid:?}");
    let Ok(event) = LogEvent::parse(text) else { return };
    assert!(valid.is_ok(), "an event is JSON");
    assert_eq!(event.raw(), text);
    wardgate_fuzz::with_record(&event, |record| {
        let mut json = Vec::new();
        record.write_json(&mut json);
        wardgate_fuzz::assert_tidy(&json);
        let _ = record.visit_leaves(&mut |value| {
            assert!(value.to_str().is_some(), "a leaf has a text");
            ControlFlow::Continue(())
        });
        WORKSPACE.with_borrow_mut(|workspace| {
            let check = |alert: detect::Alert| {
                let valid = serde_json::from_str::<IgnoredAny>(&alert.document);
                assert!(valid.is_ok(), "{valid:?}: {}", alert.document);
                assert!(!alert.title.is_empty());
            };
            DETECTOR.detect(record, workspace, check, |_| {});
        });
    });
});
