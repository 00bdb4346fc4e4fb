//! What was read and how the report was made.

use super::html::Page;
use super::timeline::bar;
use super::{Report, overview, words};

/// How many event types are shown before the rest is folded away by the script.
const FIRST_TYPES: &str = "12";

pub(super) fn section(page: &mut Page, report: &Report<'_>) {
    let summary = report.summary;
    page.markup("<section id=\"sources\" aria-labelledby=\"sources-title\">\n<h2 id=\"sources-title\">Inputs</h2>\n<dl class=\"facts\">");
    let facts = [
        ("Events", super::html::grouped(summary.events)),
        ("Could not be read", super::html::grouped(summary.rejects)),
        ("Without a time", super::html::grouped(summary.undated)),
        ("Bytes", super::html::grouped(summary.bytes)),
        ("First event (UTC)", overview::moment(summary.first.as_deref())),
        ("Last event (UTC)", overview::moment(summary.last.as_deref())),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        page.markup("<div><dt>").text(name).markup("</dt><dd>").label(value).markup("</dd></div>");
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
    page.markup("<div><h3>Files</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Files\"><table class=\"sortable\" data-first=\"12\">\n<thead><tr><th scope=\"col\" data-sort=\"text\">Input</th><th scope=\"col\" data-sort=\"text\">Form</th><th scope=\"col\" class=\"n\" data-sort=\"number\">Events</th><th scope=\"col\" class=\"n\" data-sort=\"number\">Rejects</th></tr></thead>\n<tbody>\n");
    for input in &report.summary.inputs {
        page.markup("<tr><th scope=\"row\">")
            .label(&input.name)
            .markup("</th><td>")
            .label(&input.form);
        for count in [input.events, input.rejects] {
            page.markup("</td><td class=\"n\"").attribute("data-value", &count.to_string());
            page.markup(">").count(count);
        }
        page.markup("</td></tr>\n");
    }
    page.markup("</tbody></table></div></div>\n");
}

fn event_types(page: &mut Page, report: &Report<'_>) {
    let types = &report.summary.event_types;
    let most = types.iter().map(|kind| kind.count).max().unwrap_or_default();
    if most == 0 {
        return;
    }
    page.markup("<div><h3>Event types</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Event types\"><table class=\"sortable\"");
    page.attribute("data-first", FIRST_TYPES);
    page.markup(">\n<thead><tr><th scope=\"col\" data-sort=\"text\">Event type</th><th scope=\"col\" class=\"n\" data-sort=\"number\">Events</th><th class=\"wide\" aria-hidden=\"true\"></th></tr></thead>\n<tbody>\n");
    for kind in types {
        page.markup("<tr><th scope=\"row\" class=\"mono\">").label(&kind.name);
        page.markup("</th><td class=\"n\"").attribute("data-value", &kind.count.to_string());
        page.markup(">").count(kind.count).markup("</td><td class=\"wide\" aria-hidden=\"true\">");
        bar(page, kind.count, most, "plain");
        page.markup("</td></tr>\n");
    }
    page.markup("</tbody></table></div></div>\n");
}

pub(super) fn footer(page: &mut Page, report: &Report<'_>) {
    page.markup("<footer>\n<h2>How this was made</h2>\n<p>");
    page.label(report.generated_by).markup(" read the inputs above, turned every event into an Elastic Common Schema record and matched it against ");
    page.text(&words::counted(report.summary.rules.len() as u64, "Sigma rule"));
    page.markup(". An alert says that an event fits a rule, not that somebody attacked; the steps under each rule tell how to find out.</p>\n<p>This file stands alone: it loads nothing and sends nothing. Its data are JSON in the element with the id <code>data</code>. It holds personal data from the log, so pass it on with care.</p>\n</footer>\n");
}
