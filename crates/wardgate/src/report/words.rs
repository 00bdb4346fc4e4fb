//! What happened, in sentences.

use super::Report;
use super::html::{grouped, key};
use super::severity::Severity;
use super::time;
use crate::scan::summary::EntityCount;

/// The headline: how many alerts, how bad, in what.
pub(super) fn headline(report: &Report<'_>) -> String {
    let summary = report.summary;
    if summary.events == 0 {
        return "No events were read".to_owned();
    }
    let events = counted(summary.events, "event");
    if summary.alerts == 0 {
        return format!("No alerts in {events}");
    }
    let alerts = counted(summary.alerts, "alert");
    let worst: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .filter(|severity| *severity >= Severity::Medium)
        .filter_map(|severity| {
            let count = count_of(report, severity);
            (count > 0).then(|| format!("{} {}", grouped(count), severity.name()))
        })
        .collect();
    let parts: u64 = summary.severities.iter().map(|severity| severity.count).sum();
    let shares: u64 = summary
        .severities
        .iter()
        .filter(|severity| Severity::named(&severity.name) >= Severity::Medium)
        .map(|severity| severity.count)
        .sum();
    if worst.is_empty() {
        return format!("{alerts} in {events}, none above low severity");
    }
    if shares == parts && worst.len() == 1 {
        let severity = Severity::WORST_FIRST.into_iter().find(|rank| count_of(report, *rank) > 0);
        let name = severity.map_or("", Severity::name);
        return format!(
            "{} {name} alert{} in {events}",
            grouped(summary.alerts),
            plural(summary.alerts)
        );
    }
    format!("{alerts} in {events}: {}", listed(&worst))
}

/// The sentences under the headline.
pub(super) fn lead(report: &Report<'_>) -> Vec<String> {
    let summary = report.summary;
    let mut sentences = Vec::new();
    let ends = [&summary.first, &summary.last].map(|end| end.as_deref().and_then(time::parse));
    if let [Some(first), Some(last)] = ends {
        let (from, to) = (time::day(first), time::day(last));
        let span = time::span(last - first);
        sentences.push(if from == to {
            format!("The events span {span} on {from} (UTC).")
        } else {
            format!("The events span {span}, from {from} to {to} (UTC).")
        });
    }
    if let Some(rule) = summary
        .rules
        .iter()
        .filter(|rule| rule.count > 0)
        .max_by_key(|rule| (Severity::named(&rule.severity), rule.count))
    {
        sentences.push(format!(
            "Start with “{}”: {} {} alert{}.",
            key(&rule.name),
            grouped(rule.count),
            Severity::named(&rule.severity).name(),
            plural(rule.count),
        ));
    }
    let user = most_involved(&summary.users);
    let address = most_involved(&summary.addresses);
    match (user, address) {
        (Some(user), Some(address)) => {
            let place = address.place.as_deref().map(key);
            let place = place.map_or(String::new(), |place| format!(" ({place})"));
            sentences.push(format!(
                "Most involved are {} with {} and the address {}{place} with {}.",
                key(&user.name),
                counted(user.alerts, "alert"),
                key(&address.name),
                counted(address.alerts, "alert"),
            ));
        }
        (Some(one), None) | (None, Some(one)) => sentences.push(format!(
            "Most involved is {} with {}.",
            key(&one.name),
            counted(one.alerts, "alert")
        )),
        (None, None) => {}
    }
    if summary.rejects > 0 {
        sentences.push(format!(
            "{} could not be read as {} and {} left out.",
            counted(summary.rejects, "record"),
            if summary.rejects == 1 { "an event" } else { "events" },
            if summary.rejects == 1 { "was" } else { "were" },
        ));
    }
    sentences
}

/// Who has the most alerts; the first of them, when there are several.
fn most_involved(entities: &[EntityCount]) -> Option<&EntityCount> {
    let involved = entities.iter().filter(|entity| entity.alerts > 0);
    involved.min_by_key(|entity| std::cmp::Reverse(entity.alerts))
}

/// How many alerts of a severity the summary counts.
pub(super) fn count_of(report: &Report<'_>, severity: Severity) -> u64 {
    let counts = &report.summary.severities;
    counts.iter().filter(|count| count.name == severity.name()).map(|count| count.count).sum()
}

/// `1 alert`, `1,204 alerts`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), plural(count))
}

/// The ending of a noun of which there are so many.
pub(super) const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;
    use crate::scan::summary::{Count, Summary};

    fn with(severities: &[(&str, u64)]) -> Summary {
        let severities: Vec<Count> = severities
            .iter()
            .map(|(name, count)| Count { name: (*name).to_owned(), count: *count })
            .collect();
        Summary {
            events: 120_345,
            alerts: severities.iter().map(|count| count.count).sum(),
            severities,
            ..Summary::default()
        }
    }

    #[test]
    fn the_headline_says_how_many_and_how_bad() {
        let cases: [(&[(&str, u64)], &str); 6] = [
            (&[], "No alerts in 120,345 events"),
            (&[("high", 1)], "1 high alert in 120,345 events"),
            (&[("critical", 2)], "2 critical alerts in 120,345 events"),
            (&[("low", 7)], "7 alerts in 120,345 events, none above low severity"),
            (&[("high", 1), ("low", 7)], "8 alerts in 120,345 events: 1 high"),
            (
                &[("critical", 3), ("high", 25), ("medium", 1000), ("low", 9)],
                "1,037 alerts in 120,345 events: 3 critical, 25 high and 1,000 medium",
            ),
        ];
        for (severities, expected) in cases {
            let summary = with(severities);
            let report = report(&summary);
            assert_eq!(headline(&report), expected);
        }
        let nothing = Summary::default();
        assert_eq!(headline(&report(&nothing)), "No events were read");
    }

    #[test]
    fn the_lead_names_the_span_and_the_rejects() {
        let mut summary = with(&[]);
        summary.first = Some("2026-09-01T00:00:00Z".to_owned());
        summary.last = Some("2026-09-28T12:00:00Z".to_owned());
        summary.rejects = 1;
        let lead = lead(&report(&summary));
        assert_eq!(
            lead,
            [
                "The events span 28 days, from 1 September 2026 to 28 September 2026 (UTC).",
                "1 record could not be read as an event and was left out."
            ]
        );
    }

    #[test]
    fn the_lead_names_who_has_the_most_alerts() {
        let entity = |name: &str, alerts, place: Option<&str>| EntityCount {
            name: name.to_owned(),
            alerts,
            severity: "low".to_owned(),
            rules: Vec::new(),
            place: place.map(str::to_owned),
        };
        let mut summary = with(&[("low", 17)]);
        summary.users =
            vec![entity("ada", 2, None), entity("bob", 15, None), entity("c", 15, None)];
        assert_eq!(lead(&report(&summary)), ["Most involved is bob with 15 alerts."]);
        summary.addresses = vec![entity("192.0.2.1", 1, Some("Riga, Latvia"))];
        assert_eq!(
            lead(&report(&summary)),
            [
                "Most involved are bob with 15 alerts and the address 192.0.2.1 (Riga, Latvia) with 1 alert."
            ]
        );
    }
}
