//! CSV for spreadsheets (RFC 4180), in which no cell can be a formula.

use std::io::{self, Write};

use detect::Alert;
use detect::sigma::{Level, Rule};
pub(crate) use store::output::csv::write_row;

/// The columns of alerts.
pub(crate) const ALERT_COLUMNS: [&str; 9] =
    ["time", "severity", "title", "user", "address", "place", "rule_name", "rule_id", "alert_id"];

/// Writes an alert as a row.
///
/// # Errors
///
/// When `out` cannot be written to.
pub(crate) fn write_alert(
    out: &mut dyn Write,
    alert: &Alert,
    level: Level,
    rule: &Rule,
) -> io::Result<()> {
    let time = alert.time.map(|time| time.to_string()).unwrap_or_default();
    let id = alert.id.to_string();
    write_row(
        out,
        [
            time.as_str(),
            level.as_str(),
            &alert.title,
            alert.user.as_deref().unwrap_or_default(),
            alert.address.as_deref().unwrap_or_default(),
            alert.whereabouts.as_deref().unwrap_or_default(),
            &rule.title,
            rule.id.as_deref().unwrap_or_default(),
            &id,
        ],
    )
}
