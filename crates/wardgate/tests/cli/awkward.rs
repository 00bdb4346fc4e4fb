//! Events that are not as Okta's documentation says they are.

use serde_json::{Value, json};

use crate::support::{Place, event};

/// Members of an event, and what is in its record at some JSON pointers (`null`: nothing).
struct Awkward {
    name: &'static str,
    members: &'static str,
    expected: Vec<(&'static str, Value)>,
}

fn awkward() -> Vec<Awkward> {
    let case = |name, members, expected| Awkward { name, members, expected };
    vec![
        case(
            "nothing but what makes it an event",
            "",
            vec![("/event/action", json!("user.session.start")), ("/user", json!(null))],
        ),
        case(
            "null where objects and arrays are promised",
            r#""target":null,"client":{"geographicalContext":null,"userAgent":null,"ipAddress":"192.0.2.1"},
               "debugContext":null,"actor":null,"outcome":null,"request":{"ipChain":null},
               "securityContext":null,"device":null,"authenticationContext":null,"transaction":null"#,
            vec![
                ("/source/ip", json!("192.0.2.1")),
                ("/source/geo", json!(null)),
                ("/okta", json!(null)),
                ("/user", json!(null)),
            ],
        ),
        case(
            "null in every member",
            r#""severity":null,"displayMessage":null,"legacyEventType":null,
               "actor":{"id":null,"type":null,"alternateId":null,"displayName":null},
               "client":{"ipAddress":null,"id":null,"geographicalContext":{"city":null,"geolocation":null}},
               "target":[null,{"id":null},{}],"debugContext":{"debugData":null},"outcome":{"result":null}"#,
            vec![("/okta", json!(null)), ("/source", json!(null)), ("/user", json!(null))],
        ),
        case(
            "empty texts, objects and arrays",
            r#""severity":"","actor":{"id":"","alternateId":""},"target":[],"debugContext":{"debugData":{"a":"","b":{},"c":[""]}},
               "client":{"ipAddress":"","geographicalContext":{"city":"","geolocation":{}}},"request":{"ipChain":[]}"#,
            vec![("/okta", json!(null)), ("/source", json!(null)), ("/user", json!(null))],
        ),
        case(
            "members that nobody has documented, at every level",
            r#""new":{"x":[1,{"y":null}]},"actor":{"id":"00u1","new":{"deep":[[]]}},
               "client":{"new":1,"geographicalContext":{"city":"Paris","new":true,"geolocation":{"lat":1.5,"lon":2,"new":3}}},
               "target":[{"id":"00g1","type":"UserGroup","new":{"a":1},"detailEntry":{"b":2}}],
               "outcome":{"result":"SUCCESS","new":"x"},"transaction":{"id":"t","detail":{"new":1}}"#,
            vec![
                ("/user/id", json!("00u1")),
                ("/source/geo/city_name", json!("Paris")),
                ("/source/geo/location", json!({"lat": 1.5, "lon": 2})),
                ("/okta/system/target/0/id", json!("00g1")),
                ("/event/outcome", json!("success")),
            ],
        ),
        case(
            "texts where numbers and booleans are promised",
            r#""securityContext":{"asNumber":"3741","isProxy":"true"},
               "client":{"geographicalContext":{"geolocation":{"lat":"48.5","lon":"2.25"}}}"#,
            vec![
                ("/source/as/number", json!(3741)),
                ("/okta/system/security_context/is_proxy", json!(true)),
                ("/source/geo/location", json!({"lat": 48.5, "lon": 2.25})),
            ],
        ),
        case(
            "texts that are no numbers and no booleans",
            r#""securityContext":{"asNumber":"AS one","isProxy":"perhaps","asOrg":"x"},
               "client":{"geographicalContext":{"geolocation":{"lat":"north","lon":"2.25"}}}"#,
            vec![
                ("/source/as", json!({"organization": {"name": "x"}})),
                ("/okta", json!(null)),
                ("/source/geo", json!(null)),
            ],
        ),
        case(
            "numbers and booleans where texts are promised",
            r#""actor":{"id":17,"alternateId":1.5,"displayName":true},"severity":3,
               "client":{"geographicalContext":{"postalCode":75001}},"outcome":{"result":false,"reason":0}"#,
            vec![
                ("/user/id", json!("17")),
                ("/user/name", json!("1.5")),
                ("/user/full_name", json!("true")),
                ("/okta/system/severity", json!("3")),
                ("/source/geo/postal_code", json!("75001")),
                ("/okta/system/outcome/reason", json!("0")),
                ("/event/outcome", json!("unknown")),
            ],
        ),
        case(
            "objects and arrays where texts are promised, and the other way round",
            r#""displayMessage":{"en":"x"},"severity":["INFO"],"actor":"ada","client":["x"],
               "target":{"id":"00u2","type":"User"},"debugContext":"none","outcome":7,"request":"x""#,
            vec![("/event/reason", json!(null)), ("/okta/system/actor", json!(null))],
        ),
        case(
            "numbers beyond 2^53",
            r#""actor":{"id":9007199254740993},"securityContext":{"asNumber":9007199254740993},
               "debugContext":{"debugData":{"big":123456789012345678901234567890,"small":-9007199254740993}}"#,
            vec![
                ("/user/id", json!("9007199254740993")),
                ("/source/as/number", json!(9_007_199_254_740_993_u64)),
                ("/okta/system/debug_context/small", json!(-9_007_199_254_740_993_i64)),
            ],
        ),
        case(
            "numbers beyond 64 bits",
            r#""securityContext":{"asNumber":123456789012345678901234567890},
               "client":{"geographicalContext":{"geolocation":{"lat":1e999,"lon":181}}}"#,
            vec![("/source", json!(null))],
        ),
        case(
            "members that come twice",
            r#""severity":"INFO","severity":"WARN","actor":{"id":"first"},"actor":{"id":"no","id":"last"},
               "debugContext":{"debugData":{"dtHash":"1","dtHash":"2","dt_hash":"3"}}"#,
            vec![
                ("/okta/system/severity", json!("WARN")),
                ("/user/id", json!("last")),
                ("/okta/system/debug_context/dt_hash", json!("3")),
            ],
        ),
        case(
            "halves of surrogate pairs",
            r#""displayMessage":"a\ud800b","actor":{"id":"\udc00","displayName":"\ud83e\udd80"},
               "debugContext":{"debugData":{"\ud800":"\udfff","n":{"o":["\ud800\ud800"]}}},
               "target":[{"id":"\ud800","displayName":"\ude00\ud83d"}]"#,
            vec![
                ("/event/reason", json!("a\u{fffd}b")),
                ("/user/id", json!("\u{fffd}")),
                ("/user/full_name", json!("🦀")),
                ("/okta/system/debug_context/n/o", json!(["\u{fffd}\u{fffd}"])),
                ("/okta/system/target/0/display_name", json!("\u{fffd}\u{fffd}")),
            ],
        ),
        case(
            "halves of surrogate pairs, deep down",
            r#""debugContext":{"debugData":{"x":[[[[[[[[[[[[[[[[[[[["\ud800",{"\udc00":"\"\ud800\\"}]]]]]]]]]]]]]]]]]]]]}}"#,
            vec![(
                "/okta/system/debug_context/x/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0",
                json!("\u{fffd}"),
            )],
        ),
        case(
            "a backslash behind a name",
            r#""actor":{"id":"00u1","type":"User","alternateId":"ada@example.org\\"},
               "target":[{"id":"0oa","type":"AppInstance","alternateId":"Salesforce\\"},{"id":"00u2","type":"User","alternateId":"\\"}]"#,
            vec![
                ("/okta/system/actor/alternate_id", json!("ada@example.org")),
                ("/okta/system/target/0/alternate_id", json!("Salesforce")),
                ("/okta/system/target/1/alternate_id", json!(null)),
                ("/user/name", json!(null)),
                ("/related/user", json!(["ada@example.org"])),
            ],
        ),
        case(
            "control characters and quotes in texts",
            r#""displayMessage":"\u0000\u001f\"\\\/\b\f\n\r\t\u007f""#,
            vec![("/event/reason", json!("\u{0}\u{1f}\"\\/\u{8}\u{c}\n\r\t\u{7f}"))],
        ),
        case(
            "addresses that are none",
            r#""client":{"ipAddress":"999.1.1.1"},"request":{"ipChain":[{"ip":"here"},{"ip":"2001:db8::1"},"x",null]}"#,
            vec![
                ("/source", json!(null)),
                ("/related", json!(null)),
                ("/okta/system/request/ip_chain", json!([{"ip": "2001:db8::1"}])),
            ],
        ),
    ]
}

#[test]
fn no_event_is_lost_and_every_record_is_tidy() {
    let cases = awkward();
    let line = |(number, case): (usize, &Awkward)| {
        event(&number.to_string(), &case.members.replace('\n', " "))
    };
    let content: Vec<String> = cases.iter().enumerate().map(line).collect();
    let place = Place::with("log", content.join("\n"));
    let scanned = place.scan(&["log"]);
    assert_eq!(scanned.reasons(), []);
    assert_eq!(scanned.records.len(), cases.len());
    for (Awkward { name, expected, .. }, record) in cases.iter().zip(&scanned.records) {
        for (pointer, value) in expected {
            let found = record.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(found, *value, "{name}: {pointer}");
        }
    }
}

#[test]
fn numbers_are_written_as_they_came() {
    let big = r#""big":123456789012345678901234567890,"small":-9007199254740993,"exact":0.10000000000000000000001"#;
    let content = event("1", &format!(r#""debugContext":{{"debugData":{{{big}}}}}"#));
    let run = Place::with("log", content).run(&["scan", "log", "-q", "--records", "-"]).ended(0);
    assert!(run.text().contains(big), "{}", run.text());
}

#[test]
fn ten_megabytes_of_debug_data_are_kept() {
    let value = "x".repeat(1000);
    let members: Vec<_> = (0..10_000).map(|key| format!(r#""key{key}":"{value}""#)).collect();
    let data = format!(r#""debugContext":{{"debugData":{{{}}}}}"#, members.join(","));
    let content = format!("{}\n{}\n", event("big", &data), event("b", ""));
    let scanned = Place::with("log", content).scan(&["log"]);
    assert_eq!(scanned.ids(), ["big", "b"]);
    let data = scanned.records[0]["okta"]["system"]["debug_context"].as_object().unwrap();
    assert_eq!(data.len(), 10_000);
    assert_eq!(data["key9999"], value);
}

#[test]
fn a_day_that_does_not_exist_is_kept_found_and_tagged() {
    let dated = |date: &str| {
        format!(
            r#"{{"uuid":"{date}","published":"{date}","eventType":"system.api_token.create","actor":{{"displayName":"Ada"}}}}"#
        )
    };
    let dates = ["2017-09-31T22:23:07.777Z", "yesterday", "2026-02-30T00:00:00Z"];
    let place = Place::with("log", dates.map(dated).join("\n"));
    let scanned = place.scan(&["log"]);
    assert_eq!(scanned.summary["undated"], 3);
    assert_eq!(scanned.alerts.len(), 3, "detected like any other");
    for (record, date) in scanned.records.iter().zip(dates) {
        assert_eq!(record["@timestamp"], date);
        assert_eq!(record["tags"], json!(["timestamp_invalid"]));
    }
    for (alert, record) in scanned.alerts.iter().zip(&scanned.records) {
        let arrived = &record["event"]["ingested"];
        assert_eq!(alert["@timestamp"], *arrived, "the time of arrival stands in");
        assert_eq!(alert["wardgate"]["alert"]["events"][0]["@timestamp"], record["@timestamp"]);
    }
    // The file is of now.
    assert_eq!(place.scan_with(&["log"], &["--since", "1h"], b"").records.len(), 3);
    assert_eq!(place.scan_with(&["log"], &["--until", "1h"], b"").records.len(), 0);
}
