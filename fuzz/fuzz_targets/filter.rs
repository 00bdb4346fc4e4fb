//! Any text, read as a filter of the simulated organisation's log: what is understood is written in
//! a spelling that means the same, and matches an event or does not.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sim_server::Filter;
use wardgate_fuzz::EVENT;

static AN_EVENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(EVENT).expect("an event"));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let filter = match text.parse::<Filter>() {
        Ok(filter) => filter,
        Err(error) => {
            assert!(text.is_char_boundary(error.at), "{error}");
            return;
        }
    };
    let written = filter.to_string();
    assert_eq!(written.parse::<Filter>().as_ref(), Ok(&filter), "{written}");
    let not = Filter::Not(Box::new(filter.clone()));
    assert_ne!(filter.matches(&AN_EVENT), not.matches(&AN_EVENT));
});
