//! The page as a whole, against what an attacker may have written into the log.

use serde_json::{Value, json};

use super::{Report, Tactic, Technique, csp};
use crate::scan::summary::{Count, EntityCount, InputSummary, RuleCount, Summary, Timeline};

/// What can go wrong, in one name.
const HOSTILE: &str = "</script></title></style><script>alert(1)</script><img src=http://x/ onerror=alert(1)>\
    \"'`&amp;<!--\u{202e}txt\u{0}\u{1b}[31m\u{2028}\u{2029}";

pub(super) fn report(summary: &Summary) -> Report<'_> {
    Report {
        title: "examples/",
        generated_by: "wardgate 0.1.0",
        summary,
        alerts: &[],
        alerts_left_out: 0,
        attack: &[],
    }
}

fn written(report: &Report<'_>) -> String {
    let mut out = Vec::new();
    report.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A summary, an alert and a matrix in which every text is `text`.
fn full_of(text: &str) -> (Summary, Vec<Box<str>>, Vec<Tactic>) {
    let owned = || text.to_owned();
    let entity = || EntityCount {
        name: owned(),
        alerts: 1,
        severity: owned(),
        rules: vec![owned()],
        place: Some(owned()),
    };
    let summary = Summary {
        inputs: vec![InputSummary { name: owned(), form: owned(), events: 1, rejects: 0 }],
        events: 1,
        alerts: 1,
        bytes: 10,
        first: Some(owned()),
        last: Some(owned()),
        severities: vec![Count { name: owned(), count: 1 }],
        rules: vec![RuleCount {
            id: owned(),
            name: owned(),
            severity: owned(),
            effort: owned(),
            techniques: vec![owned()],
            count: 1,
            first: Some(owned()),
            last: None,
        }],
        users: vec![entity()],
        addresses: vec![entity()],
        timeline: Timeline {
            start_ms: 0,
            step_ms: 1000,
            events: vec![1],
            alerts: vec![[0, 0, 0, 0, 1]],
        },
        event_types: vec![Count { name: owned(), count: 1 }],
        ..Summary::default()
    };
    let names = json!({"id": text, "name": text});
    let alert = json!({
        "@timestamp": text, "message": text,
        "rule": {"id": text, "name": text, "description": text, "reference": [text]},
        "threat": {"tactic": {"id": [text], "name": [text]},
            "technique": {"id": [text], "name": [text], "subtechnique": {"id": [text], "name": [text]}}},
        "wardgate": {"alert": {"severity": text,
            "entities": {"user": names, "actor": names, "target_user": names, "source_ip": text,
                "place": text, "app": names, "session": text, "api_token": text},
            "matched": [{"field": text, "value": text}],
            "triage": [text], "false_positives": [text],
            "events": [{"@timestamp": text, "event": {"action": text, "outcome": text, "id": text},
                "user": {"name": text}, "source": {"ip": text}, "original": text}]}}
    });
    let technique = Technique { id: owned(), name: owned(), rules: 1, alerts: 1 };
    let attack = vec![Tactic { id: owned(), name: owned(), techniques: vec![technique] }];
    (summary, vec![alert.to_string().into_boxed_str()], attack)
}

fn page_full_of(text: &str) -> String {
    let (summary, alerts, attack) = full_of(text);
    let report = Report {
        title: text,
        generated_by: text,
        alerts: &alerts,
        attack: &attack,
        alerts_left_out: 1,
        ..report(&summary)
    };
    written(&report)
}

/// The text of the JSON block.
fn data_of(page: &str) -> &str {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    rest.split_once("</script>").unwrap().0
}

/// The names of all tags, in order, as an HTML parser meets them.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|rest| rest.split([' ', '>', '\n']).next()).collect()
}

/// The page without its own style, script and data.
fn markup_of(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (markup, _) = rest.split_once("<script type=").unwrap();
    format!("{before}{markup}")
}

#[test]
fn hostile_text_adds_no_tags() {
    let harmless = markup_of(&page_full_of("harmless"));
    let hostile = markup_of(&page_full_of(HOSTILE));
    let without_marks = |page: &str| page.replace("<span class=\"ctl\">", "\u{1}");
    let marked = without_marks(&hostile);
    let mut bare = String::new();
    for (index, part) in marked.split('\u{1}').enumerate() {
        bare.push_str(if index == 0 { part } else { part.split_once("</span>").unwrap().1 });
    }
    assert_eq!(tags(&bare), tags(&harmless));
    assert_eq!(bare.matches('"').count(), harmless.matches('"').count());
}

#[test]
fn hostile_text_is_shown_for_what_it_is() {
    let page = page_full_of(HOSTILE);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("<span class=\"ctl\">U+202E</span>txt<span class=\"ctl\">U+0000</span>"));
    for hidden in ['\u{202e}', '\u{0}', '\u{1b}', '\u{2028}', '\u{2029}'] {
        assert!(!page.contains(hidden), "{hidden:?} is in the page");
    }
}

#[test]
fn hostile_text_does_not_end_the_data() {
    let page = page_full_of(HOSTILE);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(page.matches("<style").count(), 1);
    assert!(page.trim_end().ends_with("</script>\n</body>\n</html>"));
    let data: Value = serde_json::from_str(data_of(&page)).unwrap();
    assert_eq!(data["alerts"][0]["message"], HOSTILE);
    assert_eq!(data["alerts"][0]["wardgate"]["alert"]["events"][0]["original"], HOSTILE);
    assert_eq!(data["summary"]["rules"][0]["name"], HOSTILE);
    assert_eq!(data["attack"][0]["techniques"][0]["id"], HOSTILE);
}

#[test]
fn the_data_are_the_alerts() {
    let (summary, alerts, _) = full_of("1.2.3.4");
    let page = written(&Report { alerts: &alerts, ..report(&summary) });
    let data: Value = serde_json::from_str(data_of(&page)).unwrap();
    assert_eq!(data["generated_by"], "wardgate 0.1.0");
    assert_eq!(data["summary"], serde_json::to_value(&summary).unwrap());
    let alert: Value = serde_json::from_str(&alerts[0]).unwrap();
    assert_eq!(data["alerts"], json!([alert]));
}

#[test]
fn nothing_is_loaded() {
    let page = page_full_of("https://evil.example/x.js url(https://evil.example)");
    let lower = markup_of(&page).to_lowercase();
    for attribute in ["src=", "href="] {
        for value in lower.split(attribute).skip(1) {
            let own = value.starts_with("\"#") || value.starts_with("\"data:,\"");
            assert!(own, "{attribute}{}", value.split('>').next().unwrap());
        }
    }
    let css = super::STYLE.to_lowercase();
    assert!(!css.contains("url(") && !css.contains("@import") && !css.contains("</"));
    for word in ["http:", "https:", "fetch(", "XMLHttpRequest", "WebSocket", "import(", "</"] {
        assert!(!super::SCRIPT.contains(word), "{word} in the script");
    }
    for word in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
    {
        assert!(!super::SCRIPT.contains(word), "{word} in the script");
    }
}

#[test]
fn the_policy_fits_the_page() {
    let page = page_full_of("harmless");
    let (_, style) = page.split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let (_, script) = page.rsplit_once("<script>").unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let policy = csp::policy(style, script).replace('\'', "&#39;");
    assert!(page.contains(&policy));
    assert!(page.find("Content-Security-Policy") < page.find("<style>"));
    let inline = [" style=\"", " onclick=", " onload=", " onerror=\""];
    assert!(inline.iter().all(|attribute| !markup_of(&page).contains(attribute)));
}

#[test]
fn long_names_are_cut_in_the_markup_only() {
    let name = "x".repeat(10_240);
    let page = page_full_of(&name);
    let markup = markup_of(&page);
    assert!(markup.contains("… (10,240 characters)"));
    assert!(data_of(&page).contains(&name));
}

#[test]
fn all_is_there_without_scripts() {
    let page = markup_of(&page_full_of("Zoë’s rule"));
    for part in [
        "<h1>1 alert in 1 event",
        "<noscript>",
        "id=\"timeline\"",
        "id=\"rules\"",
        "id=\"entities\"",
        "<details class=\"alert\"",
        "What matched",
        "What to do",
        "ATT&amp;CK matrix",
        "id=\"sources\"",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
}

#[test]
fn every_alert_has_a_row_and_the_worst_are_written_out() {
    let alert = |number: usize| {
        let severity = if number.is_multiple_of(2) { "low" } else { "critical" };
        let rule = format!("rule {}", number % 3);
        json!({"message": format!("alert {number}"), "rule": {"id": rule, "name": rule},
            "wardgate": {"alert": {"severity": severity, "entities": {"source_ip": "1.2.3.4"}}}})
        .to_string()
        .into_boxed_str()
    };
    let alerts: Vec<_> = (0..1000).map(alert).collect();
    let summary = Summary { events: 1000, alerts: 1000, ..Summary::default() };
    let page = written(&Report { alerts: &alerts, ..report(&summary) });
    assert_eq!(page.matches("<details class=\"alert\"").count(), 1000);
    assert_eq!(page.matches("<details class=\"rule\"").count(), 3);
    assert_eq!(page.matches("<dt>Address</dt>").count(), 200);
    assert!(page.contains("alert 999</span></summary><div class=\"body\"></div>"));
}

#[test]
fn an_empty_report_says_so() {
    let page = written(&report(&Summary::default()));
    assert!(page.contains("No events were read"));
    assert!(page.contains("No rule fired"));
    serde_json::from_str::<Value>(data_of(&page)).unwrap();
}

#[test]
fn an_alert_that_is_not_json_is_an_error() {
    let alerts = vec![Box::from("{}"), Box::from("{} {}")];
    let summary = Summary::default();
    let error = Report { alerts: &alerts, ..report(&summary) }.write(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().starts_with("alert document 1 is not json"));
}
