//! Any bytes, as the body of a page of the System Log. An array of objects is cut into them, and
//! the most is made of everything else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use okta_client::Body;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let expected: Option<Vec<Map<String, Value>>> = serde_json::from_slice(data).ok();
    let bytes = match Body::cut(data.to_vec()) {
        Ok(body) => {
            assert!(body.rejects.is_empty() && body.text.as_bytes() == data);
            assert!(body.texts().all(|text| text.starts_with('{') && text.ends_with('}')));
            if let Some(expected) = expected {
                let cut = body.texts().map(|text| serde_json::from_str(text).expect("an object"));
                assert_eq!(cut.collect::<Vec<Map<String, Value>>>(), expected);
            }
            return;
        }
        Err(bytes) => bytes,
    };
    assert!(expected.is_none(), "an array of objects is not cut");
    assert_eq!(bytes, data);
    let body = Body::salvage(&bytes);
    for text in body.texts() {
        // What was inside something else has only been looked at for what it seems to be.
        assert!(text.starts_with('{') || LogEvent::parse(text).is_ok(), "{text}");
    }
    assert!(!body.events.is_empty() || !body.rejects.is_empty(), "nothing is left of something");
    assert!(body.rejects.iter().all(|reject| !reject.reason.is_empty()));
});
