//! The ATT&CK matrix: which techniques the rules cover, and which of them fired.

use super::html::Page;
use super::{Tactic, Technique, words};

pub(super) fn section(page: &mut Page, tactics: &[Tactic]) {
    page.section("attack", "ATT&amp;CK matrix");
    let shown = || tactics.iter().filter(|tactic| !tactic.techniques.is_empty());
    if shown().next().is_none() {
        page.markup(
            "<p class=\"empty\">No loaded rule names an ATT&amp;CK technique.</p>\n</section>\n",
        );
        return;
    }
    page.markup(
        "<p class=\"note\">Enterprise tactics from left to right, with the techniques that the \
         loaded rules look for.</p>\n<ul class=\"legend\">\
         <li><span class=\"mark fired\">Fired</span></li>\
         <li><span class=\"mark covered\">Covered, found nothing</span></li>",
    );
    if shown().flat_map(|tactic| &tactic.techniques).any(|technique| technique.rules == 0) {
        page.markup("<li><span class=\"mark open\">Not covered</span></li>");
    }
    page.markup("</ul>\n<ol class=\"matrix\">\n");
    for tactic in shown() {
        let fired = tactic.techniques.iter().filter(|technique| technique.alerts > 0).count();
        page.markup("<li class=\"tactic\"><h3>")
            .label(&tactic.name)
            .markup("</h3><p class=\"dim\"><span class=\"mono\">");
        page.label(&tactic.id).markup("</span> · ");
        page.text(&format!("{fired} of {} fired", tactic.techniques.len())).markup("</p>\n<ul>\n");
        for technique in &tactic.techniques {
            cell(page, technique);
        }
        page.markup("</ul></li>\n");
    }
    page.markup("</ol>\n</section>\n");
}

fn cell(page: &mut Page, technique: &Technique) {
    let state = match (technique.alerts, technique.rules) {
        (1.., _) => "fired",
        (0, 1..) => "covered",
        (0, 0) => "open",
    };
    let under = if technique.id.contains('.') { " under" } else { "" };
    page.markup("<li").attribute("class", &format!("technique {state}{under}"));
    if technique.alerts > 0 {
        page.attribute("data-technique", &technique.id);
    }
    page.markup("><span class=\"mono\">")
        .label(&technique.id)
        .markup("</span> <span class=\"name\">");
    page.label(&technique.name).markup("</span> <span class=\"mark");
    page.markup(match state {
        "fired" => " fired\">",
        "covered" => " covered\">",
        _ => " open\">",
    });
    if technique.alerts > 0 {
        page.text(&words::counted(technique.alerts, "alert")).markup(", ");
    }
    if technique.rules > 0 {
        page.text(&words::counted(technique.rules, "rule"));
    } else {
        page.markup("no rule");
    }
    page.markup("</span></li>\n");
}
