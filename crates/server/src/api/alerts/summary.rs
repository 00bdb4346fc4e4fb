//! Alerts in lists.

use serde::Serialize;
use store::{Alert, Verdict};
use utoipa::ToSchema;

use crate::api::values::Time;

/// An alert in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AlertSummary {
    pub(crate) id: String,
    pub(crate) seq: i64,
    /// The alert that it is folded into.
    pub(crate) repeat_of: Option<String>,
    /// What happened, in one line.
    pub(crate) title: String,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    pub(crate) severity: String,
    /// `new`, `acknowledged` or `closed`.
    pub(crate) state: &'static str,
    /// `true_positive`, `benign` or `false_positive`.
    pub(crate) verdict: Option<&'static str>,
    /// Who works on it.
    pub(crate) assignee: Option<String>,
    pub(crate) rule: RuleName,
    /// When it happened first.
    pub(crate) time: Time,
    pub(crate) last_time: Time,
    /// When it was stored.
    pub(crate) created: Time,
    /// How often it happened, repeats included.
    pub(crate) count: u64,
    pub(crate) user: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) place: Option<String>,
    /// ATT&CK techniques and sub-techniques.
    pub(crate) techniques: Vec<String>,
    pub(crate) comments: u64,
    /// Goes up with every change.
    pub(crate) version: u64,
}

/// A rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RuleName {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl From<Alert> for AlertSummary {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id.to_string(),
            seq: alert.seq,
            repeat_of: alert.repeat_of.map(|id| id.to_string()),
            title: alert.title,
            severity: alert.severity,
            state: alert.state.as_str(),
            verdict: alert.verdict.map(Verdict::as_str),
            assignee: alert.assignee,
            rule: RuleName { id: alert.rule, name: alert.rule_name },
            time: alert.time.into(),
            last_time: alert.last_time.into(),
            created: alert.created.into(),
            count: alert.count,
            user: alert.user,
            address: alert.address,
            place: alert.place,
            techniques: alert.techniques,
            comments: alert.comments,
            version: alert.version,
        }
    }
}
