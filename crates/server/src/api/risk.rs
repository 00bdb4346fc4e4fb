//! Risk: a plain sum over alerts, so that anybody can work it out again.
//!
//! Each alert counts by its severity: informational 0, low 5, medium 20, high 50, critical 100.
//! Those that were closed as benign or as false positives count for nothing, and repeats are not
//! counted beside the alert that they are folded into.

use serde::Serialize;
use store::{Alert, Verdict};
use utoipa::ToSchema;

use super::values::Time;

/// How many parts are told.
const MOST_PARTS: usize = 100;

/// What alerts come to together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Risk {
    pub(super) score: u64,
    /// What it is made of, the most first.
    parts: Vec<RiskPart>,
}

/// An alert's part in a risk.
#[derive(Debug, Serialize, ToSchema)]
struct RiskPart {
    alert: String,
    title: String,
    severity: String,
    points: u64,
    time: Time,
}

/// What an alert counts for.
pub(super) fn points(alert: &Alert) -> u64 {
    let is_harmless = matches!(alert.verdict, Some(Verdict::Benign | Verdict::FalsePositive));
    if is_harmless || alert.repeat_of.is_some() {
        return 0;
    }
    match alert.severity.as_str() {
        "critical" => 100,
        "high" => 50,
        "medium" => 20,
        "low" => 5,
        _ => 0,
    }
}

/// What alerts come to together.
pub(super) fn risk(alerts: &[Alert]) -> Risk {
    let mut counted: Vec<(u64, &Alert)> = alerts
        .iter()
        .map(|alert| (points(alert), alert))
        .filter(|(points, _)| *points > 0)
        .collect();
    counted.sort_by_key(|(points, alert)| std::cmp::Reverse((*points, alert.last_time, alert.seq)));
    let score = counted.iter().map(|(points, _)| points).sum();
    let parts = counted.into_iter().take(MOST_PARTS).map(|(points, alert)| RiskPart {
        alert: alert.id.to_string(),
        title: alert.title.clone(),
        severity: alert.severity.clone(),
        points,
        time: alert.last_time.into(),
    });
    Risk { score, parts: parts.collect() }
}

#[cfg(test)]
mod tests {
    use ecs::Timestamp;
    use store::AlertState;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_risk_is_a_plain_sum() {
        let alert = |severity: &str, verdict: Option<Verdict>, repeat_of: Option<Uuid>| Alert {
            seq: 1,
            id: Uuid::nil(),
            repeat_of,
            rule: String::new(),
            rule_name: String::new(),
            severity: severity.to_owned(),
            time: Timestamp(0),
            created: Timestamp(0),
            title: String::new(),
            user: None,
            address: None,
            place: None,
            state: AlertState::New,
            verdict,
            count: 9,
            last_time: Timestamp(0),
            assignee: None,
            techniques: Vec::new(),
            comments: 0,
            version: 0,
        };
        let alerts = [
            alert("high", None, None),
            alert("critical", Some(Verdict::TruePositive), None),
            alert("critical", Some(Verdict::FalsePositive), None),
            alert("critical", Some(Verdict::Benign), None),
            alert("critical", None, Some(Uuid::nil())),
            alert("medium", None, None),
            alert("low", None, None),
            alert("informational", None, None),
        ];
        let risk = risk(&alerts);
        assert_eq!(risk.score, 175);
        let points: Vec<u64> = risk.parts.iter().map(|part| part.points).collect();
        assert_eq!(points, [100, 50, 20, 5]);
    }
}
