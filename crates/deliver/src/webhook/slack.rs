//! A message for Slack, of blocks (docs.slack.dev/reference/block-kit).

use serde_json::{Value, json};

use crate::delivery::{Delivery, Severity};
use crate::text;

/// The most that a section's text may have is 3000 characters, and a field's 2000; what is longer
/// than this is no use in a chat.
const TITLE: usize = 1500;
const FIELD: usize = 500;

/// The message.
pub(crate) fn message(alert: &Delivery) -> Value {
    let severity = alert.severity();
    let title = mrkdwn(&alert.title, TITLE);
    let mut fields = vec![
        field("Severity", &alert.severity),
        field("Rule", &alert.rule_name),
        field("Time", &text::time(alert.time_ms)),
    ];
    let optional = [("User", &alert.user), ("Address", &alert.address), ("Place", &alert.place)];
    for (name, value) in optional {
        if let Some(value) = value {
            fields.push(field(name, value));
        }
    }
    let mut footer = format!("Wardgate · alert {}", alert.id);
    if let Some(first) = alert.repeat_of {
        footer = format!("{footer} · repeats {first}");
    }
    // A star would end the bold type.
    let heading = format!("{} *{}*", mark(severity), title.replace('*', "∗"));
    json!({
        // For notifications.
        "text": format!("{}: {title}", mrkdwn(&alert.severity, FIELD)),
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [
            {"type": "section", "text": object(&heading)},
            {"type": "section", "fields": fields},
            {"type": "context", "elements": [object(&footer)]},
        ],
    })
}

fn field(name: &str, value: &str) -> Value {
    object(&format!("*{name}*\n{}", mrkdwn(value, FIELD)))
}

/// Nothing in it becomes a link or a mention by itself.
fn object(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// Slack's three control characters begin links, mentions and entities.
fn mrkdwn(text: &str, most: usize) -> String {
    text::line(text, most, |one| match one {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational | Severity::Low => "⚪",
        Severity::Medium => "🟡",
        Severity::High => "🟠",
        Severity::Critical => "🔴",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::alerts;
    use proptest::prelude::*;

    /// All text objects of a message.
    fn objects(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
            Value::Object(map) => {
                if map.get("type").is_some_and(|kind| kind == "mrkdwn" || kind == "plain_text") {
                    found.push(value.clone());
                }
                map.values().for_each(|value| objects(value, found));
            }
            _ => {}
        }
    }

    #[test]
    fn a_message_has_what_is_needed_at_a_glance() {
        let alert = Delivery {
            title: "Okta API token created by *bob* <@U1>".into(),
            rule_name: "API token".into(),
            severity: "high".into(),
            time_ms: 1_788_220_800_000,
            user: Some("bob_o'neil@example.com & co".into()),
            ..Delivery::default()
        };
        let message = message(&alert);
        assert_eq!(message["text"], "high: Okta API token created by *bob* &lt;@U1&gt;");
        let heading = &message["blocks"][0]["text"]["text"];
        assert_eq!(heading, "🟠 *Okta API token created by ∗bob∗ &lt;@U1&gt;*");
        let fields = message["blocks"][1]["fields"].as_array().unwrap();
        let fields: Vec<_> = fields.iter().map(|one| one["text"].as_str().unwrap()).collect();
        assert_eq!(
            fields,
            [
                "*Severity*\nhigh",
                "*Rule*\nAPI token",
                "*Time*\n2026-09-01T00:00:00Z",
                "*User*\nbob_o'neil@example.com &amp; co",
            ]
        );
        let footer = &message["blocks"][2]["elements"][0]["text"];
        assert_eq!(footer, &format!("Wardgate · alert {}", alert.id));
    }

    proptest! {
        #[test]
        fn any_alert_makes_a_message_within_the_limits(alert in alerts()) {
            let message = message(&alert);
            let blocks = message["blocks"].as_array().unwrap();
            prop_assert!(blocks.len() <= 50);
            let fields = blocks[1]["fields"].as_array().unwrap();
            prop_assert!((1..=10).contains(&fields.len()));
            for field in fields {
                prop_assert!(field["text"].as_str().unwrap().encode_utf16().count() <= 2000);
            }
            let mut all = Vec::new();
            objects(&message, &mut all);
            prop_assert_eq!(all.len(), 2 + fields.len());
            all.push(json!({"text": message["text"], "verbatim": true}));
            for object in all {
                let text = object["text"].as_str().unwrap();
                prop_assert!((1..=3000).contains(&text.encode_utf16().count()));
                prop_assert_eq!(&object["verbatim"], true);
                let without = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
                prop_assert!(!without.contains(['&', '<', '>']), "{}", text);
            }
        }
    }
}
