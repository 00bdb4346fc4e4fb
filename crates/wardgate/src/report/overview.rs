//! The top of the page: headline, severity cards, the rules that fired, users and addresses.

use super::html::{Page, key};
use super::severity::Severity;
use super::table::{self, Column};
use super::{Report, time, words};
use crate::scan::summary::{EntityCount, RuleCount, Summary};

/// How many rows a table shows before the rest is folded away by the script.
const FIRST_ROWS: u32 = 12;

pub(super) fn header(page: &mut Page, report: &Report<'_>) {
    page.markup(
        "<header class=\"top\">\n<div class=\"bar-line\"><p class=\"brand\">\
         <svg aria-hidden=\"true\" width=\"20\" height=\"22\" viewBox=\"0 0 20 22\">\
         <path d=\"M10 0 20 3.5V11c0 5.5-4.5 9.3-10 11C4.5 20.3 0 16.5 0 11V3.5Z\"/>\
         <path class=\"gate\" d=\"M5 17V9a5 5 0 0 1 10 0v8h-2.2V9.2H11V18H9V9.2H7.2V17Z\"/></svg>\
         Wardgate</p>\n<nav aria-label=\"Sections\"><ul>\
         <li><a href=\"#rules\">Rules</a></li><li><a href=\"#entities\">Who</a></li>\
         <li><a href=\"#alerts\">Alerts</a></li><li><a href=\"#attack\">ATT&amp;CK</a></li>\
         <li><a href=\"#sources\">Inputs</a></li></ul></nav>\n\
         <button type=\"button\" id=\"theme\" hidden>Theme</button></div>\n\
         <div class=\"intro\"><p class=\"eyebrow\">",
    );
    page.label(report.title).markup("</p>\n<h1>").text(&words::headline(report));
    page.markup("</h1>\n<p class=\"lead\">");
    for sentence in words::lead(report) {
        page.text(&sentence).markup(" ");
    }
    page.markup(
        "</p>\n<noscript><p class=\"notice\">Scripts are off. Everything is here except filters, \
         sorting and the raw events, which stand as JSON at the end of this file.</p></noscript>\
         </div>\n</header>\n",
    );
}

pub(super) fn cards(page: &mut Page, summary: &Summary) {
    page.markup("<section aria-labelledby=\"severity-title\">");
    page.markup("<h2 id=\"severity-title\" class=\"aside\">Alerts by severity</h2>\n");
    page.markup("<ul class=\"cards\">\n");
    let most = summary.severities.iter().map(|count| count.count).max().unwrap_or_default();
    for severity in Severity::WORST_FIRST {
        let named = summary.severities.iter().filter(|count| count.name == severity.name());
        let count = named.map(|count| count.count).sum();
        page.markup("<li><a class=\"card\" href=\"#alerts\"");
        page.attribute("data-severity", severity.digit()).markup(">");
        page.markup(severity.badge()).markup(" <strong>").count(count).markup("</strong> ");
        table::bar(page, count, most, severity.class());
        page.markup("</a></li>\n");
    }
    page.markup("</ul></section>\n");
}

pub(super) fn rules(page: &mut Page, report: &Report<'_>) {
    let (fired, silent): (Vec<_>, Vec<_>) =
        worst_first(&report.summary.rules).into_iter().partition(|rule| rule.count > 0);
    page.section("rules", "Rules that fired");
    if fired.is_empty() {
        page.markup("<p class=\"empty\">No rule fired.</p>\n");
    } else {
        fired_table(page, &fired);
    }
    if !silent.is_empty() {
        page.markup("<details class=\"fold\"><summary>");
        page.text(&words::counted(silent.len() as u64, "rule"));
        page.markup(" found nothing</summary>\n<ul class=\"silent\">");
        for rule in silent {
            page.markup("<li>").markup(Severity::named(&rule.severity).badge()).markup(" ");
            page.label(&rule.name).markup(" <span class=\"dim\">").label(&rule.effort);
            page.markup("</span></li>\n");
        }
        page.markup("</ul></details>\n");
    }
    page.markup("</section>\n");
}

/// Rules from the worst severity down, and by how often they fired.
pub(super) fn worst_first(rules: &[RuleCount]) -> Vec<&RuleCount> {
    let mut sorted: Vec<&RuleCount> = rules.iter().collect();
    sorted.sort_by_cached_key(|rule| {
        let severity = Severity::named(&rule.severity);
        (std::cmp::Reverse((severity, rule.count)), rule.name.clone())
    });
    sorted
}

fn fired_table(page: &mut Page, fired: &[&RuleCount]) {
    let most = fired.iter().map(|rule| rule.count).max().unwrap_or_default();
    let columns = [
        Column::Ranked("Severity"),
        Column::Text("Rule"),
        Column::Number("Alerts"),
        Column::Bars,
        Column::Text("First (UTC)"),
        Column::Text("Last (UTC)"),
        Column::Plain("ATT&CK"),
    ];
    table::begin(page, "Rules as a table", None, &columns);
    for (index, rule) in fired.iter().enumerate() {
        let severity = Severity::named(&rule.severity);
        page.markup("<tr><td").attribute("data-value", severity.digit()).markup(">");
        page.markup(severity.badge()).markup("</td><th scope=\"row\"><a");
        page.attribute("href", &format!("#rule-{index}")).markup(">").label(&rule.name);
        page.markup("</a></th>");
        table::number(page, rule.count);
        table::bar_cell(page, rule.count, most, severity.class());
        page.markup("<td class=\"time\">").label(&moment(rule.first.as_deref()));
        page.markup("</td><td class=\"time\">").label(&moment(rule.last.as_deref()));
        page.markup("</td><td class=\"mono\">").label(&rule.techniques.join(", "));
        page.markup("</td></tr>\n");
    }
    table::end(page);
}

pub(super) fn entities(page: &mut Page, summary: &Summary) {
    page.section("entities", "Who is involved");
    if summary.users.is_empty() && summary.addresses.is_empty() {
        page.markup("<p class=\"empty\">No alert names a user or an address.</p>\n</section>\n");
        return;
    }
    page.markup("<div class=\"pair\">\n");
    entity_table(page, &summary.users, "Users", "User", "user");
    entity_table(page, &summary.addresses, "Addresses", "Address", "address");
    page.markup("</div>\n</section>\n");
}

fn entity_table(
    page: &mut Page,
    entities: &[EntityCount],
    title: &'static str,
    column: &'static str,
    filter: &'static str,
) {
    if entities.is_empty() {
        return;
    }
    let placed = entities.iter().any(|entity| entity.place.is_some());
    let mut columns = vec![Column::Text(column)];
    columns.extend(placed.then_some(Column::Text("Place")));
    columns.extend([Column::Number("Alerts"), Column::Ranked("Worst"), Column::Number("Rules")]);
    page.markup("<div><h3>").markup(title).markup("</h3>\n");
    table::begin(page, title, Some(FIRST_ROWS), &columns);
    for entity in entities {
        let severity = Severity::named(&entity.severity);
        page.markup("<tr><th scope=\"row\"").attribute("data-filter", filter);
        page.attribute("data-value", &key(&entity.name)).markup(">");
        page.label(&entity.name).markup("</th>");
        if placed {
            page.markup("<td>").label(entity.place.as_deref().unwrap_or("")).markup("</td>");
        }
        table::number(page, entity.alerts);
        page.markup("<td").attribute("data-value", severity.digit()).markup(">");
        page.markup(severity.badge()).markup("</td>");
        table::number(page, entity.rules.len() as u64);
        page.markup("</tr>\n");
    }
    table::end(page);
    page.markup("</div>\n");
}

/// `2026-09-03 08:14`, or what the text says when it is no time.
pub(super) fn moment(text: Option<&str>) -> String {
    let text = text.unwrap_or("");
    time::parse(text).map_or_else(|| text.to_owned(), time::minute)
}
