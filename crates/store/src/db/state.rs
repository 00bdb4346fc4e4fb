//! Where events come from, how far sources have been read, and what is no event.

use ecs::{Organization, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// A row of the table of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OriginId(pub u32);

/// Which intake events come from, and of which organisation they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The name of the intake.
    pub intake: String,
    /// `organization.id`, or nothing.
    pub organization_id: String,
    /// `organization.name`, or nothing.
    pub organization_name: String,
    /// The intake whose organisation it is, or nothing: where that has neither id nor name.
    pub same_as: String,
}

impl Origin {
    /// The origin of an intake's events.
    #[must_use]
    pub fn new(intake: &str, organization: &Organization) -> Self {
        Self {
            intake: intake.to_owned(),
            organization_id: organization.id.clone().unwrap_or_default(),
            organization_name: organization.name.clone().unwrap_or_default(),
            same_as: String::new(),
        }
    }

    /// The organisation.
    #[must_use]
    pub fn organization(&self) -> Organization {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Organization { id: some(&self.organization_id), name: some(&self.organization_name) }
    }

    /// What tells organisations apart: intakes that share it see the same events.
    #[must_use]
    pub fn organization_key(&self) -> &str {
        [&self.organization_id, &self.organization_name, &self.same_as, &self.intake]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", String::as_str)
    }
}

/// How far a source has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The source.
    pub source: String,
    /// The cursor, as it came.
    pub cursor: String,
    /// The latest `published` that was seen up to it.
    pub last_seen: Option<Timestamp>,
    /// When it was moved there.
    pub moved: Timestamp,
}

/// Something that is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number.
    pub id: i64,
    /// The intake that it came through.
    pub intake: String,
    /// When.
    pub received: Timestamp,
    /// Why it is no event.
    pub reason: String,
    /// What came.
    pub bytes: Vec<u8>,
}

/// The id of an origin, given one if it has none.
pub(crate) fn origin(db: &Connection, origin: &Origin) -> rusqlite::Result<OriginId> {
    let Origin { intake, organization_id, organization_name, same_as } = origin;
    let known = db
        .prepare_cached(
            "SELECT id FROM origins WHERE intake = ?1 AND organization_id = ?2
             AND organization_name = ?3 AND same_as = ?4",
        )?
        .query_row([intake, organization_id, organization_name, same_as], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(OriginId(id));
    }
    let id = db
        .prepare_cached(
            "INSERT INTO origins (intake, organization_id, organization_name, same_as)
             VALUES (?1, ?2, ?3, ?4) RETURNING id",
        )?
        .query_row([intake, organization_id, organization_name, same_as], |row| row.get(0))?;
    Ok(OriginId(id))
}

/// All origins.
pub(crate) fn origins(db: &Connection) -> rusqlite::Result<Vec<(OriginId, Origin)>> {
    let mut statement =
        db.prepare("SELECT id, intake, organization_id, organization_name, same_as FROM origins")?;
    let rows = statement.query_map([], |row| {
        let origin = Origin {
            intake: row.get(1)?,
            organization_id: row.get(2)?,
            organization_name: row.get(3)?,
            same_as: row.get(4)?,
        };
        Ok((OriginId(row.get(0)?), origin))
    })?;
    rows.collect()
}

/// Moves a cursor.
pub(crate) fn set_cursor(db: &Connection, cursor: &Cursor) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO cursors (source, cursor, last_seen, moved) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor, moved = excluded.moved,
         last_seen = max(coalesce(last_seen, excluded.last_seen),
                         coalesce(excluded.last_seen, last_seen))",
    )?
    .execute(params![
        cursor.source,
        cursor.cursor,
        cursor.last_seen.map(|time| time.0),
        cursor.moved.0
    ])?;
    Ok(())
}

/// All cursors.
pub(crate) fn cursors(db: &Connection) -> rusqlite::Result<Vec<Cursor>> {
    let mut statement =
        db.prepare("SELECT source, cursor, last_seen, moved FROM cursors ORDER BY source")?;
    let rows = statement.query_map([], |row| {
        Ok(Cursor {
            source: row.get(0)?,
            cursor: row.get(1)?,
            last_seen: row.get::<_, Option<i64>>(2)?.map(Timestamp),
            moved: Timestamp(row.get(3)?),
        })
    })?;
    rows.collect()
}

/// Keeps what is no event; what is kept already is not kept twice. Gives whether it is new.
pub(crate) fn quarantine(
    db: &Connection,
    intake: &str,
    received: Timestamp,
    reason: &str,
    bytes: &[u8],
) -> rusqlite::Result<bool> {
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, bytes);
    let packed = zstd::bulk::compress(bytes, 1).unwrap_or_default();
    let changed = db
        .prepare_cached(
            "INSERT INTO quarantine (intake, received, reason, digest, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![intake, received.0, reason, digest.as_bytes(), packed])?;
    Ok(changed > 0)
}

/// What is in quarantine behind the number `after`.
pub(crate) fn quarantined(
    db: &Connection,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Quarantined>> {
    let mut statement = db.prepare_cached(
        "SELECT id, intake, received, reason, bytes FROM quarantine WHERE id > ?1
         ORDER BY id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![after, limit as u64], |row| {
        let packed: Vec<u8> = row.get(4)?;
        let mut bytes = Vec::new();
        let unpacked = zstd::stream::copy_decode(packed.as_slice(), &mut bytes);
        unpacked.map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Blob, error.into())
        })?;
        Ok(Quarantined {
            id: row.get(0)?,
            intake: row.get(1)?,
            received: Timestamp(row.get(2)?),
            reason: row.get(3)?,
            bytes,
        })
    })?;
    rows.collect()
}

/// Forgets what arrived before `time`.
pub(crate) fn forget_quarantined(db: &Connection, time: Timestamp) -> rusqlite::Result<usize> {
    db.execute("DELETE FROM quarantine WHERE received < ?1", [time.0])
}
