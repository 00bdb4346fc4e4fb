//! Indicators in alerts: what ECS has fields for, and the rest.

use ecs::write_json_string;
use intel::{Finding, Found};

use crate::alert::{comma, member, members, object};

/// Writes `threat.indicator` (the surest one) and `threat.enrichments` (all), into the object
/// `threat` that was written last, or into one of their own.
pub(crate) fn write_threat(out: &mut Vec<u8>, has_threat: bool, findings: &[Finding]) {
    let Some(first) = findings.first() else { return };
    if has_threat {
        // Its closing brace; another follows.
        out.pop();
    } else {
        out.extend_from_slice(b",\"threat\":{");
    }
    object(out, "indicator", |out| indicator(out, &first.indicator));
    object(out, "feed", |out| member(out, "name", Some(&first.indicator.feed)));
    comma(out);
    out.extend_from_slice(b"\"enrichments\":[");
    for finding in findings {
        comma(out);
        out.push(b'{');
        object(out, "indicator", |out| indicator(out, &finding.indicator));
        object(out, "matched", |out| {
            member(out, "atomic", Some(&finding.matched));
            member(out, "field", Some(finding.field));
            member(out, "type", Some("indicator_match_rule"));
        });
        object(out, "feed", |out| member(out, "name", Some(&finding.indicator.feed)));
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

fn indicator(out: &mut Vec<u8>, found: &Found) {
    member(out, "type", Some(found.kind));
    member(out, "name", Some(&found.value));
    match found.kind {
        "ipv4-addr" | "ipv6-addr" if !found.value.contains('/') => {
            member(out, "ip", Some(&found.value));
        }
        "url" => object(out, "url", |out| member(out, "full", Some(&found.value))),
        "domain-name" => object(out, "url", |out| member(out, "domain", Some(&found.value))),
        "email-addr" => object(out, "email", |out| member(out, "address", Some(&found.value))),
        "autonomous-system" => object(out, "as", |out| number(out, "number", &found.value)),
        _ => {}
    }
    member(out, "provider", Some(&found.feed));
    member(out, "description", Some(&found.description));
    // The bands of STIX 2.1, appendix A.
    let confidence = found.confidence.map(|confidence| match confidence {
        0 => "None",
        1..=29 => "Low",
        30..=69 => "Medium",
        _ => "High",
    });
    member(out, "confidence", Some(confidence.unwrap_or("Not Specified")));
    if let Some(tlp) = found.tlp {
        object(out, "marking", |out| member(out, "tlp", Some(tlp.name())));
    }
}

/// Writes `indicators` of `wardgate.alert`: all that is known of them.
pub(crate) fn write_details(out: &mut Vec<u8>, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    comma(out);
    out.extend_from_slice(b"\"indicators\":[");
    for Finding { field, matched, indicator } in findings {
        comma(out);
        out.push(b'{');
        member(out, "value", Some(&indicator.value));
        member(out, "type", Some(indicator.kind));
        member(out, "id", Some(&indicator.id));
        member(out, "feed", Some(&indicator.feed));
        member(out, "valid_from", indicator.valid_from.map(|time| time.to_string()).as_deref());
        member(out, "valid_until", indicator.valid_until.map(|time| time.to_string()).as_deref());
        if let Some(confidence) = indicator.confidence {
            number(out, "confidence", &confidence.to_string());
        }
        member(out, "tlp", indicator.tlp.map(|tlp| tlp.name()));
        members(out, "labels", &indicator.labels);
        member(out, "description", Some(&indicator.description));
        member(out, "field", Some(field));
        member(out, "matched", Some(matched));
        out.push(b'}');
    }
    out.push(b']');
}

fn number(out: &mut Vec<u8>, name: &str, digits: &str) {
    comma(out);
    write_json_string(out, name);
    out.push(b':');
    out.extend_from_slice(digits.as_bytes());
}
