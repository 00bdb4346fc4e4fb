//! What was read and how the report was made.

use super::html::Page;
use super::table::{self, Column};
use super::{Report, overview, words};

/// How many inputs are shown before the rest is folded away by the script.
const FIRST_INPUTS: u32 = 12;
/// How many event types are shown before the rest is folded away by the script.
const FIRST_TYPES: u32 = 12;

pub(super) fn section(page: &mut Page, report: &Report<'_>) {
    let summary = report.summary;
    page.section("sources", "Inputs").markup("<dl class=\"facts\">");
    let facts = [
        ("Events", summary.events),
        ("Could not be read", summary.rejects),
        ("Without a time", summary.undated),
        ("Outside the time asked for", summary.outside),
        ("Alerts raised before", summary.repeated_alerts),
        ("Alerts kept quiet by exceptions", summary.excepted_alerts),
        ("Bytes", summary.bytes),
    ];
    for (name, count) in facts {
        // What did not happen is told only of what people look for.
        if count > 0 || name == "Events" || name == "Could not be read" {
            page.markup("<div><dt>").markup(name).markup("</dt><dd>").count(count);
            page.markup("</dd></div>");
        }
    }
    let ends = [("First event (UTC)", &summary.first), ("Last event (UTC)", &summary.last)];
    for (name, end) in ends {
        if let Some(end) = end {
            page.markup("<div><dt>").markup(name).markup("</dt><dd>");
            page.label(&overview::moment(Some(end))).markup("</dd></div>");
        }
    }
    page.markup("</dl>\n<div class=\"pair\">\n");
    inputs(page, report);
    event_types(page, report);
    page.markup("</div>\n</section>\n");
}

fn inputs(page: &mut Page, report: &Report<'_>) {
    if report.summary.inputs.is_empty() {
        page.markup("<p class=\"empty\">There were no inputs.</p>\n");
        return;
    }
    let columns = [
        Column::Text("Input"),
        Column::Text("Form"),
        Column::Number("Events"),
        Column::Number("Rejects"),
    ];
    page.markup("<div><h3>Files</h3>\n");
    table::begin(page, "Files", Some(FIRST_INPUTS), &columns);
    for input in &report.summary.inputs {
        page.markup("<tr><th scope=\"row\">").label(&input.name).markup("</th><td>");
        page.label(&input.form).markup("</td>");
        table::number(page, input.events);
        table::number(page, input.rejects);
        page.markup("</tr>\n");
    }
    table::end(page);
    page.markup("</div>\n");
}

fn event_types(page: &mut Page, report: &Report<'_>) {
    let types = &report.summary.event_types;
    let most = types.iter().map(|kind| kind.count).max().unwrap_or_default();
    if most == 0 {
        return;
    }
    let columns = [Column::Text("Event type"), Column::Number("Events"), Column::Bars];
    page.markup("<div><h3>Event types</h3>\n");
    table::begin(page, "Event types", Some(FIRST_TYPES), &columns);
    for kind in types {
        page.markup("<tr><th scope=\"row\" class=\"mono\">").label(&kind.name).markup("</th>");
        table::number(page, kind.count);
        table::bar_cell(page, kind.count, most, "plain");
        page.markup("</tr>\n");
    }
    table::end(page);
    page.markup("</div>\n");
}

pub(super) fn footer(page: &mut Page, report: &Report<'_>) {
    page.markup("<footer>\n<h2>How this was made</h2>\n<p>");
    page.label(report.generated_by).markup(
        " read the inputs above, turned every event into an Elastic Common Schema record and \
         matched it against ",
    );
    page.text(&words::counted(report.summary.rules.len() as u64, "Sigma rule")).markup(
        ". An alert says that an event fits a rule, not that somebody attacked; the steps under \
         each rule tell how to find out.</p>\n<p>This file stands alone: it loads nothing and \
         sends nothing. Its data are JSON in the element with the id <code>data</code>. It holds \
         personal data from the log, so pass it on with care.</p>\n</footer>\n",
    );
}
