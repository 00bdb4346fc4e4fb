//! Alerts and what people do with them.

use std::fmt;
use std::str::FromStr;

use ecs::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use uuid::Uuid;

/// An alert on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// The same for the same rule and events.
    pub id: Uuid,
    /// The id of the rule.
    pub rule: String,
    /// The name of the rule.
    pub rule_name: String,
    /// Its level.
    pub severity: String,
    /// When it happened.
    pub time: Timestamp,
    /// What happened, in one line.
    pub title: String,
    /// The login name of the user it is about.
    pub user: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// Where that address is thought to be.
    pub place: Option<String>,
    /// The alert as an ECS document in JSON.
    pub document: String,
}

impl NewAlert {
    /// Whom or what repeats of the alert have in common.
    fn entity(&self) -> &str {
        self.user.as_deref().or(self.address.as_deref()).unwrap_or_default()
    }
}

/// How far people are with an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// Nobody has looked at it.
    #[default]
    New,
    /// Somebody looks at it.
    Acknowledged,
    /// It is dealt with.
    Closed,
}

/// What an alert turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// An attack.
    TruePositive,
    /// What the rule looks for, and harmless.
    Benign,
    /// Not what the rule looks for.
    FalsePositive,
}

macro_rules! words {
    ($type:ident, $expected:literal, $($variant:ident => $word:literal),+) => {
        impl $type {
            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $( $word => Ok(Self::$variant), )+
                    _ => Err(concat!("expected ", $expected).to_owned()),
                }
            }
        }

        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.as_str().to_sql()
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
            }
        }
    };
}

words!(AlertState, "new, acknowledged or closed",
    New => "new", Acknowledged => "acknowledged", Closed => "closed");
words!(Verdict, "true_positive, benign or false_positive",
    TruePositive => "true_positive", Benign => "benign", FalsePositive => "false_positive");

/// An alert with what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number, ascending in the order in which alerts were stored.
    pub seq: i64,
    /// Its identity.
    pub id: Uuid,
    /// The alert that it repeats.
    pub repeat_of: Option<Uuid>,
    /// The id of the rule.
    pub rule: String,
    /// The name of the rule.
    pub rule_name: String,
    /// The rule's level.
    pub severity: String,
    /// When it happened.
    pub time: Timestamp,
    /// When it was stored.
    pub created: Timestamp,
    /// What happened, in one line.
    pub title: String,
    /// The login name of the user it is about.
    pub user: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// Where that address is thought to be.
    pub place: Option<String>,
    /// How far people are with it.
    pub state: AlertState,
    /// What it turned out to be.
    pub verdict: Option<Verdict>,
    /// How often it happened, repeats included.
    pub count: u64,
    /// When it happened last.
    pub last_time: Timestamp,
}

/// An alert with its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// The alert.
    pub alert: Alert,
    /// Its ECS document in JSON.
    pub document: String,
}

/// A change of an alert's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// To which state.
    pub state: AlertState,
    /// With which verdict.
    pub verdict: Option<Verdict>,
    /// What was said about it.
    pub comment: Option<String>,
}

/// Which alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// In this state.
    pub state: Option<AlertState>,
    /// Of one of these levels; of any, when there are none.
    pub severities: Vec<String>,
    /// Of this rule, by id or name.
    pub rule: Option<String>,
    /// About this user.
    pub user: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Repeats too, not only the alerts that they are folded into.
    pub repeats: bool,
    /// At most so many; all, when it is 0.
    pub limit: usize,
}

/// No alert, or more than one, has this id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} alerts have an id that begins with '{prefix}', see wardgate alerts list")]
pub struct UnknownAlert {
    /// What was asked for.
    pub prefix: String,
    /// How many there are.
    pub found: usize,
}

/// Stores an alert, folded into the one that it repeats: of the same rule and entity, still open,
/// and not more than `window` milliseconds before or after. Gives whether it is new.
pub(crate) fn insert(
    db: &Connection,
    alert: &NewAlert,
    created: Timestamp,
    window: i64,
) -> rusqlite::Result<bool> {
    let entity = alert.entity();
    let head: Option<i64> = db
        .prepare_cached(
            "SELECT seq FROM alerts WHERE rule = ?1 AND entity = ?2 AND head IS NULL
             AND state <> 'closed' AND ?3 BETWEEN time - ?4 AND last_time + ?4
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![alert.rule, entity, alert.time.0, window], |row| row.get(0))
        .optional()?;
    let packed = zstd::bulk::compress(alert.document.as_bytes(), 3).unwrap_or_default();
    let changed = db
        .prepare_cached(
            "INSERT INTO alerts (id, head, rule, rule_name, severity, entity, time, created, title,
             user, address, place, last_time, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?7, ?13)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            alert.id.as_bytes(),
            head,
            alert.rule,
            alert.rule_name,
            alert.severity,
            entity,
            alert.time.0,
            created.0,
            alert.title,
            alert.user,
            alert.address,
            alert.place,
            packed
        ])?;
    if changed == 0 {
        return Ok(false);
    }
    if let Some(head) = head {
        db.prepare_cached(
            "UPDATE alerts SET count = count + 1, last_time = max(last_time, ?2) WHERE seq = ?1",
        )?
        .execute([head, alert.time.0])?;
    }
    Ok(true)
}

const COLUMNS: &str = "a.seq, a.id, h.id, a.rule, a.rule_name, a.severity, a.time, a.created,
    a.title, a.user, a.address, a.place, coalesce(h.state, a.state),
    coalesce(h.verdict, a.verdict), a.count, a.last_time
    FROM alerts a LEFT JOIN alerts h ON a.head = h.seq";

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        seq: row.get(0)?,
        id: uuid(row, 1)?,
        repeat_of: match row.get_ref(2)? {
            ValueRef::Null => None,
            _ => Some(uuid(row, 2)?),
        },
        rule: row.get(3)?,
        rule_name: row.get(4)?,
        severity: row.get(5)?,
        time: Timestamp(row.get(6)?),
        created: Timestamp(row.get(7)?),
        title: row.get(8)?,
        user: row.get(9)?,
        address: row.get(10)?,
        place: row.get(11)?,
        state: row.get(12)?,
        verdict: row.get(13)?,
        count: row.get(14)?,
        last_time: Timestamp(row.get(15)?),
    })
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let bytes: [u8; 16] = row.get(column)?;
    Ok(Uuid::from_bytes(bytes))
}

fn with_document(row: &Row<'_>) -> rusqlite::Result<StoredAlert> {
    let packed: Vec<u8> = row.get("document")?;
    let mut document = Vec::new();
    let unpacked = zstd::stream::copy_decode(packed.as_slice(), &mut document);
    let text = unpacked.map(|()| String::from_utf8(document).unwrap_or_default());
    let document = text.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, error.into())
    })?;
    Ok(StoredAlert { alert: alert(row)?, document })
}

/// The alerts behind number `seq`, in the order in which they were stored.
pub(crate) fn after(db: &Connection, seq: i64, limit: usize) -> rusqlite::Result<Vec<StoredAlert>> {
    let columns = COLUMNS.replacen("a.last_time", "a.last_time, a.document AS document", 1);
    let mut statement =
        db.prepare_cached(&format!("SELECT {columns} WHERE a.seq > ?1 ORDER BY a.seq LIMIT ?2"))?;
    statement.query_map(params![seq, limit as u64], with_document)?.collect()
}

/// The number of the last alert; 0 when there is none.
pub(crate) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(seq), 0) FROM alerts", [], |row| row.get(0))
}

/// The alerts that `filter` lets through, newest first.
pub(crate) fn list(db: &Connection, filter: &AlertFilter) -> rusqlite::Result<Vec<Alert>> {
    let mut sql = format!("SELECT {COLUMNS} WHERE 1");
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let mut add = |clause: &str, value: rusqlite::types::Value| {
        values.push(value);
        sql.push_str(&clause.replace('?', &format!("?{}", values.len())));
    };
    if let Some(state) = filter.state {
        add(" AND coalesce(h.state, a.state) = ?", state.as_str().to_owned().into());
    }
    if let Some(rule) = &filter.rule {
        add(" AND (a.rule = ? OR a.rule_name LIKE ?)", rule.clone().into());
    }
    if let Some(user) = &filter.user {
        add(" AND a.user = ? COLLATE NOCASE", user.clone().into());
    }
    if let Some(since) = filter.since {
        add(" AND a.last_time >= ?", since.0.into());
    }
    if let Some(until) = filter.until {
        add(" AND a.time < ?", until.0.into());
    }
    if !filter.severities.is_empty() {
        let list = serde_json::to_string(&filter.severities).unwrap_or_default();
        add(" AND a.severity IN (SELECT value FROM json_each(?))", list.into());
    }
    if !filter.repeats {
        sql.push_str(" AND a.head IS NULL");
    }
    sql.push_str(" ORDER BY a.last_time DESC, a.seq DESC");
    if filter.limit > 0 {
        sql.push_str(&format!(" LIMIT {}", filter.limit));
    }
    let mut statement = db.prepare(&sql)?;
    statement.query_map(params_from_iter(values), alert)?.collect()
}

/// The alert whose id begins with `prefix`.
pub(crate) fn find(
    db: &Connection,
    prefix: &str,
) -> rusqlite::Result<Result<StoredAlert, UnknownAlert>> {
    let hex: String = prefix.chars().filter(|character| *character != '-').collect();
    let unknown = |found| UnknownAlert { prefix: prefix.to_owned(), found };
    if hex.is_empty() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Err(unknown(0)));
    }
    let columns = COLUMNS.replacen("a.last_time", "a.last_time, a.document AS document", 1);
    let mut statement = db.prepare(&format!(
        "SELECT {columns} WHERE hex(a.id) LIKE ?1 || '%' ORDER BY a.seq LIMIT 2"
    ))?;
    let mut found: Vec<StoredAlert> =
        statement.query_map([hex.to_uppercase()], with_document)?.collect::<Result<_, _>>()?;
    match (found.pop(), found.len()) {
        (Some(alert), 0) => Ok(Ok(alert)),
        (None, _) => Ok(Err(unknown(0))),
        (Some(_), more) => Ok(Err(unknown(more + 1))),
    }
}

/// The repeats of an alert, newest first.
pub(crate) fn repeats(db: &Connection, seq: i64, limit: usize) -> rusqlite::Result<Vec<Alert>> {
    let mut statement =
        db.prepare(&format!("SELECT {COLUMNS} WHERE a.head = ?1 ORDER BY a.seq DESC LIMIT ?2"))?;
    statement.query_map(params![seq, limit as u64], alert)?.collect()
}

/// Changes the state of an alert, and of the one that it is folded into.
pub(crate) fn change(db: &Connection, seq: i64, change: &Change) -> rusqlite::Result<()> {
    let head: Option<i64> =
        db.query_row("SELECT head FROM alerts WHERE seq = ?1", [seq], |row| row.get(0))?;
    let seq = head.unwrap_or(seq);
    db.execute(
        "UPDATE alerts SET state = ?2, verdict = ?3 WHERE seq = ?1",
        params![seq, change.state, change.verdict],
    )?;
    db.execute(
        "INSERT INTO alert_changes (alert, at, by, state, verdict, comment)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![seq, change.at.0, change.by, change.state, change.verdict, change.comment],
    )?;
    Ok(())
}

/// What was changed about an alert, oldest first.
pub(crate) fn changes(db: &Connection, seq: i64) -> rusqlite::Result<Vec<Change>> {
    let mut statement = db.prepare(
        "SELECT c.at, c.by, c.state, c.verdict, c.comment FROM alert_changes c, alerts a
         WHERE a.seq = ?1 AND c.alert = coalesce(a.head, a.seq) ORDER BY c.id",
    )?;
    let rows = statement.query_map([seq], |row| {
        Ok(Change {
            at: Timestamp(row.get(0)?),
            by: row.get(1)?,
            state: row.get(2)?,
            verdict: row.get(3)?,
            comment: row.get(4)?,
        })
    })?;
    rows.collect()
}
