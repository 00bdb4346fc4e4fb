//! Tables.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// The narrowest terminal that tables are fitted into. A terminal that says it is narrower has
/// no size to tell (a pseudo-terminal often says 0), and scrolls.
const NARROWEST: usize = 40;

/// How many columns the terminal has; `None` when there is none, or it does not say.
pub(crate) fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from).filter(|width| *width >= NARROWEST)
}

/// A table with a heading, as wide as the terminal at most, each line ended.
pub(crate) fn render<const COLUMNS: usize>(
    heading: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = fitted();
    table.set_header(heading.map(str::to_uppercase));
    for row in rows {
        table.add_row(row);
    }
    lines(&mut table)
}

/// An empty table without lines that fits the terminal.
pub(crate) fn fitted() -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    if terminal_width().is_some() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// The text of a table, each line ended.
pub(crate) fn lines(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
