//! Colours, the same everywhere. `anstream` takes them out where they are not wanted: off a
//! terminal, and with `NO_COLOR`.

use anstyle::{AnsiColor, Style};
use detect::sigma::Level;

/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// What is less important than what stands beside it.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// What is good.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is bad.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();

/// The style of a severity.
pub(crate) const fn level(level: Level) -> Style {
    match level {
        Level::Informational => QUIET,
        Level::Low => AnsiColor::Cyan.on_default(),
        Level::Medium => WARNING,
        Level::High => AnsiColor::Red.on_default(),
        Level::Critical => BAD,
    }
}

/// A text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
