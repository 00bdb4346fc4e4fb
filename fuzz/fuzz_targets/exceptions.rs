//! Any text, read as a list of exceptions, which is held against an alert.
#![no_main]

use std::sync::{Arc, LazyLock};

use detect::{Detector, Exceptions, Pack, Placeholders, Selection, Workspace};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use wardgate_fuzz::{EVENT, with_record};

/// A rule that finds the event.
const RULE: &str = "
title: Any event
id: 7b0e8f0a-53c5-4d0e-9f4e-3f5d1f4c2a61
logsource: {product: okta}
detection: {selection: {event.action|exists: true}, condition: selection}
";

static PACK: LazyLock<Pack> = LazyLock::new(|| {
    let mut pack = Pack::default();
    pack.add(RULE, "any.yml", &Arc::from("fuzz"));
    pack
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (exceptions, findings) = Exceptions::parse(text, "exceptions.yml");
    for finding in &findings {
        assert!(finding.line >= 1 && finding.column >= 1, "{finding}");
    }
    for exception in exceptions.entries() {
        assert!(!exception.rule.is_empty() && !exception.reason.is_empty());
    }
    let is_empty = exceptions.entries().is_empty();
    let detector = Detector::new(&PACK, &Selection::default(), Placeholders::default(), exceptions);
    let event = LogEvent::parse(EVENT).expect("an event");
    with_record(&event, |record| {
        let (mut alerts, mut quiet) = (0, 0);
        detector.detect(record, &mut Workspace::default(), |_| alerts += 1, |_| quiet += 1);
        assert_eq!(alerts + quiet, 1, "told, or kept quiet");
        assert!(quiet == 0 || !is_empty);
    });
});
