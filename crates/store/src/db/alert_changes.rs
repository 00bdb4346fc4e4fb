//! What people do with alerts: state, verdict, assignee, comments; and its history.

use ecs::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::alerts::{AlertState, Verdict};
use super::audit::{self, Audit};

pub(crate) const TABLES: &str = "
CREATE TABLE alert_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    verdict TEXT,
    assignee TEXT,
    comment TEXT
);
CREATE INDEX alert_changes_alert ON alert_changes (alert);
";

/// What is to be done with an alert. What is `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertUpdate {
    /// When.
    pub at: Timestamp,
    /// Who does it.
    pub by: String,
    /// The new state. One that is closed needs a verdict.
    pub state: Option<AlertState>,
    /// The new verdict, of an alert that is closed or is being closed.
    pub verdict: Option<Verdict>,
    /// Who works on it from now on; nobody.
    pub assignee: Option<Option<String>>,
    /// What is said about it.
    pub comment: Option<String>,
    /// Only when nobody has changed it since it had this version.
    pub if_version: Option<u64>,
}

impl AlertUpdate {
    /// Nothing is to be done yet.
    #[must_use]
    pub fn new(by: impl Into<String>) -> Self {
        Self {
            at: Timestamp::now(),
            by: by.into(),
            state: None,
            verdict: None,
            assignee: None,
            comment: None,
            if_version: None,
        }
    }
}

/// Why an alert was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertRefused {
    /// It is being closed without saying what it was.
    #[error("a closed alert needs a verdict: true_positive, benign or false_positive")]
    NoVerdict,
    /// There is a verdict about an alert that is not closed.
    #[error("a verdict is for closed alerts: close it as well")]
    NotClosed,
    /// Somebody has changed it.
    #[error("somebody has changed the alert meanwhile: look at it again")]
    Changed,
}

/// What kind of change it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Of the state or the verdict.
    State,
    /// Of who works on it.
    Assign,
    /// Something was said.
    Comment,
}

impl ChangeKind {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Assign => "assign",
            Self::Comment => "comment",
        }
    }
}

impl ToSql for ChangeKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_str().to_sql()
    }
}

impl FromSql for ChangeKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "state" => Ok(Self::State),
            "assign" => Ok(Self::Assign),
            "comment" => Ok(Self::Comment),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A change of an alert, as it stands in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number, ascending.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Of what.
    pub kind: ChangeKind,
    /// The state then.
    pub state: AlertState,
    /// The verdict then.
    pub verdict: Option<Verdict>,
    /// Who worked on it then.
    pub assignee: Option<String>,
    /// What was said about it.
    pub comment: Option<String>,
}

/// Changes an alert, or the one that it is folded into; both in the history and in the audit log.
/// Gives the number of the last change, if anything had to be changed.
pub(crate) fn change(
    db: &Connection,
    seq: i64,
    update: &AlertUpdate,
) -> rusqlite::Result<Result<Option<i64>, AlertRefused>> {
    type Now = (i64, Vec<u8>, AlertState, Option<Verdict>, Option<String>, u64);
    let (seq, id, state, verdict, assignee, version): Now = db
        .prepare_cached(
            "SELECT seq, id, state, verdict, assignee, version FROM alerts
             WHERE seq = (SELECT coalesce(head, seq) FROM alerts WHERE seq = ?1)",
        )?
        .query_row([seq], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
    if update.if_version.is_some_and(|expected| expected != version) {
        return Ok(Err(AlertRefused::Changed));
    }
    let new_state = update.state.unwrap_or(state);
    let new_verdict = match (new_state, update.verdict.or(verdict)) {
        (AlertState::Closed, None) => return Ok(Err(AlertRefused::NoVerdict)),
        (AlertState::Closed, verdict) => verdict,
        _ if update.verdict.is_some() => return Ok(Err(AlertRefused::NotClosed)),
        _ => None,
    };
    let new_assignee = update.assignee.clone().unwrap_or_else(|| assignee.clone());
    let state_changes = new_state != state || new_verdict != verdict;
    let assignee_changes = new_assignee != assignee;
    let mut comment = update.comment.as_deref();
    let mut last = None;
    let mut note = |kind: ChangeKind, comment: Option<&str>| -> rusqlite::Result<()> {
        db.prepare_cached(
            "INSERT INTO alert_changes (alert, at, by, kind, state, verdict, assignee, comment)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            seq,
            update.at.0,
            update.by,
            kind,
            new_state,
            new_verdict,
            new_assignee,
            comment
        ])?;
        last = Some(db.last_insert_rowid());
        Ok(())
    };
    if assignee_changes {
        note(ChangeKind::Assign, None)?;
    }
    if state_changes {
        note(ChangeKind::State, comment.take())?;
    }
    if comment.is_some() {
        note(ChangeKind::Comment, comment)?;
    }
    let Some(last) = last else { return Ok(Ok(None)) };
    db.prepare_cached(
        "UPDATE alerts SET state = ?2, verdict = ?3, assignee = ?4, version = version + 1,
         comments = comments + ?5 WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        new_state,
        new_verdict,
        new_assignee,
        i64::from(update.comment.is_some())
    ])?;
    let id = uuid::Uuid::from_slice(&id).map(|id| id.to_string()).unwrap_or_default();
    let mut detail = serde_json::Map::new();
    if state_changes {
        let text = |verdict: Option<Verdict>| verdict.map(Verdict::as_str);
        detail.insert("state".into(), json!({"from": state.as_str(), "to": new_state.as_str()}));
        detail.insert("verdict".into(), json!({"from": text(verdict), "to": text(new_verdict)}));
    }
    if assignee_changes {
        detail.insert("assignee".into(), json!({"from": assignee, "to": new_assignee}));
    }
    if let Some(comment) = &update.comment {
        detail.insert("comment".into(), comment.as_str().into());
    }
    let is_comment = !state_changes && !assignee_changes;
    let audit = Audit {
        by: &update.by,
        action: if is_comment { "alert.comment" } else { "alert.change" },
        target: &id,
        detail: detail.into(),
    };
    audit::append(db, update.at, &audit)?;
    Ok(Ok(Some(last)))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        id: row.get(0)?,
        at: Timestamp(row.get(1)?),
        by: row.get(2)?,
        kind: row.get(3)?,
        state: row.get(4)?,
        verdict: row.get(5)?,
        assignee: row.get(6)?,
        comment: row.get(7)?,
    })
}

/// What was changed about an alert, oldest first.
pub(crate) fn changes(db: &Connection, seq: i64) -> rusqlite::Result<Vec<Change>> {
    let mut statement = db.prepare_cached(
        "SELECT c.id, c.at, c.by, c.kind, c.state, c.verdict, c.assignee, c.comment
         FROM alert_changes c, alerts a
         WHERE a.seq = ?1 AND c.alert = coalesce(a.head, a.seq) ORDER BY c.id",
    )?;
    statement.query_map([seq], read)?.collect()
}

/// One change.
pub(crate) fn one(db: &Connection, id: i64) -> rusqlite::Result<Option<Change>> {
    let mut statement = db.prepare_cached(
        "SELECT id, at, by, kind, state, verdict, assignee, comment FROM alert_changes
         WHERE id = ?1",
    )?;
    statement.query_row([id], read).optional()
}

/// The numbers of the alerts that were changed behind the change `after`, and the number of the
/// last change.
pub(crate) fn changed_since(db: &Connection, after: i64) -> rusqlite::Result<(Vec<i64>, i64)> {
    let mut statement = db.prepare_cached(
        "SELECT alert, max(id) FROM alert_changes WHERE id > ?1 GROUP BY alert ORDER BY 2 LIMIT 1000",
    )?;
    let rows = statement.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, i64)> = rows.collect::<Result<_, _>>()?;
    let last = rows.last().map_or(after, |(_, last)| *last);
    Ok((rows.into_iter().map(|(alert, _)| alert).collect(), last))
}

/// The number of the last change; 0 when there is none.
pub(crate) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(id), 0) FROM alert_changes", [], |row| row.get(0))
}
