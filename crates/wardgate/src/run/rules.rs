//! The rules that run: those of the configuration, with what people have changed at the desk.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use detect::{Detector, Exception};
use server::api::ActiveRules;
use store::Database;

use crate::commands::rule_selection::{RuleSelection, load_exceptions, report_problems};

/// The rules, as files and database have them now; what is wrong with some of them is said.
///
/// # Errors
///
/// When they cannot be used.
pub(super) fn load(
    selection: &RuleSelection,
    exceptions: Option<&Path>,
    database: &Database,
) -> Result<ActiveRules> {
    let pack = selection.load()?;
    let configured = selection.selection(&pack)?;
    let mut chosen = configured.clone();
    let switches = database.rule_switches()?.into_iter();
    chosen.switches = switches.map(|switch| (switch.rule, switch.enabled)).collect();
    let of_file = load_exceptions(exceptions)?;
    let file_exceptions = of_file.entries().to_vec();
    let of_desk = database.exceptions()?.into_iter().map(|stored| stored.exception);
    let of_desk = of_desk.map(|exception| Exception {
        rule: exception.rule,
        field: exception.field,
        values: exception.values,
        reason: exception.reason,
        expires: exception.expires,
        line: 0,
    });
    let (exceptions, problems) = of_file.and(of_desk.collect());
    if let Some(problem) = problems.first() {
        bail!("an exception cannot be used: {}", problem.message);
    }
    let all_exceptions = exceptions.entries().to_vec();
    let placeholders = selection.placeholders()?;
    let indicators = selection.indicators(false)?;
    let detector = Detector::with_indicators(
        &pack,
        &chosen,
        placeholders.clone(),
        exceptions,
        Arc::clone(&indicators),
    );
    report_problems(&pack, &detector, true);
    Ok(ActiveRules {
        pack,
        configured,
        selection: chosen,
        detector: Arc::new(detector),
        placeholders,
        indicators,
        file_exceptions,
        exceptions: all_exceptions,
    })
}
