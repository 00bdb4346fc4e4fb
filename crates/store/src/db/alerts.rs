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
    /// The ids of ATT&CK techniques that its rule names, such as `T1110.003`.
    pub techniques: Vec<String>,
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
    /// Who works on it.
    pub assignee: Option<String>,
    /// The ids of ATT&CK techniques that its rule names.
    pub techniques: Vec<String>,
    /// How many comments there are.
    pub comments: u64,
    /// Goes up with every change that people make.
    pub version: u64,
}

/// An alert with its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// The alert.
    pub alert: Alert,
    /// Its ECS document in JSON.
    pub document: String,
}

/// Which alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// In one of these states; in any, when there are none.
    pub states: Vec<AlertState>,
    /// Of one of these levels; of any, when there are none.
    pub severities: Vec<String>,
    /// With one of these verdicts; with any or none, when there are none.
    pub verdicts: Vec<Verdict>,
    /// Of this rule, by id or name.
    pub rule: Option<String>,
    /// Of a rule that names this ATT&CK technique, or a sub-technique of it.
    pub technique: Option<String>,
    /// About this user.
    pub user: Option<String>,
    /// From this address.
    pub address: Option<String>,
    /// About this user or from this address.
    pub entity: Option<String>,
    /// Who works on it.
    pub assignee: Option<Assignee>,
    /// With this in their title, in any case.
    pub text: Option<String>,
    /// Not before, the last time.
    pub since: Option<Timestamp>,
    /// Before, the first time.
    pub until: Option<Timestamp>,
    /// Repeats too, not only the alerts that they are folded into.
    pub repeats: bool,
    /// At most so many; all, when it is 0.
    pub limit: usize,
    /// In this order.
    pub sort: AlertSort,
    /// The other way round.
    pub ascending: bool,
    /// Only what comes behind this one.
    pub after: Option<AlertPage>,
}

/// Who works on alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// Nobody.
    Nobody,
    /// This one.
    Name(String),
}

/// What alerts are sorted by; the highest come first unless told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertSort {
    /// When they happened last.
    #[default]
    LastTime,
    /// When they happened first.
    Time,
    /// How grave they are, then when they happened last.
    Severity,
}

/// The place of an alert in the order that was asked for, to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertPage {
    /// What it is sorted by, as a number.
    pub key: i64,
    /// Its number.
    pub seq: i64,
}

/// What alerts are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertGroup {
    /// Their state.
    State,
    /// Their level.
    Severity,
    /// Their verdict.
    Verdict,
    /// Who works on them.
    Assignee,
    /// The id of their rule.
    Rule,
    /// The user they are about.
    User,
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
             user, address, place, last_time, techniques, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?7, ?13, ?14)
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
            alert.techniques.iter().fold(" ".to_owned(), |all, one| all + one + " "),
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
    coalesce(h.verdict, a.verdict), a.count, a.last_time, coalesce(h.assignee, a.assignee),
    a.techniques, coalesce(h.comments, a.comments), coalesce(h.version, a.version)";

/// Alerts, each with the one that it is folded into.
const TABLES: &str = "FROM alerts a LEFT JOIN alerts h ON a.head = h.seq";

pub(super) fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let techniques: String = row.get(17)?;
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
        assignee: row.get(16)?,
        techniques: techniques.split_whitespace().map(str::to_owned).collect(),
        comments: row.get(18)?,
        version: row.get(19)?,
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
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, a.document AS document {TABLES} WHERE a.seq > ?1 ORDER BY a.seq LIMIT ?2"
    ))?;
    statement.query_map(params![seq, limit as u64], with_document)?.collect()
}

/// The number of the last alert; 0 when there is none.
pub(crate) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(seq), 0) FROM alerts", [], |row| row.get(0))
}

/// A number that grows with a level.
const RANK: &str = "CASE a.severity WHEN 'critical' THEN 5 WHEN 'high' THEN 4 WHEN 'medium' THEN 3
    WHEN 'low' THEN 2 ELSE 1 END";

impl AlertSort {
    /// What is sorted by, in SQL: a number.
    fn key(self) -> String {
        match self {
            Self::LastTime => "a.last_time".to_owned(),
            Self::Time => "a.time".to_owned(),
            // Times fit into 2^50 for the next 30,000 years.
            Self::Severity => format!("({RANK}) * 1125899906842624 + a.last_time"),
        }
    }
}

/// The place of an alert in an order.
pub(crate) fn page(alert: &Alert, sort: AlertSort) -> AlertPage {
    let rank = match alert.severity.as_str() {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        "low" => 2,
        _ => 1,
    };
    let key = match sort {
        AlertSort::LastTime => alert.last_time.0,
        AlertSort::Time => alert.time.0,
        AlertSort::Severity => (rank << 50) + alert.last_time.0,
    };
    AlertPage { key, seq: alert.seq }
}

/// The conditions of a filter, in SQL, with their values. `but` leaves one out.
fn conditions(
    filter: &AlertFilter,
    but: Option<AlertGroup>,
) -> (String, Vec<rusqlite::types::Value>) {
    let mut sql = String::from(" WHERE 1");
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let mut add = |clause: &str, value: rusqlite::types::Value| {
        values.push(value);
        sql.push_str(&clause.replace('?', &format!("?{}", values.len())));
    };
    let list = |words: Vec<&str>| serde_json::to_string(&words).unwrap_or_default();
    // An alert that is no repeat has a state of its own: no index helps with coalesce.
    let of_head = |column: &str| match filter.repeats {
        true => format!("coalesce(h.{column}, a.{column})"),
        false => format!("a.{column}"),
    };
    let has = |group| but != Some(group);
    if !filter.states.is_empty() && has(AlertGroup::State) {
        let states = list(filter.states.iter().map(|state| state.as_str()).collect());
        let clause = format!(" AND {} IN (SELECT value FROM json_each(?))", of_head("state"));
        add(&clause, states.into());
    }
    if !filter.verdicts.is_empty() && has(AlertGroup::Verdict) {
        let verdicts = list(filter.verdicts.iter().map(|verdict| verdict.as_str()).collect());
        let clause = format!(" AND {} IN (SELECT value FROM json_each(?))", of_head("verdict"));
        add(&clause, verdicts.into());
    }
    if !filter.severities.is_empty() && has(AlertGroup::Severity) {
        let severities = list(filter.severities.iter().map(String::as_str).collect());
        add(" AND a.severity IN (SELECT value FROM json_each(?))", severities.into());
    }
    if let Some(rule) = &filter.rule
        && has(AlertGroup::Rule)
    {
        add(
            " AND (a.rule = ? COLLATE NOCASE OR a.rule_name = ? COLLATE NOCASE)",
            rule.clone().into(),
        );
    }
    if let Some(technique) = &filter.technique {
        let pattern = format!("% {}", like(&technique.to_ascii_uppercase()));
        // Either the technique itself or one below it: T1110 does not find T11101.
        let clause = " AND (a.techniques LIKE ? || ' %' ESCAPE '\\'
             OR a.techniques LIKE ? || '.%' ESCAPE '\\')";
        add(clause, pattern.into());
    }
    if let Some(user) = &filter.user
        && has(AlertGroup::User)
    {
        add(" AND a.user = ? COLLATE NOCASE", user.clone().into());
    }
    if let Some(address) = &filter.address {
        add(" AND a.address = ?", address.clone().into());
    }
    if let Some(entity) = &filter.entity {
        add(" AND (a.user = ? COLLATE NOCASE OR a.address = ?)", entity.clone().into());
    }
    if let Some(assignee) = &filter.assignee
        && has(AlertGroup::Assignee)
    {
        match assignee {
            Assignee::Nobody => {
                add(&format!(" AND {} IS ?", of_head("assignee")), None::<String>.into())
            }
            Assignee::Name(name) => {
                add(&format!(" AND {} = ?", of_head("assignee")), name.clone().into());
            }
        }
    }
    if let Some(text) = &filter.text {
        add(" AND a.title LIKE ? ESCAPE '\\'", format!("%{}%", like(text)).into());
    }
    if let Some(since) = filter.since {
        add(" AND a.last_time >= ?", since.0.into());
    }
    if let Some(until) = filter.until {
        add(" AND a.time < ?", until.0.into());
    }
    if !filter.repeats {
        sql.push_str(" AND a.head IS NULL");
    }
    (sql, values)
}

/// A text for LIKE that means just itself.
fn like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The alerts that `filter` lets through, in its order.
pub(crate) fn list(db: &Connection, filter: &AlertFilter) -> rusqlite::Result<Vec<Alert>> {
    let (mut conditions, mut values) = conditions(filter, None);
    let (key, direction) = (filter.sort.key(), if filter.ascending { "ASC" } else { "DESC" });
    if let Some(after) = filter.after {
        let (one, than) = (values.len() + 1, if filter.ascending { '>' } else { '<' });
        conditions.push_str(&format!(" AND ({key}, a.seq) {than} (?{one}, ?{})", one + 1));
        values.extend([after.key.into(), after.seq.into()]);
    }
    let mut sql = format!(
        "SELECT {COLUMNS} {TABLES}{conditions} ORDER BY {key} {direction}, a.seq {direction}"
    );
    if filter.limit > 0 {
        sql.push_str(&format!(" LIMIT {}", filter.limit));
    }
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_map(params_from_iter(values), alert)?.collect()
}

/// The alerts that `filter` lets through and whose documents have an event with this id.
pub(crate) fn naming(
    db: &Connection,
    filter: &AlertFilter,
    event: &str,
) -> rusqlite::Result<Vec<Alert>> {
    let (conditions, values) = conditions(filter, None);
    let (key, direction) = (filter.sort.key(), if filter.ascending { "ASC" } else { "DESC" });
    let sql = format!(
        "SELECT {COLUMNS}, a.document AS document {TABLES}{conditions}
         ORDER BY {key} {direction}, a.seq {direction} LIMIT {}",
        filter.limit.max(1)
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = with_document(row)?;
        // A look at the text spares reading nearly all of them.
        if !stored.document.contains(event) {
            continue;
        }
        let document: serde_json::Value =
            serde_json::from_str(&stored.document).unwrap_or_default();
        let events = document.pointer("/wardgate/alert/events").and_then(|list| list.as_array());
        let of_event = |one: &serde_json::Value| {
            one.pointer("/event/id").and_then(serde_json::Value::as_str) == Some(event)
        };
        if events.is_some_and(|events| events.iter().any(of_event)) {
            found.push(stored.alert);
        }
    }
    Ok(found)
}

/// How many alerts `filter` lets through, whatever its limit.
pub(crate) fn count(db: &Connection, filter: &AlertFilter) -> rusqlite::Result<u64> {
    let (conditions, values) = conditions(filter, None);
    let sql = format!("SELECT count(*) {TABLES}{conditions}");
    db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
}

/// How many alerts have each value, most first; with it, the name that goes with the value. What
/// the filter says about the same thing is left out.
pub(crate) fn count_by(
    db: &Connection,
    filter: &AlertFilter,
    group: AlertGroup,
    top: usize,
) -> rusqlite::Result<Vec<(Option<String>, String, u64)>> {
    let column = match group {
        AlertGroup::State => "coalesce(h.state, a.state)",
        AlertGroup::Severity => "a.severity",
        AlertGroup::Verdict => "coalesce(h.verdict, a.verdict)",
        AlertGroup::Assignee => "coalesce(h.assignee, a.assignee)",
        AlertGroup::Rule => "a.rule",
        AlertGroup::User => "a.user",
    };
    let (conditions, values) = conditions(filter, Some(group));
    let sql = format!(
        "SELECT {column}, max(a.rule_name), count(*) {TABLES}{conditions}
         GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT {top}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// How many alerts have each combination of techniques.
pub(crate) fn techniques(
    db: &Connection,
    filter: &AlertFilter,
) -> rusqlite::Result<Vec<(Vec<String>, u64)>> {
    let filter = AlertFilter { technique: None, ..filter.clone() };
    let (conditions, values) = conditions(&filter, None);
    let sql = format!("SELECT a.techniques, count(*) {TABLES}{conditions} GROUP BY 1");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        let techniques: String = row.get(0)?;
        Ok((techniques.split_whitespace().map(str::to_owned).collect(), row.get(1)?))
    })?;
    rows.collect()
}

/// How many alerts, repeats not counted, happened first in each `interval` milliseconds, by level:
/// the number of the part counted from 1970, the level, the number of alerts.
pub(crate) fn over_time(
    db: &Connection,
    since: Timestamp,
    until: Timestamp,
    interval: i64,
) -> rusqlite::Result<Vec<(i64, String, u64)>> {
    let mut statement = db.prepare_cached(
        "SELECT time / ?3, severity, count(*) FROM alerts
         WHERE time >= ?1 AND time < ?2 AND head IS NULL GROUP BY 1, 2 ORDER BY 1",
    )?;
    let rows = statement.query_map(params![since.0, until.0, interval.max(1)], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    rows.collect()
}

/// How often each rule raised alerts since three times, repeats counted, and when last.
pub(crate) fn fired(
    db: &Connection,
    since: [Timestamp; 3],
) -> rusqlite::Result<Vec<(String, [u64; 3], Timestamp)>> {
    let [day, week, month] = since;
    let mut statement = db.prepare_cached(
        "SELECT rule, sum(time >= ?1), sum(time >= ?2), count(*), max(time) FROM alerts
         WHERE time >= ?3 GROUP BY rule",
    )?;
    let rows = statement.query_map([day.0, week.0, month.0], |row| {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?], Timestamp(row.get(4)?)))
    })?;
    rows.collect()
}

/// The alerts with these numbers, in any order.
pub(crate) fn numbered(db: &Connection, seqs: &[i64]) -> rusqlite::Result<Vec<Alert>> {
    let list = serde_json::to_string(seqs).unwrap_or_default();
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} {TABLES} WHERE a.seq IN (SELECT value FROM json_each(?1))"
    ))?;
    statement.query_map([list], alert)?.collect()
}

/// The alert with this id, with its document.
pub(crate) fn of_id(db: &Connection, id: Uuid) -> rusqlite::Result<Option<StoredAlert>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, a.document AS document {TABLES} WHERE a.id = ?1"
    ))?;
    statement.query_row([id.as_bytes()], with_document).optional()
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
    let mut statement = db.prepare(&format!(
        "SELECT {COLUMNS}, a.document AS document {TABLES} WHERE hex(a.id) LIKE ?1 || '%' ORDER BY a.seq LIMIT 2"
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
    let mut statement = db.prepare(&format!(
        "SELECT {COLUMNS} {TABLES} WHERE a.head = ?1 ORDER BY a.seq DESC LIMIT ?2"
    ))?;
    statement.query_map(params![seq, limit as u64], alert)?.collect()
}
