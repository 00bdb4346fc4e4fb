//! The alerts, grouped by rule, each opening to what it is made of.

use std::collections::{HashMap, HashSet};

use super::html::{Page, key};
use super::severity::Severity;
use super::view::AlertView;
use super::{Report, overview, time, words};
use crate::scan::summary::RuleCount;

/// How many alerts are written out in full for readers without scripts and for print, the
/// worst first. The script writes the others when they are opened.
const WRITTEN_OUT: usize = 200;
/// How many events of an alert are written out.
const EVENTS_WRITTEN_OUT: usize = 10;
/// Reports of at most so many alerts come with all groups open.
const OPEN_GROUPS_UP_TO: usize = 40;

/// The alerts of one rule.
struct Group<'v, 'a> {
    id: &'v str,
    severity: Severity,
    rule: Option<&'v RuleCount>,
    alerts: Vec<&'v AlertView<'a>>,
}

pub(super) fn section(page: &mut Page, report: &Report<'_>, views: &[AlertView<'_>]) {
    page.section("alerts", "Alerts");
    if views.is_empty() {
        page.markup("<p class=\"empty\">");
        page.markup(if report.summary.alerts == 0 {
            "No rule matched any event. That is good news as far as the loaded rules can see; the \
             ATT&amp;CK matrix below shows what they look for."
        } else {
            "The alerts were counted but not kept for this report."
        });
        page.markup("</p>\n</section>\n");
        return;
    }
    if report.alerts_left_out > 0 {
        page.markup("<p class=\"notice\">").text(&format!(
            "{} listed here. {} counted above and left out of this list to keep the file small.",
            is_are(views.len() as u64),
            is_are(report.alerts_left_out),
        ));
        page.markup("</p>\n");
    }
    let groups = groups(report, views);
    filters(page, report, &groups);
    let written_out = worst(views);
    page.markup("<div id=\"list\">\n");
    for (index, group) in groups.iter().enumerate() {
        let open = index == 0 || views.len() <= OPEN_GROUPS_UP_TO;
        group_section(page, group, index, open, &written_out);
    }
    page.markup("</div>\n</section>\n");
}

fn is_are(count: u64) -> String {
    format!("{} {}", words::counted(count, "alert"), if count == 1 { "is" } else { "are" })
}

/// The alerts by rule, in the order of the rule table, so that their numbers agree.
fn groups<'v, 'a>(report: &'v Report<'_>, views: &'v [AlertView<'a>]) -> Vec<Group<'v, 'a>> {
    let mut by_rule: HashMap<&str, Vec<&AlertView<'a>>> = HashMap::new();
    let mut unknown: Vec<&str> = Vec::new();
    let known: HashSet<&str> = report.summary.rules.iter().map(|rule| rule.id.as_str()).collect();
    for view in views {
        let alerts = by_rule.entry(&view.rule_id).or_default();
        if alerts.is_empty() && !known.contains(&*view.rule_id) {
            unknown.push(&view.rule_id);
        }
        alerts.push(view);
    }
    let mut groups = Vec::new();
    for rule in overview::worst_first(&report.summary.rules) {
        if rule.count > 0 || by_rule.contains_key(rule.id.as_str()) {
            let alerts = by_rule.remove(rule.id.as_str()).unwrap_or_default();
            let severity = Severity::named(&rule.severity);
            groups.push(Group { id: &rule.id, severity, rule: Some(rule), alerts });
        }
    }
    for id in unknown {
        let alerts = by_rule.remove(id).unwrap_or_default();
        let severity = alerts.iter().map(|alert| alert.severity).max();
        let severity = severity.unwrap_or(Severity::Informational);
        groups.push(Group { id, severity, rule: None, alerts });
    }
    groups
}

/// The numbers of the alerts that are written out.
fn worst(views: &[AlertView<'_>]) -> HashSet<usize> {
    let mut order: Vec<&AlertView<'_>> = views.iter().collect();
    order.sort_by_key(|view| std::cmp::Reverse(view.severity));
    order.iter().take(WRITTEN_OUT).map(|view| view.number).collect()
}

fn filters(page: &mut Page, report: &Report<'_>, groups: &[Group<'_, '_>]) {
    page.markup(
        "<form id=\"filters\" class=\"filters\" aria-label=\"Filter the alerts\" hidden>\n\
         <fieldset><legend>Severity</legend>",
    );
    for severity in Severity::WORST_FIRST {
        page.markup("<button type=\"button\" class=\"toggle\" aria-pressed=\"false\"");
        page.attribute("data-severity", severity.digit()).markup(">").markup(severity.badge());
        page.markup("</button>");
    }
    page.markup(
        "</fieldset>\n<label>Rule <select id=\"f-rule\"><option value=\"\">All rules</option>",
    );
    for (index, group) in groups.iter().enumerate() {
        page.markup("<option").attribute("value", &index.to_string()).markup(">");
        page.plain(&group.name()).markup("</option>");
    }
    page.markup("</select></label>\n<label>User <select id=\"f-user\">");
    page.markup("<option value=\"\">All users</option>");
    for user in &report.summary.users {
        page.markup("<option>").plain(&user.name).markup("</option>");
    }
    page.markup("</select></label>\n<label>Address <select id=\"f-address\">");
    page.markup("<option value=\"\">All addresses</option>");
    for address in &report.summary.addresses {
        page.markup("<option>").plain(&address.name).markup("</option>");
    }
    page.markup(
        "</select></label>\n<label>Order <select id=\"f-order\">\
         <option value=\"rule\">By rule, worst first</option>\
         <option value=\"new\">Newest first</option><option value=\"old\">Oldest first</option>\
         </select></label>\n<label class=\"grow\">Text <input id=\"f-text\" type=\"search\" \
         autocomplete=\"off\" spellcheck=\"false\" placeholder=\"name, app, address, event type…\">\
         </label>\n<div class=\"state\"><p id=\"shown\" role=\"status\"></p>\
         <ul id=\"chips\" aria-label=\"Active filters\"></ul>\
         <button type=\"button\" id=\"clear\" hidden>Clear all filters</button></div>\n</form>\n",
    );
}

fn group_section(
    page: &mut Page,
    group: &Group<'_, '_>,
    index: usize,
    open: bool,
    written_out: &HashSet<usize>,
) {
    page.markup("<details class=\"rule\"").attribute("id", &format!("rule-{index}"));
    page.attribute("data-r", &index.to_string());
    page.attribute("data-techniques", &group.techniques());
    page.markup(if open { " open>" } else { ">" });
    page.markup("<summary><h3>").markup(group.severity.badge()).markup(" <span class=\"name\">");
    page.label(&group.name()).markup("</span></h3> <span class=\"tally\">");
    page.text(&words::counted(group.alerts.len() as u64, "alert"));
    page.markup("</span></summary>\n");
    about(page, group);
    page.markup("<div class=\"rows\">\n");
    for view in &group.alerts {
        row(page, view, index, written_out.contains(&view.number));
    }
    page.markup("</div></details>\n");
}

/// What is true for all alerts of a rule.
fn about(page: &mut Page, group: &Group<'_, '_>) {
    let Some(first) = group.alerts.first() else {
        page.markup("<p class=\"note\">None of its alerts are in this list.</p>\n");
        return;
    };
    page.markup("<div class=\"about\">\n");
    if let Some(description) = first.rule("description") {
        page.markup("<p>").text(&description).markup("</p>\n");
    }
    page.markup("<div class=\"columns\">");
    steps(page, first);
    page.markup("<div><h4>Rule</h4><dl>");
    if let Some(rule) = group.rule {
        page.markup("<div><dt>Effort</dt><dd>").label(&rule.effort).markup("</dd></div>");
    }
    page.markup("<div><dt>Id</dt><dd class=\"mono\">").label(group.id).markup("</dd></div></dl>");
    attack(page, first);
    let references = first.references();
    if !references.is_empty() {
        page.markup("<h4>References</h4><ul class=\"mono\">");
        for reference in references {
            page.markup("<li>").label(&reference).markup("</li>");
        }
        page.markup("</ul>");
    }
    page.markup("</div></div>\n</div>\n");
}

fn steps(page: &mut Page, view: &AlertView<'_>) {
    let (triage, harmless) = (view.triage(), view.false_positives());
    if triage.is_empty() && harmless.is_empty() {
        return;
    }
    page.markup("<div>");
    if !triage.is_empty() {
        page.markup("<h4>What to do</h4><ol>");
        for step in triage {
            page.markup("<li>").text(&step).markup("</li>");
        }
        page.markup("</ol>");
    }
    if !harmless.is_empty() {
        page.markup("<h4>Harmless when</h4><ul>");
        for reason in harmless {
            page.markup("<li>").text(&reason).markup("</li>");
        }
        page.markup("</ul>");
    }
    page.markup("</div>");
}

fn attack(page: &mut Page, view: &AlertView<'_>) {
    let attack = view.attack();
    if attack.is_empty() {
        return;
    }
    page.markup("<h4>ATT&amp;CK</h4><ul>");
    for (id, name) in attack {
        page.markup("<li><span class=\"mono\">").label(&id).markup("</span> ").label(&name);
        if let Some(address) = attack_page(&id) {
            page.markup(" <span class=\"address\">").text(&address).markup("</span>");
        }
        page.markup("</li>");
    }
    page.markup("</ul>");
}

/// Where ATT&CK describes a tactic or technique.
fn attack_page(id: &str) -> Option<String> {
    let (kind, digits) = match id.strip_prefix("TA") {
        Some(digits) => ("tactics", digits),
        None => ("techniques", id.strip_prefix('T')?),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| format!("attack.mitre.org/{kind}/{}/", id.replace('.', "/")))
}

fn row(page: &mut Page, view: &AlertView<'_>, rule: usize, written_out: bool) {
    page.markup("<details class=\"alert\"").attribute("data-n", &view.number.to_string());
    page.attribute("data-r", &rule.to_string()).attribute("data-s", view.severity.digit());
    if let Some(time) = view.time {
        page.attribute("data-t", &time.to_string());
    }
    let users: Vec<String> = view.users.iter().map(|user| key(user)).collect();
    page.attribute("data-user", &users.join("\n"));
    page.attribute("data-address", &key(view.address.as_deref().unwrap_or("")));
    page.markup("><summary>").markup(view.severity.badge()).markup(" <time>");
    page.text(&view.time.map_or_else(|| "no time".to_owned(), time::second));
    page.markup("</time> <span class=\"what\">")
        .label(&view.message)
        .markup("</span></summary><div class=\"body\">");
    if written_out {
        body(page, view);
    }
    page.markup("</div></details>\n");
}

fn body(page: &mut Page, view: &AlertView<'_>) {
    page.markup("<div class=\"columns\"><div><h4>Involved</h4><dl>");
    for entity in view.entities() {
        page.markup("<div><dt>").markup(entity.label).markup("</dt><dd>").label(&entity.name);
        if let Some(id) = entity.id {
            page.markup(" <span class=\"id\">").label(&id).markup("</span>");
        }
        page.markup("</dd></div>");
    }
    page.markup("</dl></div>");
    let matched = view.matched();
    if !matched.is_empty() {
        page.markup("<div><h4>What matched</h4><dl>");
        for (field, value) in matched {
            page.markup("<div><dt class=\"mono\">")
                .label(&field)
                .markup("</dt><dd class=\"mono\">");
            page.label(&value).markup("</dd></div>");
        }
        page.markup("</dl></div>");
    }
    page.markup("</div>");
    events(page, view);
}

fn events(page: &mut Page, view: &AlertView<'_>) {
    let all = view.events().count();
    if all == 0 {
        return;
    }
    page.markup("<h4>Events</h4><ul class=\"events\">");
    for event in view.events().take(EVENTS_WRITTEN_OUT) {
        page.markup("<li>");
        let time = event.time.map(time::second);
        let parts = [time.map(Into::into), event.action, event.outcome, event.actor, event.address];
        for (index, part) in parts.into_iter().flatten().enumerate() {
            page.markup(if index == 0 { "" } else { " · " }).label(&part);
        }
        if let Some(id) = event.id {
            page.markup(" <span class=\"id\">").label(&id).markup("</span>");
        }
        page.markup("</li>");
    }
    page.markup("</ul>");
    if all > EVENTS_WRITTEN_OUT {
        let rest = (all - EVENTS_WRITTEN_OUT) as u64;
        page.markup("<p class=\"note\">")
            .text(&format!("And {} more.", words::counted(rest, "event")));
        page.markup("</p>");
    }
}

impl Group<'_, '_> {
    fn name(&self) -> String {
        if let Some(rule) = self.rule {
            return rule.name.clone();
        }
        let named = self.alerts.iter().find_map(|alert| alert.rule("name"));
        named.map_or_else(|| self.id.to_owned(), Into::into)
    }

    /// The ids of its techniques, one a line.
    fn techniques(&self) -> String {
        match self.rule {
            Some(rule) => rule.techniques.join("\n"),
            None => {
                let attack = self.alerts.first().map(|alert| alert.attack()).unwrap_or_default();
                let ids: Vec<_> = attack.into_iter().map(|(id, _)| id.into_owned()).collect();
                ids.join("\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_attack_describes_things() {
        let cases = [
            ("T1098", Some("attack.mitre.org/techniques/T1098/")),
            ("T1098.001", Some("attack.mitre.org/techniques/T1098/001/")),
            ("TA0003", Some("attack.mitre.org/tactics/TA0003/")),
            ("T<b>", None),
            ("x", None),
        ];
        for (id, expected) in cases {
            assert_eq!(attack_page(id).as_deref(), expected);
        }
    }
}
