use proptest::prelude::*;

use super::*;

const ONE: &str = r#"{"uuid":"1","eventType":"a.b"}"#;
const TWO: &str = r#"{"uuid": "2", "eventType": "c.d", "displayMessage": "\"quoted\" \\ é \n"}"#;

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// What stands at each place: the event, or what was rejected.
fn elements(pushed: &Pushed) -> Vec<Result<&str, String>> {
    let element = |place: &Place| match *place {
        Place::Event(index) => {
            let Span { start, end, .. } = pushed.events[index];
            Ok(pushed.text.get(start as usize..end as usize).unwrap())
        }
        Place::Reject(index) => {
            Err(String::from_utf8_lossy(&pushed.rejects[index].bytes).into_owned())
        }
    };
    pushed.elements.iter().map(element).collect()
}

fn check(form: Form, body: &str, expected: &[Result<&str, &str>]) {
    let pushed = read(form, body.as_bytes().to_vec(), 1000).unwrap();
    let expected: Vec<_> = expected.iter().map(|one| one.map_err(str::to_owned)).collect();
    assert_eq!(elements(&pushed), expected, "{body}");
}

#[test]
fn events_are_found_in_every_form() {
    check(Form::One, &format!("\u{feff} {ONE}\n"), &[Ok(ONE)]);
    check(Form::Lines, &format!("{ONE}\r\n\n \t\n{TWO}"), &[Ok(ONE), Ok(TWO)]);
    let payload = format!(r#"{{"json": {}, "more": 1}}"#, string(TWO));
    let object = format!(r#"{{"json":{ONE}}}"#);
    for list in [
        format!("[{ONE}, {TWO}]"),
        format!(" [ {} ,\n{}\t] ", string(ONE), string(TWO)),
        format!("[{ONE},{}]", string(TWO)),
        format!("[{},{TWO}]", string(ONE)),
        format!("[{object},{payload}]"),
    ] {
        check(Form::List, &list, &[Ok(ONE), Ok(TWO)]);
        let batches = [
            format!(r#"{{"intake_key":"k\u0065y","jsons":{list}}}"#),
            format!(r#"{{"jsons" : {list} , "x": [1], "intake_key" : "key"}} "#),
        ];
        for batch in batches {
            check(Form::Batch, &batch, &[Ok(ONE), Ok(TWO)]);
            let pushed = read(Form::Batch, batch.into_bytes(), 9).unwrap();
            assert_eq!(pushed.key.as_deref(), Some("key"));
        }
    }
    let envelope = format!(
        r#"{{"eventType":"com.okta.event_hook","eventId":"x","data":{{"events":[{ONE},{TWO}]}}}}"#
    );
    check(Form::Hook, &envelope, &[Ok(ONE), Ok(TWO)]);
    check(Form::Hook, &envelope.replace(&format!("{ONE},{TWO}"), ""), &[]);
    check(Form::List, "[]", &[]);
    check(Form::Lines, "\n\n", &[]);
    check(Form::Batch, r#"{"jsons":[]}"#, &[]);
}

#[test]
fn plain_events_are_not_copied() {
    let body = format!("[{ONE},{TWO}]");
    for (form, body) in [(Form::List, body), (Form::Lines, format!("{ONE}\n{TWO}"))] {
        assert_eq!(read(form, body.clone().into_bytes(), 9).unwrap().text, body);
    }
}

#[test]
fn what_is_no_event_keeps_its_place() {
    check(Form::One, "hello", &[Err("hello")]);
    check(
        Form::Lines,
        &format!("{ONE}\nhello\n{TWO}\n{{}}"),
        &[Ok(ONE), Err("hello"), Ok(TWO), Err("{}")],
    );
    let list =
        format!(r#"[{ONE}, 7, null, "text", [1], {{"json": 5}}, {{"json":"x"}}, "", {TWO}]"#);
    check(
        Form::List,
        &list,
        &[
            Ok(ONE),
            Err("7"),
            Err("null"),
            Err("text"),
            Err("[1]"),
            Err(r#"{"json": 5}"#),
            Err("x"),
            Err("\"\""),
            Ok(TWO),
        ],
    );
    check(Form::Hook, "hello", &[Err("hello")]);
    check(Form::Hook, r#"{"data":{"events":[7]}}"#, &[Err("7")]);
}

#[test]
fn one_damaged_element_spoils_no_other() {
    let (one, two) = (string(ONE), string(TWO));
    let cases = [
        (format!(r#"[{ONE},{{"uuid": nope}},{TWO}]"#), Err(r#"{"uuid": nope}"#)),
        (format!("[{one},\"a \\x b\",{two}]"), Err("\"a \\x b\"")),
        (format!("[{one},\"line\nbreak\",{two}]"), Err("\"line\nbreak\"")),
        (format!("[{ONE},nope,{two}]"), Err("nope")),
        (format!("[{ONE},'nope' ,{TWO}]"), Err("'nope' ")),
    ];
    for (list, damaged) in cases {
        check(Form::List, &list, &[Ok(ONE), damaged, Ok(TWO)]);
        check(Form::Batch, &format!(r#"{{"jsons":{list}}}"#), &[Ok(ONE), damaged, Ok(TWO)]);
    }
    // Commas may be missing or too many.
    check(Form::List, &format!("[,{ONE} {TWO},,]"), &[Ok(ONE), Ok(TWO)]);
    // The end may be missing, or be followed by something.
    check(Form::List, &format!("[{ONE},{TWO}"), &[Ok(ONE), Ok(TWO)]);
    check(Form::List, &format!("[{ONE}] {TWO}"), &[Ok(ONE), Ok(TWO)]);
    check(Form::List, &format!("[{ONE}] x"), &[Ok(ONE), Err("x")]);
    check(Form::Batch, &format!(r#"{{"jsons":[{ONE}],nope"#), &[Ok(ONE), Err("nope")]);
    // The end of an element may be missing.
    let half = r#"{"uuid":"0","eventType":"#;
    let pushed = read(Form::List, format!("[{ONE},{half},{TWO}]").into_bytes(), 9).unwrap();
    let all = elements(&pushed);
    assert!(all.contains(&Ok(ONE)) && all.contains(&Ok(TWO)), "{all:?}");
    assert!(pushed.rejects[0].bytes.starts_with(half.as_bytes()), "{all:?}");
}

#[test]
fn events_are_unwrapped() {
    let wrapped = format!(r#"{{"detail":{ONE}}}"#);
    check(Form::One, &wrapped, &[Ok(ONE)]);
    check(Form::Lines, &format!("{TWO}\n{wrapped}"), &[Ok(TWO), Ok(ONE)]);
    check(Form::List, &format!("[{},{TWO}]", string(&wrapped)), &[Ok(ONE), Ok(TWO)]);
    // Several in one element: its place is that of the first, and the others are there too.
    let page = format!("[{ONE},7,{TWO}]");
    let pushed = read(Form::Lines, format!("{page}\n{ONE}").into_bytes(), 9).unwrap();
    assert_eq!(pushed.elements, [Place::Event(0), Place::Event(2)]);
    assert_eq!((pushed.events.len(), pushed.rejects.len()), (3, 1));
    // An empty page is no event.
    check(Form::Lines, "[]", &[Err("[]")]);
}

#[test]
fn bodies_of_another_form_are_refused() {
    use Unreadable::{Empty, NoJsons, NotAList, NotText};
    let cases = [
        (Form::One, "", Empty),
        (Form::One, " \n", Empty),
        (Form::List, "", NotAList),
        (Form::List, ONE, NotAList),
        (Form::List, "hello", NotAList),
        (Form::Batch, "", NoJsons),
        (Form::Batch, "[]", NoJsons),
        (Form::Batch, "{}", NoJsons),
        (Form::Batch, r#"{"jsons": "x"}"#, NoJsons),
        (Form::Hook, "", Empty),
    ];
    for (form, body, error) in cases {
        assert_eq!(read(form, body.as_bytes().to_vec(), 9), Err(error), "{form:?} {body}");
    }
    let Err(Unreadable::NotJson(error)) = read(Form::Batch, b"{\"a\": 1, b}".to_vec(), 9) else {
        panic!("no JSON");
    };
    assert_eq!(error.offset, 9);
    assert_eq!(read(Form::Lines, vec![0x80; 1 << 20], 9), Err(NotText));
}

#[test]
fn events_are_counted_wherever_they_are() {
    let line = format!("{ONE}\n");
    assert_eq!(read(Form::Lines, line.repeat(10).into_bytes(), 10).unwrap().events.len(), 10);
    let too_many = Err(Unreadable::TooMany(10));
    assert_eq!(read(Form::Lines, line.repeat(11).into_bytes(), 10), too_many);
    assert_eq!(read(Form::Lines, b"x\n".repeat(11), 10), too_many);
    let page = format!("[{}{ONE}]", format!("{ONE},").repeat(10));
    assert_eq!(read(Form::One, page.clone().into_bytes(), 10), too_many);
    assert_eq!(read(Form::List, page.into_bytes(), 10), too_many);
    let nested = format!("[[{}{ONE}]]", "7,".repeat(10));
    assert_eq!(read(Form::List, nested.into_bytes(), 10), too_many);
    let damaged = format!("[{}{{", "x,".repeat(11));
    assert_eq!(read(Form::List, damaged.into_bytes(), 10), too_many);
}

#[test]
fn what_is_no_utf_8_is_repaired_or_kept_as_it_came() {
    let body = b"{\"uuid\":\"1\",\"eventType\":\"a\xFFb\"}\n\xFE\xFD\n{\"uuid\":\"2\",\"eventType\":\"c\"}";
    let pushed = read(Form::Lines, body.to_vec(), 9).unwrap();
    assert_eq!(elements(&pushed)[0], Ok("{\"uuid\":\"1\",\"eventType\":\"a\u{fffd}b\"}"));
    assert!(pushed.events[0].repaired && !pushed.events[1].repaired);
    assert_eq!(pushed.rejects[0].bytes, b"\xFE\xFD");
}

#[test]
fn hostile_bodies_take_no_time() {
    let many = 1 << 20;
    let bodies = [
        "[".repeat(many),
        "{\"a\":".repeat(many),
        "\"".repeat(many),
        "[{".repeat(many),
        "[\"\\".repeat(many),
        format!("[{}", "{\"uuid\":".repeat(many)),
        format!("[{}{ONE}]", "1,".repeat(many)),
        format!("[{ONE},{}1]", "1,".repeat(many - 100)),
        format!("{{\"jsons\":[{}", "x ".repeat(many)),
        format!("{{\"data\":{{\"events\":[{}", "[[".repeat(many)),
    ];
    for body in bodies {
        for form in [Form::One, Form::Lines, Form::List, Form::Batch, Form::Hook] {
            let begun = std::time::Instant::now();
            let _ = read(form, body.clone().into_bytes(), 1000);
            let took = begun.elapsed();
            assert!(took.as_secs() < 20, "{form:?} {} took {took:?}", body.get(..20).unwrap());
        }
    }
}

/// Texts that are events, with all that a string can hold.
fn event() -> impl Strategy<Value = String> {
    (any::<String>(), "[a-z]{1,9}", any::<Option<f64>>()).prop_map(|(message, name, number)| {
        serde_json::json!({"uuid": name, "eventType": "a.b", "displayMessage": message, "x": number})
            .to_string()
    })
}

/// Texts that are none, and hold none, in one line.
fn garbage() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        "[^\\s{}\\[\\]\"\u{feff}][^\\n\\r{}\\[\\]\"]*[^\\s{}\\[\\]\"\u{feff}]",
        "[0-9]{1,5}"
    ];
    // What looks compressed is taken for what it looks like, and so is CSV.
    words.prop_map(|text| text.trim().to_owned()).prop_filter("blank", |text| !text.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_arrives_as_it_was_sent(
        texts in prop::collection::vec(prop_oneof![4 => event(), 1 => garbage()], 0..12),
        wrapped in any::<bool>(),
    ) {
        let strings: Vec<_> = texts.iter().map(|text| {
            let text = string(text);
            if wrapped { format!(r#"{{"json":{text}}}"#) } else { text }
        }).collect();
        let list = format!("[{}]", strings.join(", "));
        let expected: Vec<_> = texts.iter().map(|text| {
            if okta::LogEvent::parse(text).is_ok() { Ok(text.as_str()) } else { Err(text.clone()) }
        }).collect();
        let bodies = [
            (Form::Lines, texts.join("\n")),
            (Form::Lines, format!("{}\r\n", texts.join("\r\n"))),
            (Form::List, list.clone()),
            (Form::Batch, format!(r#"{{"intake_key":"k","jsons":{list}}}"#)),
            (Form::Hook, format!(r#"{{"data":{{"events":{list}}}}}"#)),
        ];
        for (form, body) in bodies {
            let pushed = read(form, body.into_bytes(), 100).unwrap();
            prop_assert_eq!(elements(&pushed), expected.clone(), "{:?}", form);
        }
        for (text, expected) in texts.iter().zip(expected) {
            let pushed = read(Form::One, text.clone().into_bytes(), 100).unwrap();
            prop_assert_eq!(elements(&pushed), vec![expected]);
        }
    }

    /// Whatever comes, nothing of it is lost, and what is called an event is one.
    #[test]
    fn any_list_has_as_many_elements_as_json_says(values in prop::collection::vec(json(), 0..8)) {
        let list = serde_json::Value::Array(values.clone()).to_string();
        for (form, body) in [
            (Form::List, list.clone()),
            (Form::Batch, format!(r#"{{"jsons":{list}}}"#)),
            (Form::Hook, format!(r#"{{"data":{{"events":{list}}}}}"#)),
        ] {
            let pushed = read(form, body.into_bytes(), 10_000).unwrap();
            prop_assert_eq!(pushed.elements.len(), values.len());
            for span in &pushed.events {
                let text = pushed.text.get(span.start as usize..span.end as usize).unwrap();
                prop_assert!(okta::LogEvent::parse(text).is_ok(), "{}", text);
            }
        }
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), front in 0_usize..8) {
        let fronts = ["", "[", "{\"jsons\":[", "{\"data\":{\"events\":[", "[{\"uuid\":\"1\",", "[\"{\\\"", "{", "\""];
        let body: Vec<u8> = fronts[front].bytes().chain(bytes).collect();
        for form in [Form::One, Form::Lines, Form::List, Form::Batch, Form::Hook] {
            if let Ok(pushed) = read(form, body.clone(), 1000) {
                for span in &pushed.events {
                    prop_assert!(pushed.text.get(span.start as usize..span.end as usize).is_some());
                }
            }
        }
    }
}

/// Any JSON value, with events here and there.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        event().prop_map(Into::into),
        event().prop_map(|text| serde_json::from_str(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names = prop_oneof![
            "[a-z]{1,3}",
            Just("json".to_owned()),
            Just("detail".to_owned()),
            Just("eventType".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::vec((names, inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
