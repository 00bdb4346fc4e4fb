//! What a rule says about itself.

use super::Subject;
use crate::attack::{self, Status, Tactic, Technique};
use crate::sigma::diagnostic::{Report, nearest};
use crate::title::Template;

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    if !subject.serves {
        missing(subject, report);
    }
    id(subject, report);
    tags(subject, report);
    title(subject, report);
    if subject.rule.correlation.is_none() && !subject.rule.logsource.is_okta() {
        let hint = "write 'logsource: {product: okta, service: okta}'".to_owned();
        let message = "the rule is for another log source than Okta's, and will not run";
        report.warning("other-logsource", subject.at("logsource"), message, hint);
    }
}

fn missing(subject: &Subject<'_>, report: &mut Report) {
    let rule = subject.rule;
    let attributes = [
        (rule.id.is_none(), "missing-id", "id", "a random UUID, which never changes again"),
        (
            rule.level.is_none(),
            "missing-level",
            "level",
            "how serious a match is: low, medium, high…",
        ),
        (
            rule.description.as_deref().is_none_or(|text| text.trim().is_empty()),
            "missing-description",
            "description",
            "what happened and why it matters",
        ),
        (
            rule.falsepositives.is_empty(),
            "missing-falsepositives",
            "falsepositives",
            "what else can cause a match",
        ),
        (
            rule.tags.is_empty(),
            "missing-tags",
            "tags",
            "ATT&CK's name for it, such as attack.t1098",
        ),
        (
            rule.wardgate.effort.is_none(),
            "missing-effort",
            "wardgate.effort",
            "how much work its alerts make: elementary, intermediate, advanced, master",
        ),
    ];
    let at = subject.at("title");
    for (is_missing, code, name, hint) in attributes {
        if is_missing {
            report.warning(code, at, format!("the rule has no {name}"), hint.to_owned());
        }
    }
}

fn id(subject: &Subject<'_>, report: &mut Report) {
    let Some(id) = &subject.rule.id else { return };
    if uuid::Uuid::try_parse(id).is_err() || id.len() != 36 {
        let message = format!("the id '{id}' is not a UUID");
        report.warning("id", subject.at("id"), message, "generate a random one".to_owned());
    }
}

fn tags(subject: &Subject<'_>, report: &mut Report) {
    let mut techniques: Vec<&Technique> = Vec::new();
    let mut tactics: Vec<&Tactic> = Vec::new();
    for (index, tag) in subject.rule.tags.iter().enumerate() {
        let at = subject.element_at("tags", index);
        let earlier = subject.rule.tags.iter().take(index);
        if earlier.into_iter().any(|earlier| earlier.eq_ignore_ascii_case(tag)) {
            report.warning(
                "duplicate-tag",
                at,
                format!("the tag '{tag}' stands there twice"),
                None,
            );
            continue;
        }
        let Some((namespace, name)) = tag.split_once('.') else {
            let message = format!("the tag '{tag}' has no name space");
            let hint = "write 'attack.t1098', 'cve.2021-44228', 'detection.…'".to_owned();
            report.warning("tag", at, message, hint);
            continue;
        };
        if !namespace.eq_ignore_ascii_case("attack") {
            continue;
        }
        if let Some(technique) = attack::technique(name) {
            match technique.status {
                Status::Current | Status::Later(_) => techniques.push(technique),
                Status::Revoked(successor) => {
                    let message =
                        format!("ATT&CK has replaced {} ({})", technique.id, technique.name);
                    let hint = format!("use 'attack.{}'", successor.to_lowercase());
                    report.warning("old-technique", at, message, hint);
                }
                Status::Deprecated => {
                    let message =
                        format!("ATT&CK no longer has {} ({})", technique.id, technique.name);
                    report.warning("old-technique", at, message, None);
                }
            }
        } else if let Some(tactic) = attack::tactic(name) {
            tactics.push(tactic);
        } else {
            unknown(name, at, report);
        }
    }
    if tactics.is_empty() {
        return;
    }
    for technique in techniques {
        if !tactics.iter().any(|tactic| technique.serves(tactic)) {
            let names: Vec<&str> = technique.tactics.iter().map(|t| t.short_name).collect();
            let message = format!("none of the tagged tactics is one of {}", technique.id);
            let hint = format!("it serves {}", names.join(", "));
            report.warning("tactic-of-technique", subject.at("tags"), message, hint);
        }
    }
}

fn unknown(name: &str, at: crate::sigma::Position, report: &mut Report) {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let lower = name.to_ascii_lowercase();
    if let Some(number) = lower.strip_prefix('t').filter(|number| digits(&number.replace('.', "")))
    {
        let message = format!("ATT&CK {} has no technique T{number}", attack::VERSION);
        let parent =
            number.split_once('.').and_then(|(parent, _)| attack::technique(&format!("t{parent}")));
        let hint = parent.map(|parent| format!("{} is {}", parent.id, parent.name));
        report.warning("unknown-technique", at, message, hint);
        return;
    }
    // Groups, software, campaigns, mitigations, data sources: nothing that alerts show.
    let other = lower
        .split_at_checked(1)
        .is_some_and(|(kind, number)| matches!(kind, "g" | "s" | "c" | "m") && digits(number));
    if !other {
        let tactics = attack::TACTICS.iter().chain(&attack::LATER_TACTICS);
        let names = tactics.map(|tactic| tactic.short_name);
        let hint = nearest(&lower, names).map(|meant| format!("did you mean 'attack.{meant}'?"));
        report.warning("unknown-tactic", at, format!("ATT&CK has no tactic '{name}'"), hint);
    }
}

/// The template of the alert's title.
fn title(subject: &Subject<'_>, report: &mut Report) {
    let Some(title) = &subject.rule.wardgate.title else { return };
    let attributes = subject.document.and_then(|document| document.get("wardgate"));
    let at = attributes.and_then(|node| node.get("title")).map_or(subject.at("wardgate"), |n| n.at);
    for name in Template::parse(title).unknown_names() {
        let hint = ecs::Lookup::suggest(name).map(|meant| format!("did you mean '{meant}'?"));
        report.warning(
            "unknown-field",
            at,
            format!("there is no field '{name}' for the title"),
            hint,
        );
    }
}
