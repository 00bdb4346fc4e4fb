//! Tables that scroll sideways on narrow screens and that the script makes sortable.

use super::html::Page;

/// A column by its heading.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// Names, sorted from A.
    Text(&'static str),
    /// Numbers, sorted from the largest.
    Number(&'static str),
    /// Words that stand for numbers, such as severities.
    Ranked(&'static str),
    /// Not sorted.
    Plain(&'static str),
    /// Bars, which repeat the numbers beside them.
    Bars,
}

/// Begins a table with a name for those who hear it. With `first`, the script folds away all
/// but the first rows.
pub(super) fn begin(page: &mut Page, name: &'static str, first: Option<u32>, columns: &[Column]) {
    page.markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\"");
    page.attribute("aria-label", name).markup("><table class=\"sortable\"");
    if let Some(first) = first {
        page.attribute("data-first", &first.to_string());
    }
    page.markup(">\n<thead><tr>");
    for column in columns {
        let (attributes, heading) = match column {
            Column::Text(heading) => (" data-sort=\"text\"", *heading),
            Column::Number(heading) => (" class=\"n\" data-sort=\"number\"", *heading),
            Column::Ranked(heading) => (" data-sort=\"number\"", *heading),
            Column::Plain(heading) => ("", *heading),
            Column::Bars => {
                page.markup("<td class=\"wide\" aria-hidden=\"true\"></td>");
                continue;
            }
        };
        page.markup("<th scope=\"col\"").markup(attributes).markup(">");
        page.text(heading).markup("</th>");
    }
    page.markup("</tr></thead>\n<tbody>\n");
}

/// Ends the table.
pub(super) fn end(page: &mut Page) {
    page.markup("</tbody></table></div>\n");
}

/// A cell with a number.
pub(super) fn number(page: &mut Page, number: u64) {
    page.markup("<td class=\"n\"").attribute("data-value", &number.to_string()).markup(">");
    page.count(number).markup("</td>");
}

/// A cell with a bar; see [`bar`].
pub(super) fn bar_cell(page: &mut Page, part: u64, most: u64, class: &'static str) {
    page.markup("<td class=\"wide\" aria-hidden=\"true\">");
    bar(page, part, most, class);
    page.markup("</td>");
}

/// A bar as long as `part` is of `most`, beside the number it stands for.
pub(super) fn bar(page: &mut Page, part: u64, most: u64, class: &'static str) {
    let share = part as f64 / most.max(1) as f64;
    page.markup("<svg class=\"bar\" aria-hidden=\"true\" width=\"100%\" height=\"8\">");
    page.markup("<rect class=\"track\" width=\"100%\" height=\"8\" rx=\"2\"/>");
    page.markup("<rect height=\"8\" rx=\"2\"").attribute("class", class);
    page.attribute("width", &percent(share)).markup("/></svg>");
}

/// A share of the width, for attributes of SVG.
pub(super) fn percent(share: f64) -> String {
    format!("{:.3}%", share * 100.0)
}
