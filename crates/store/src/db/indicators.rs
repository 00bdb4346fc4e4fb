//! Indicators of compromise.
//!
//! Every change takes a number of its own, ascending in the order of commits: whoever has looked for
//! all indicators up to one finds the new ones by it.

use std::ops::ControlFlow;

use ecs::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::{meta, set_meta};
use crate::{Database, Error};

pub(crate) const TABLES: &str = "
CREATE TABLE feeds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    tried INTEGER,
    succeeded INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
-- How far collections have been read, and which version of a file has been.
CREATE TABLE feed_cursors (
    feed INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    cursor TEXT NOT NULL,
    PRIMARY KEY (feed, source)
) WITHOUT ROWID;
CREATE TABLE indicators (
    seq INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    -- From the id, or from what is looked for where there is none.
    key BLOB NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    parts BLOB NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    confidence INTEGER,
    tlp TEXT,
    -- A list in JSON, or nothing.
    labels TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    command_and_control INTEGER NOT NULL,
    modified INTEGER,
    revoked INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    -- The numbers of the changes that added it, and that last made it find what it had not found.
    added INTEGER NOT NULL,
    widened INTEGER NOT NULL,
    -- Of everything that comes from the feed.
    digest BLOB NOT NULL,
    UNIQUE (feed, key)
);
CREATE INDEX indicators_widened ON indicators (widened);
";

/// For how long it is remembered that an indicator was taken back, in milliseconds.
const TAKEN_BACK: i64 = 180 * 86_400_000;

/// An indicator as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredIndicator {
    /// The name of its feed.
    pub feed: String,
    /// Its id in the feed, or nothing.
    pub id: String,
    /// What kind of thing it looks for, such as `ip`; `pattern` when there are several.
    pub kind: String,
    /// What it looks for, to be read.
    pub value: String,
    /// What it looks for, packed.
    pub parts: Vec<u8>,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// How sure the feed is, 0 to 100.
    pub confidence: Option<u8>,
    /// How far it may be passed on.
    pub tlp: Option<String>,
    /// What it indicates.
    pub labels: Vec<String>,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Whether victims talk to it.
    pub command_and_control: bool,
    /// When this version of it was written.
    pub modified: Option<Timestamp>,
    /// Whether it is taken back.
    pub revoked: bool,
    /// When it was stored first; not looked at when it is stored.
    pub first_seen: Option<Timestamp>,
}

impl StoredIndicator {
    /// What tells it from others of its feed: a STIX id is its UUID.
    pub(super) fn key(&self) -> Uuid {
        let uuid = self.id.strip_prefix("indicator--").and_then(|id| Uuid::try_parse(id).ok());
        match uuid {
            Some(uuid) => uuid,
            None if self.id.is_empty() => Uuid::new_v5(&Uuid::NAMESPACE_URL, &self.parts),
            None => Uuid::new_v5(&Uuid::NAMESPACE_OID, self.id.as_bytes()),
        }
    }

    pub(super) fn digest(&self, labels: &str) -> Uuid {
        let times = [self.valid_from, self.valid_until, self.modified];
        let times = times.map(|time| time.map_or(i64::MIN, |time| time.0).to_le_bytes());
        let mut all = Vec::with_capacity(self.parts.len() + self.description.len() + 128);
        all.extend_from_slice(times.as_flattened());
        all.extend([self.confidence.unwrap_or(u8::MAX), u8::from(self.command_and_control)]);
        let texts = [&self.name, &self.description, labels, self.tlp.as_deref().unwrap_or("")];
        for text in texts {
            all.extend_from_slice(text.as_bytes());
            all.push(0);
        }
        all.extend_from_slice(&self.parts);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &all)
    }
}

/// Which indicators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndicatorFilter {
    /// Of this feed.
    pub feed: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// With this in their value.
    pub value: Option<String>,
    /// That hold at this time.
    pub valid_at: Option<Timestamp>,
    /// That found nothing, or less, before a later change than this.
    pub new_after: i64,
    /// At most so many; all, when it is 0.
    pub limit: usize,
}

/// How many indicators of a kind a feed has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndicatorCount {
    /// The feed.
    pub feed: String,
    /// The kind.
    pub kind: String,
    /// How many.
    pub all: u64,
    /// How many of them hold now.
    pub valid: u64,
}

/// The number of the last change.
pub(super) const CHANGE: &str = "indicators_change";
/// The number of the last change whose indicators were looked for in the past.
const HUNTED: &str = "indicators_hunted";

pub(super) fn next_change(db: &Connection) -> rusqlite::Result<i64> {
    Ok(meta(db, CHANGE)?.unwrap_or(0) + 1)
}

fn indicator(row: &Row<'_>) -> rusqlite::Result<StoredIndicator> {
    let labels: String = row.get(10)?;
    Ok(StoredIndicator {
        feed: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        value: row.get(3)?,
        parts: row.get(4)?,
        valid_from: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        valid_until: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        confidence: row.get(7)?,
        tlp: row.get(8)?,
        first_seen: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        labels: match labels.is_empty() {
            true => Vec::new(),
            false => serde_json::from_str(&labels).unwrap_or_default(),
        },
        name: row.get(11)?,
        description: row.get(12)?,
        command_and_control: row.get(13)?,
        modified: row.get::<_, Option<i64>>(14)?.map(Timestamp),
        revoked: false,
    })
}

/// Indicators.
///
/// All of it fails when the database cannot be read or written.
impl Database {
    /// Hands over the indicators that `filter` lets through, one by one, until `visit` breaks. Those
    /// that were taken back are not among them.
    pub fn for_each_indicator(
        &self,
        filter: &IndicatorFilter,
        mut visit: impl FnMut(StoredIndicator) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        // All of them lie in the order of their numbers, the new ones are found by the index.
        let newness = if filter.new_after > 0 { "i.widened > ?1" } else { "+i.widened > ?1" };
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT f.name, i.id, i.kind, i.value, i.parts, i.valid_from, i.valid_until,
             i.confidence, i.tlp, i.first_seen, i.labels, i.name, i.description,
             i.command_and_control, i.modified
             FROM indicators i CROSS JOIN feeds f
             WHERE f.id = i.feed AND i.revoked = 0 AND {newness} AND (?2 IS NULL OR f.name = ?2)
             AND (?3 IS NULL OR i.kind = ?3) AND (?4 IS NULL OR instr(lower(i.value), ?4) > 0)
             AND (?5 IS NULL OR coalesce(i.valid_from <= ?5, true)
                                AND coalesce(i.valid_until > ?5, true))
             LIMIT ?6"
        ))?;
        let limit = match filter.limit {
            0 => -1,
            limit => i64::try_from(limit).unwrap_or(i64::MAX),
        };
        let mut rows = statement.query(params![
            filter.new_after,
            filter.feed,
            filter.kind,
            filter.value.as_ref().map(|value| value.to_lowercase()),
            filter.valid_at.map(|time| time.0),
            limit,
        ])?;
        while let Some(row) = rows.next()? {
            if visit(indicator(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// How many indicators there are, those that were taken back left out.
    pub fn count_indicators(&self, new_after: i64) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM indicators WHERE revoked = 0 AND widened > ?1";
        Ok(self.db.query_row(sql, [new_after], |row| row.get(0))?)
    }

    /// How many indicators there are by feed and kind, ordered by these.
    pub fn indicator_counts(&self) -> Result<Vec<IndicatorCount>, Error> {
        let mut statement = self.db.prepare(
            "SELECT f.name, i.kind, count(*),
             count(*) FILTER (WHERE coalesce(i.valid_from <= ?1, true)
                              AND coalesce(i.valid_until > ?1, true))
             FROM indicators i JOIN feeds f ON f.id = i.feed
             WHERE i.revoked = 0 GROUP BY f.name, i.kind ORDER BY f.name, i.kind",
        )?;
        let rows = statement.query_map([Timestamp::now().0], |row| {
            Ok(IndicatorCount {
                feed: row.get(0)?,
                kind: row.get(1)?,
                all: row.get(2)?,
                valid: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of the last change of indicators; 0 before the first.
    pub fn indicator_change(&self) -> Result<i64, Error> {
        Ok(meta(&self.db, CHANGE)?.unwrap_or(0))
    }

    /// Up to which change indicators were looked for in the past.
    pub fn hunted_change(&self) -> Result<i64, Error> {
        Ok(meta(&self.db, HUNTED)?.unwrap_or(0))
    }

    /// Notes that all indicators up to a change were looked for in the past.
    pub fn set_hunted_change(&self, change: i64) -> Result<(), Error> {
        Ok(set_meta(&self.db, HUNTED, change)?)
    }

    /// Forgets indicators that no event can be found by any more, because those from before
    /// `oldest` are not kept; and which were taken back long ago. Gives how many.
    pub fn tidy_indicators(&mut self, oldest: Option<Timestamp>) -> Result<u64, Error> {
        let limit = Timestamp::now().0 - TAKEN_BACK;
        let oldest = oldest.map_or(i64::MIN, |oldest| oldest.0);
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = transaction
            .execute("DELETE FROM indicators WHERE valid_until < ?1 AND revoked = 0", [oldest])?;
        transaction
            .execute("DELETE FROM indicators WHERE revoked = 1 AND updated < ?1", [limit])?;
        if gone > 0 {
            set_meta(&transaction, CHANGE, next_change(&transaction)?)?;
        }
        transaction.commit()?;
        Ok(gone as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Imported;

    fn made(id: &str, value: &str, modified: Option<i64>) -> StoredIndicator {
        StoredIndicator {
            id: id.to_owned(),
            kind: "domain".to_owned(),
            value: value.to_owned(),
            parts: value.as_bytes().to_vec(),
            modified: modified.map(Timestamp),
            labels: vec!["phishing".to_owned()],
            ..StoredIndicator::default()
        }
    }

    fn import(db: &mut Database, whole: bool, all: &[StoredIndicator]) -> [u64; 4] {
        let mut import = db.import_indicators("acme", whole).unwrap();
        all.iter().for_each(|one| import.add(one.clone()).unwrap());
        let Imported { added, changed, removed, unchanged } = import.finish(true).unwrap();
        [added, changed, removed, unchanged]
    }

    fn values(db: &Database, filter: &IndicatorFilter) -> Vec<String> {
        let mut values = Vec::new();
        db.for_each_indicator(filter, |one| {
            values.push(one.value);
            ControlFlow::Continue(())
        })
        .unwrap();
        values.sort();
        values
    }

    fn database() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::create(&folder.path().join("data")).unwrap();
        (folder, db)
    }

    #[test]
    fn a_newer_version_takes_the_place_of_an_older_one() {
        let (_folder, mut db) = database();
        let all = IndicatorFilter::default();
        assert_eq!(import(&mut db, false, &[made("a", "old.example", Some(5))]), [1, 0, 0, 0]);
        let first = db.indicator_change().unwrap();
        assert_eq!(import(&mut db, false, &[made("a", "older.example", Some(4))]), [0, 0, 0, 1]);
        assert_eq!(import(&mut db, false, &[made("a", "old.example", Some(5))]), [0, 0, 0, 1]);
        assert_eq!(db.indicator_change().unwrap(), first, "nothing has changed");
        assert_eq!(import(&mut db, false, &[made("a", "new.example", Some(6))]), [0, 1, 0, 0]);
        assert_eq!(values(&db, &all), ["new.example"]);
        let since = IndicatorFilter { new_after: first, ..all.clone() };
        assert_eq!(values(&db, &since), ["new.example"]);
        // Taken back, and not brought back by what is older.
        let mut gone = made("a", "", Some(7));
        gone.revoked = true;
        assert_eq!(import(&mut db, false, &[gone.clone()]), [0, 0, 1, 0]);
        assert_eq!(import(&mut db, false, &[made("a", "new.example", Some(6))]), [0, 0, 0, 1]);
        assert_eq!(values(&db, &all), [""; 0]);
        assert_eq!(import(&mut db, false, &[made("a", "again.example", Some(8))]), [0, 1, 0, 0]);
        assert_eq!(values(&db, &all), ["again.example"]);
        // What is taken back before it came.
        gone.id = "b".to_owned();
        import(&mut db, false, &[gone, made("b", "late.example", Some(6))]);
        assert_eq!(values(&db, &all), ["again.example"]);
    }

    #[test]
    fn what_holds_for_longer_is_not_new() {
        let (_folder, mut db) = database();
        let far = Timestamp::now().0 + 1_000_000;
        let until = |time| StoredIndicator {
            valid_until: Some(Timestamp(time)),
            ..made("a", "a.example", None)
        };
        let mut new = |one: StoredIndicator| {
            let before = db.indicator_change().unwrap();
            import(&mut db, false, &[one]);
            assert!(db.indicator_change().unwrap() > before);
            db.count_indicators(before).unwrap()
        };
        assert_eq!(new(until(far)), 1);
        assert_eq!(new(until(far + 1)), 0, "it goes on");
        assert_eq!(new(until(5)), 0, "it ends");
        assert_eq!(new(until(far)), 1, "it begins anew");
        assert_eq!(new(StoredIndicator { valid_from: Some(Timestamp(0)), ..until(far) }), 1);
        let other = StoredIndicator { parts: vec![1], ..until(far) };
        assert_eq!(new(StoredIndicator { valid_from: Some(Timestamp(0)), ..other }), 1);
    }

    #[test]
    fn what_a_whole_feed_no_longer_has_goes() {
        let (_folder, mut db) = database();
        let rows =
            |names: &[&str]| -> Vec<_> { names.iter().map(|name| made("", name, None)).collect() };
        assert_eq!(import(&mut db, true, &rows(&["a", "b", "c"])), [3, 0, 0, 0]);
        assert_eq!(import(&mut db, true, &rows(&["b", "c", "d"])), [1, 0, 1, 2]);
        assert_eq!(values(&db, &IndicatorFilter::default()), ["b", "c", "d"]);
        // Half of it could not be read.
        let mut import = db.import_indicators("acme", true).unwrap();
        import.add(made("", "b", None)).unwrap();
        assert_eq!(import.finish(false).unwrap().removed, 0);
        // Another feed's are its own.
        let mut other = db.import_indicators("other", true).unwrap();
        other.add(made("", "b", None)).unwrap();
        assert_eq!(other.finish(true).unwrap().added, 1);
        assert_eq!(values(&db, &IndicatorFilter::default()), ["b", "b", "c", "d"]);
        assert_eq!(db.forget_feed("acme").unwrap(), 3);
        assert_eq!(values(&db, &IndicatorFilter::default()), ["b"]);
    }

    #[test]
    fn all_that_is_known_comes_back() {
        let (_folder, mut db) = database();
        let whole = StoredIndicator {
            id: "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".to_owned(),
            valid_from: Some(Timestamp(1)),
            valid_until: Some(Timestamp(9)),
            confidence: Some(80),
            tlp: Some("AMBER".to_owned()),
            name: "Kit".to_owned(),
            description: "A phishing kit".to_owned(),
            command_and_control: true,
            ..made("", "a.example", Some(3))
        };
        import(&mut db, false, std::slice::from_ref(&whole));
        let mut found = None;
        db.for_each_indicator(&IndicatorFilter::default(), |one| {
            found = Some(one);
            ControlFlow::Break(())
        })
        .unwrap();
        let found = found.unwrap();
        assert!(found.first_seen.is_some());
        let expected =
            StoredIndicator { feed: "acme".to_owned(), first_seen: found.first_seen, ..whole };
        assert_eq!(found, expected);
        for (filter, count) in [
            (IndicatorFilter { feed: Some("acme".into()), ..Default::default() }, 1),
            (IndicatorFilter { feed: Some("other".into()), ..Default::default() }, 0),
            (IndicatorFilter { kind: Some("ip".into()), ..Default::default() }, 0),
            (IndicatorFilter { value: Some("A.EX".into()), ..Default::default() }, 1),
            (IndicatorFilter { valid_at: Some(Timestamp(0)), ..Default::default() }, 0),
            (IndicatorFilter { valid_at: Some(Timestamp(1)), ..Default::default() }, 1),
            (IndicatorFilter { valid_at: Some(Timestamp(9)), ..Default::default() }, 0),
        ] {
            assert_eq!(values(&db, &filter).len(), count, "{filter:?}");
        }
        assert_eq!(db.tidy_indicators(Some(Timestamp(9))).unwrap(), 0);
        assert_eq!(db.tidy_indicators(Some(Timestamp(10))).unwrap(), 1);
    }

    #[test]
    fn feeds_remember_how_it_went() {
        let (_folder, db) = database();
        db.note_feed("acme", Err("no answer")).unwrap();
        db.note_feed("acme", Err("still none")).unwrap();
        let state = db.feeds().unwrap().remove(0);
        assert_eq!((state.failures, state.error.as_deref()), (2, Some("still none")));
        assert!(state.succeeded.is_none() && state.tried.is_some());
        db.note_feed("acme", Ok(())).unwrap();
        let state = db.feeds().unwrap().remove(0);
        assert!(state.succeeded.is_some() && state.error.is_none() && state.failures == 0);
        assert_eq!(db.feed_cursor("acme", "x").unwrap(), None);
        db.set_feed_cursor("acme", "x", "1").unwrap();
        db.set_feed_cursor("acme", "x", "2").unwrap();
        assert_eq!(db.feed_cursor("acme", "x").unwrap().as_deref(), Some("2"));
        assert!(db.is_searchable(u64::MAX).unwrap());
        assert_eq!(db.next_event().unwrap(), 1);
    }
}
