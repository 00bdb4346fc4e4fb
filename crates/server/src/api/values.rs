//! Values that many answers have.

use ecs::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A time in answers: RFC 3339 in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = "date-time", examples("2026-11-25T14:00:00.000Z"))]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

/// A day that could not be searched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadableDay {
    day: String,
    /// Why not, and what to do.
    reason: String,
}

pub(crate) fn unreadable(days: Vec<store::search::Unreadable>) -> Vec<UnreadableDay> {
    days.into_iter()
        .map(|one| UnreadableDay { day: one.day.to_string(), reason: one.reason })
        .collect()
}

/// A part of a histogram.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Bucket {
    /// Where it begins.
    pub(crate) time: Time,
    pub(crate) count: u64,
}

/// A value and how often it is there.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ValueCount {
    pub(crate) value: String,
    pub(crate) count: u64,
}

impl From<(String, u64)> for ValueCount {
    fn from((value, count): (String, u64)) -> Self {
        Self { value, count }
    }
}

/// What is wrong with a rule, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Diagnostic {
    #[schema(inline)]
    severity: DiagnosticSeverity,
    /// A short stable name for this kind of finding.
    code: &'static str,
    file: String,
    /// Counted from 1.
    line: u32,
    /// In characters, counted from 1.
    column: u32,
    message: String,
    /// What to do about it.
    hint: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum DiagnosticSeverity {
    Warning,
    Error,
}

impl From<&detect::sigma::Diagnostic> for Diagnostic {
    fn from(diagnostic: &detect::sigma::Diagnostic) -> Self {
        Self {
            severity: match diagnostic.severity {
                detect::sigma::Severity::Warning => DiagnosticSeverity::Warning,
                detect::sigma::Severity::Error => DiagnosticSeverity::Error,
            },
            code: diagnostic.code,
            file: diagnostic.file.to_string(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}
