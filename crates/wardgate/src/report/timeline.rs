//! The timeline: alerts as stacked bars over events as an area, on one axis.

use std::fmt::Write as _;

use super::html::Page;
use super::severity::Severity;
use super::table::{self, Column, percent};
use super::{time, words};
use crate::scan::summary::Timeline;

/// How many slots there are at most. More would be thinner than a line on a narrow screen.
const SLOTS: usize = 160;
/// The heights of the two plots and where they begin, in pixels.
const ALERTS_TOP: f64 = 8.0;
const ALERTS_HEIGHT: f64 = 120.0;
const EVENTS_TOP: f64 = 150.0;
const EVENTS_HEIGHT: f64 = 56.0;
/// A bar of one alert among thousands is still seen.
const LEAST_BAR: f64 = 3.0;
/// At most so many labels on the axis.
const TICKS: i64 = 10;

/// What happened in one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    events: u64,
    /// By rank of severity.
    alerts: [u64; 5],
}

/// Slots of equal length from `start` on, in milliseconds.
#[derive(Debug, PartialEq, Eq)]
struct Slots {
    start: i64,
    step: i64,
    slots: Vec<Slot>,
}

pub(super) fn section(page: &mut Page, timeline: &Timeline) {
    let Some(slots) = Slots::of(timeline) else { return };
    page.section("timeline", "Timeline").markup("<p class=\"note\">");
    let most = slots.slots.iter().map(Slot::all_alerts).max().unwrap_or_default();
    let busiest = slots.slots.iter().map(|slot| slot.events).max().unwrap_or_default();
    page.text(&format!(
        "Each bar is {}. At most {} and {} in one bar. Times are UTC.",
        time::length(slots.step),
        words::counted(most, "alert"),
        words::counted(busiest, "event"),
    ));
    if most > 0 {
        page.markup(
            " <span class=\"scripted\">Drag over the plot, or use the arrow keys and Enter, to show \
             only the alerts of that time.</span>",
        );
    }
    page.markup("</p>\n<ul class=\"legend\" aria-hidden=\"true\">");
    for severity in Severity::WORST_FIRST.into_iter().filter(|_| most > 0) {
        page.markup("<li>").markup(severity.badge()).markup("</li>");
    }
    page.markup("<li><span class=\"area-key\"></span>Events</li></ul>\n<div id=\"plot\"");
    page.attribute("data-start", &slots.start.to_string());
    page.attribute("data-step", &slots.step.to_string());
    page.attribute("data-slots", &slots.as_json());
    page.markup(">\n");
    drawing(page, &slots, most, busiest);
    page.markup("<div id=\"tip\" hidden></div>\n</div>\n");
    as_table(page, &slots);
    page.markup("</section>\n");
}

fn drawing(page: &mut Page, slots: &Slots, most: u64, busiest: u64) {
    let count = slots.slots.len() as f64;
    page.markup("<svg class=\"chart\" width=\"100%\" height=\"236\" role=\"img\"");
    page.attribute(
        "aria-label",
        "Alerts and events over time; the table below has the same numbers",
    );
    page.markup(">\n<g class=\"ticks\">");
    for (index, (at, label)) in slots.ticks().into_iter().enumerate() {
        let x = percent(at);
        page.markup("<line y1=\"0\" y2=\"212\"")
            .attribute("x1", &x)
            .attribute("x2", &x)
            .markup("/>");
        let minor = if index % 2 == 1 { "minor" } else { "major" };
        page.markup("<text y=\"230\"").attribute("x", &x).attribute("class", minor);
        page.markup(">").text(&label).markup("</text>");
    }
    page.markup("</g>\n<g class=\"bars\">");
    for (index, slot) in slots.slots.iter().enumerate() {
        let mut bottom = ALERTS_TOP + ALERTS_HEIGHT;
        for severity in Severity::WORST_FIRST {
            let alerts = slot.of(severity);
            if alerts == 0 {
                continue;
            }
            let height = (alerts as f64 / most as f64 * (ALERTS_HEIGHT - 12.0)).max(LEAST_BAR);
            bottom -= height;
            page.markup("<rect").attribute("class", severity.class());
            page.attribute("x", &percent((index as f64 + 0.08) / count));
            page.attribute("width", &percent(0.84 / count));
            page.attribute("y", &format!("{bottom:.1}"));
            page.attribute("height", &format!("{height:.1}")).markup("/>");
        }
    }
    page.markup("</g>\n<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"128\" y2=\"128\"/>\n");
    page.markup("<svg class=\"area\" x=\"0\" width=\"100%\" preserveAspectRatio=\"none\"");
    page.attribute("y", &EVENTS_TOP.to_string());
    page.attribute("height", &EVENTS_HEIGHT.to_string());
    page.attribute("viewBox", &format!("0 0 {count} 100"));
    page.markup("><path").attribute("d", &slots.area(busiest)).markup("/></svg>\n");
    page.markup(
        "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"206\" y2=\"206\"/>\n\
         <text class=\"plot-name\" x=\"2\" y=\"12\">Alerts</text>\
         <text class=\"plot-name\" x=\"2\" y=\"148\">Events</text>\n\
         <rect id=\"brush\" y=\"0\" height=\"212\" x=\"0\" width=\"0\"/>\
         <rect id=\"cursor\" y=\"0\" height=\"212\" x=\"0\" width=\"0\"/>\n</svg>\n",
    );
}

fn as_table(page: &mut Page, slots: &Slots) {
    let rows = || slots.slots.iter().enumerate().filter(|(_, slot)| slot.all_alerts() > 0);
    if rows().next().is_none() {
        return;
    }
    page.markup("<details class=\"fold\"><summary>Timeline as a table</summary>\n");
    let mut columns = vec![Column::Text("From (UTC)"), Column::Number("Events")];
    columns.extend(Severity::WORST_FIRST.map(|severity| Column::Number(severity.title())));
    table::begin(page, "Timeline as a table", None, &columns);
    for (index, slot) in rows() {
        let from = slots.start.saturating_add(slots.step.saturating_mul(index as i64));
        page.markup("<tr><th scope=\"row\">").text(&time::minute(from)).markup("</th>");
        table::number(page, slot.events);
        for severity in Severity::WORST_FIRST {
            table::number(page, slot.of(severity));
        }
        page.markup("</tr>\n");
    }
    table::end(page);
    page.markup("</details>\n");
}

impl Slot {
    fn all_alerts(&self) -> u64 {
        self.alerts.iter().sum()
    }

    fn of(&self, severity: Severity) -> u64 {
        self.alerts.get(severity.rank()).copied().unwrap_or_default()
    }
}

impl Slots {
    /// The slots of a timeline, as many neighbours taken together as it needs to be few.
    fn of(timeline: &Timeline) -> Option<Self> {
        let count = timeline.events.len().max(timeline.alerts.len());
        if count == 0 || timeline.step_ms <= 0 {
            return None;
        }
        let merge = count.div_ceil(SLOTS);
        let mut slots = vec![Slot::default(); count.div_ceil(merge)];
        for (index, slot) in slots.iter_mut().enumerate() {
            let from = index * merge;
            slot.events = timeline.events.iter().skip(from).take(merge).sum();
            for alerts in timeline.alerts.iter().skip(from).take(merge) {
                slot.alerts.iter_mut().zip(alerts).for_each(|(sum, count)| *sum += count);
            }
        }
        let step = timeline.step_ms.saturating_mul(merge as i64);
        Some(Self { start: timeline.start_ms, step, slots })
    }

    fn length(&self) -> i64 {
        self.step.saturating_mul(self.slots.len() as i64)
    }

    /// Where on the axis, from 0 to 1, which label stands.
    fn ticks(&self) -> Vec<(f64, String)> {
        const MINUTES: [i64; 19] = [
            1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 4320, 10_080, 20_160, 43_200,
            129_600, 525_600,
        ];
        let length = self.length();
        let distance = MINUTES
            .into_iter()
            .map(|minutes| minutes * 60_000)
            .find(|distance| length / distance <= TICKS)
            .unwrap_or(length / TICKS + 1);
        let first = self.start.div_euclid(distance).saturating_mul(distance);
        (0..=TICKS + 1)
            .map(|index| first.saturating_add(distance.saturating_mul(index)))
            .map(|at| (at.saturating_sub(self.start) as f64 / length as f64, at))
            // A label at the very edge would be cut off.
            .filter(|(position, _)| (0.03..=0.97).contains(position))
            .map(|(position, at)| (position, time::tick(at, distance)))
            .collect()
    }

    /// The outline of the events in a box as wide as there are slots and 100 high.
    fn area(&self, busiest: u64) -> String {
        let mut path = String::from("M0 100");
        for (index, slot) in self.slots.iter().enumerate() {
            let height = slot.events as f64 / busiest.max(1) as f64 * 100.0;
            let least = if slot.events > 0 { 3.0 } else { 0.0 };
            let _ = write!(path, "V{:.1}H{}", 100.0 - height.max(least), index + 1);
        }
        path.push_str("V100Z");
        path
    }

    /// `[[events, informational, …, critical], …]` for the script.
    fn as_json(&self) -> String {
        let mut json = String::from("[");
        for (index, slot) in self.slots.iter().enumerate() {
            let [a, b, c, d, e] = slot.alerts;
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(json, "{comma}[{},{a},{b},{c},{d},{e}]", slot.events);
        }
        json.push(']');
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn timeline(count: usize, step_ms: i64) -> Timeline {
        Timeline {
            start_ms: 1_788_393_600_000,
            step_ms,
            events: (0..count as u64).collect(),
            alerts: vec![[0, 0, 1, 0, 2]; count],
        }
    }

    #[test]
    fn few_slots_stay_as_they_are() {
        let slots = Slots::of(&timeline(100, HOUR)).unwrap();
        assert_eq!((slots.slots.len(), slots.step), (100, HOUR));
        assert_eq!(slots.slots[99], Slot { events: 99, alerts: [0, 0, 1, 0, 2] });
        assert_eq!(Slots::of(&timeline(0, HOUR)), None);
        assert_eq!(Slots::of(&timeline(5, 0)), None);
    }

    #[test]
    fn many_slots_are_taken_together_without_loss() {
        let slots = Slots::of(&timeline(1001, HOUR)).unwrap();
        assert_eq!((slots.slots.len(), slots.step), (143, 7 * HOUR));
        assert_eq!(slots.slots.iter().map(|slot| slot.events).sum::<u64>(), 500_500);
        assert_eq!(slots.slots.iter().map(Slot::all_alerts).sum::<u64>(), 3003);
    }

    #[test]
    fn ticks_are_few_and_inside() {
        for step in [1, 1000, 60_000, HOUR, 24 * HOUR, 365 * 24 * HOUR, i64::MAX / 400] {
            for count in [1, 2, 30, 160, 400] {
                let ticks = Slots::of(&timeline(count, step)).unwrap().ticks();
                assert!(ticks.len() <= 12, "{} ticks", ticks.len());
                assert!(ticks.iter().all(|(at, _)| (0.0..=1.0).contains(at)));
            }
        }
        let week = Slots::of(&timeline(7 * 24, HOUR)).unwrap().ticks();
        let labels: Vec<_> = week.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["4 Sep", "5 Sep", "6 Sep", "7 Sep", "8 Sep", "9 Sep"]);
    }

    #[test]
    fn the_area_is_closed() {
        let slots = Slots::of(&timeline(3, HOUR)).unwrap();
        assert_eq!(slots.area(2), "M0 100V100.0H1V50.0H2V0.0H3V100Z");
        assert_eq!(slots.as_json(), "[[0,0,0,1,0,2],[1,0,0,1,0,2],[2,0,0,1,0,2]]");
    }
}
