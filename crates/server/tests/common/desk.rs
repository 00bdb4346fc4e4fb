//! A desk on a data folder, without rules.

use std::path::Path;
use std::sync::Arc;

use detect::{Detector, Exceptions, Pack, Placeholders, Selection};
use server::api::{ActiveRules, Desk, DeskLimits, Reload, RuleBook};
use tokio::sync::watch;

pub(crate) fn empty(root: &Path) -> Arc<Desk> {
    let pack = Pack::default();
    let selection = Selection::default();
    let detector = Detector::with_indicators(
        &pack,
        &selection,
        Placeholders::default(),
        Exceptions::default(),
        Arc::default(),
    );
    let rules = ActiveRules {
        pack,
        configured: selection.clone(),
        selection,
        detector: Arc::new(detector),
        placeholders: Placeholders::default(),
        indicators: Arc::default(),
        file_exceptions: Vec::new(),
        exceptions: Vec::new(),
    };
    let book = Arc::new(RuleBook::new(rules));
    let (reload, _) = Reload::channel();
    let (stop, stopping) = watch::channel(false);
    // Tails end when it is gone.
    Box::leak(Box::new(stop));
    Arc::new(Desk::open(root, DeskLimits::default(), book, reload, stopping).unwrap())
}
