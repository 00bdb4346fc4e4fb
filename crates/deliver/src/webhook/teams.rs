//! A card for Teams (adaptivecards.io), as Workflows and incoming webhooks take it.

use serde_json::{Value, json};

use crate::delivery::{Delivery, Severity};
use crate::text;

/// A message may have 28 KB, which may be counted as UTF-16.
const TITLE: usize = 1000;
const FACT: usize = 500;

/// The message with its card.
pub(crate) fn message(alert: &Delivery) -> Value {
    let severity = alert.severity();
    let mut body = vec![json!({
        "type": "RichTextBlock",
        "inlines": [{
            "type": "TextRun",
            "text": run(&alert.title, TITLE),
            "size": "Large",
            "weight": "Bolder",
            "color": color(severity),
        }],
    })];
    let time = text::time(alert.time_ms);
    let facts = [
        ("Severity", Some(&alert.severity)),
        ("Rule", Some(&alert.rule_name)),
        ("Time", Some(&time)),
        ("User", alert.user.as_ref()),
        ("Address", alert.address.as_ref()),
        ("Place", alert.place.as_ref()),
    ];
    body.extend(facts.iter().filter_map(|(name, value)| Some(fact(name, value.as_ref()?))));
    body.push(fact("Alert", &alert.id.to_string()));
    if let Some(first) = alert.repeat_of {
        body.push(fact("Repeats", &first.to_string()));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
            },
        }],
    })
}

fn fact(name: &str, value: &str) -> Value {
    json!({
        "type": "RichTextBlock",
        "spacing": "Small",
        "inlines": [
            {"type": "TextRun", "text": format!("{name}: "), "weight": "Bolder"},
            {"type": "TextRun", "text": run(value, FACT)},
        ],
    })
}

/// In text runs Markdown means nothing, unlike in text blocks and fact sets; what is left are the
/// functions for dates in two braces.
fn run(text: &str, most: usize) -> String {
    text::line(text, most, |one| match one {
        '{' => Some("{\u{2009}"),
        _ => None,
    })
}

const fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational | Severity::Low => "Default",
        Severity::Medium => "Accent",
        Severity::High => "Warning",
        Severity::Critical => "Attention",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::alerts;
    use proptest::prelude::*;

    #[test]
    fn a_card_has_what_is_needed_at_a_glance() {
        let alert = Delivery {
            title: "[click](https://evil.example) {{DATE(2026)}}".into(),
            severity: "critical".into(),
            place: Some("Paris, France".into()),
            ..Delivery::default()
        };
        let message = message(&alert);
        let card = &message["attachments"][0]["content"];
        assert_eq!(card["type"], "AdaptiveCard");
        let title = &card["body"][0]["inlines"][0];
        assert_eq!(title["text"], "[click](https://evil.example) {\u{2009}{\u{2009}DATE(2026)}}");
        assert_eq!(title["color"], "Attention");
        let lines: Vec<String> = card["body"].as_array().unwrap()[1..]
            .iter()
            .map(|block| {
                let inlines = block["inlines"].as_array().unwrap();
                inlines.iter().map(|run| run["text"].as_str().unwrap()).collect()
            })
            .collect();
        let expected = [
            "Severity: critical",
            "Rule: -",
            "Time: 1970-01-01T00:00:00Z",
            "Place: Paris, France",
            "Alert: 00000000-0000-0000-0000-000000000000",
        ];
        assert_eq!(lines, expected);
    }

    proptest! {
        #[test]
        fn any_alert_makes_a_card_within_the_limits(alert in alerts()) {
            let message = message(&alert);
            // As the service counts, at worst.
            prop_assert!(message.to_string().encode_utf16().count() * 2 <= 28_000);
            let body = message["attachments"][0]["content"]["body"].as_array().unwrap().clone();
            for block in body {
                prop_assert_eq!(&block["type"], "RichTextBlock");
                for run in block["inlines"].as_array().unwrap() {
                    prop_assert_eq!(&run["type"], "TextRun");
                    let text = run["text"].as_str().unwrap();
                    prop_assert!(!text.is_empty() && !text.contains("{{"));
                }
            }
        }
    }
}
