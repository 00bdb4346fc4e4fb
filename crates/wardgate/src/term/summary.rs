//! The summary of a scan, for people.

use std::io::{self, Write};
use std::time::Duration;

use detect::sigma::Level;
use indicatif::{HumanBytes, HumanCount};

use super::clean::clean_to;
use super::say::say;
use super::style::{self, GOOD, HEADING, QUIET, WARNING, paint};
use crate::scan::{EntityCount, RuleCount, Summary, Timeline};

/// How many users and addresses are named.
const MOST_ENTITIES: usize = 5;

/// How wide the timeline is, in characters.
const WIDTH: usize = 60;

/// Says on the standard error what was rejected: the first ones in full.
pub(crate) fn rejects(first: &[String], count: u64, written: bool) {
    for reject in first {
        say(&format!("wardgate: {reject}"));
    }
    let more = count.saturating_sub(first.len() as u64);
    if more > 0 {
        let hint = if written { "" } else { " (--rejects FILE keeps all of them)" };
        say(&format!("wardgate: {} more are no events{hint}", HumanCount(more)));
    }
}

/// Writes the summary.
///
/// # Errors
///
/// When `out` cannot be written to.
pub(crate) fn write(out: &mut impl Write, found: &Summary, took: Duration) -> io::Result<()> {
    let rate = found.events as f64 / took.as_secs_f64().max(1e-6);
    writeln!(out)?;
    write!(
        out,
        "{} events in {}, {} in {:.1} s ({}/s)",
        paint(HEADING, &HumanCount(found.events).to_string()),
        many(found.inputs.len(), "input", "inputs"),
        HumanBytes(found.bytes),
        took.as_secs_f64(),
        HumanCount(rate as u64),
    )?;
    let asides = [
        (found.rejects, "not events"),
        (found.undated, "without a valid date"),
        (found.outside, "outside the time asked for"),
        (found.excepted_alerts, "alerts excepted"),
        (found.repeated_alerts, "alerts repeated"),
    ];
    for (count, what) in asides.iter().filter(|(count, _)| *count > 0) {
        write!(out, ", {}", paint(WARNING, &format!("{} {what}", HumanCount(*count))))?;
    }
    writeln!(out)?;
    if let (Some(first), Some(last)) = (&found.first, &found.last) {
        writeln!(out, "{}", paint(QUIET, &format!("{} to {}", minute(first), minute(last))))?;
    }
    timeline(out, &found.timeline)?;
    writeln!(out)?;
    if found.alerts == 0 {
        return writeln!(out, "{}", paint(GOOD, "No alerts."));
    }
    let severities = found.severities.iter().filter(|count| count.count > 0).map(|count| {
        let level = Level::from_name(&count.name).unwrap_or(Level::Medium);
        paint(style::level(level), &format!("{} {}", HumanCount(count.count), count.name))
    });
    let severities: Vec<_> = severities.collect();
    let alerts = many(usize::try_from(found.alerts).unwrap_or(usize::MAX), "alert", "alerts");
    writeln!(out, "{}: {}", paint(HEADING, &alerts), severities.join(", "))?;
    writeln!(out)?;
    rules(out, &found.rules)?;
    entities(out, "Most involved users", &found.users)?;
    entities(out, "Most involved addresses", &found.addresses)
}

fn rules(out: &mut impl Write, rules: &[RuleCount]) -> io::Result<()> {
    let widest = rules.iter().map(|rule| rule.name.chars().count()).max().unwrap_or_default();
    let widest = widest.min(52);
    let heading = format!(
        "{:<13} {:>7}  {:<widest$}  {:<16}  {:<16}",
        "SEVERITY", "ALERTS", "RULE", "FIRST", "LAST"
    );
    writeln!(out, "{}", paint(QUIET, heading.trim_end()))?;
    for rule in rules {
        let level = Level::from_name(&rule.severity).unwrap_or(Level::Medium);
        let time = |time: &Option<String>| time.as_deref().map(minute).unwrap_or_default();
        writeln!(
            out,
            "{} {:>7}  {:<widest$}  {:<16}  {:<16}",
            paint(style::level(level), &format!("{:<13}", rule.severity)),
            HumanCount(rule.count).to_string(),
            clean_to(&rule.name, widest),
            time(&rule.first),
            time(&rule.last),
        )?;
    }
    Ok(())
}

fn entities(out: &mut impl Write, heading: &str, entities: &[EntityCount]) -> io::Result<()> {
    if entities.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint(HEADING, heading))?;
    let named = |entity: &EntityCount| match &entity.place {
        Some(place) => clean_to(&format!("{} ({place})", entity.name), 44),
        None => clean_to(&entity.name, 44),
    };
    for entity in entities.iter().take(MOST_ENTITIES) {
        let level = Level::from_name(&entity.severity).unwrap_or(Level::Medium);
        let name = named(entity);
        let padding = 44_usize.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str()));
        let count = format!("{:>5}", HumanCount(entity.alerts).to_string());
        let rules = clean_to(&entity.rules.join(", "), 70);
        writeln!(
            out,
            "  {name}{:padding$} {}  {}",
            "",
            paint(style::level(level), &count),
            paint(QUIET, &rules),
        )?;
    }
    Ok(())
}

/// Writes events over time as a line of bars, and alerts below it.
fn timeline(out: &mut impl Write, timeline: &Timeline) -> io::Result<()> {
    if timeline.events.len() < 2 {
        return Ok(());
    }
    let alerts: Vec<u64> = timeline.alerts.iter().map(|counts| counts.iter().sum()).collect();
    writeln!(out)?;
    writeln!(out, "  events {}", sparkline(&timeline.events))?;
    if alerts.iter().any(|count| *count > 0) {
        writeln!(out, "  alerts {}", paint(WARNING, &sparkline(&alerts)))?;
    }
    Ok(())
}

/// Counts as bars of eight heights; nothing is a space.
fn sparkline(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = counts.len().div_ceil(WIDTH).max(1);
    let sums: Vec<u64> = counts.chunks(each).map(|counts| counts.iter().sum()).collect();
    let most = sums.iter().copied().max().unwrap_or_default().max(1);
    let bar = |sum: &u64| {
        if *sum == 0 {
            return ' ';
        }
        let height = (u128::from(*sum) * 8).div_ceil(u128::from(most)).clamp(1, 8);
        BARS.get(height as usize - 1).copied().unwrap_or('█')
    };
    sums.iter().map(bar).collect()
}

/// A date and time without seconds: `2026-09-03 08:14`.
fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}

fn many(count: usize, one: &str, more: &str) -> String {
    let count = HumanCount(count as u64);
    if count.0 == 1 { format!("{count} {one}") } else { format!("{count} {more}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_counts() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), " ▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0, 1, 1_000_000]), " ▁█");
        assert_eq!(sparkline(&vec![1; 1_000]).chars().count(), 59);
        assert_eq!(sparkline(&[u64::MAX / 2]), "█");
    }
}
