//! The journal: events that are stored, and not yet in the index of their day.

use okta::json::Value;
use rusqlite::{Connection, params};

use super::OriginId;

/// Events of one batch in the journal.
#[derive(Debug)]
pub(crate) struct JournalRow {
    /// The number of its first event that is not left out.
    pub(crate) first: u64,
    pub(crate) origin: OriginId,
    /// When the batch arrived, in milliseconds since 1970.
    pub(crate) received: i64,
    /// Places of events that were stored before.
    pub(crate) left_out: Vec<u32>,
    /// What [`compress`] gave.
    pub(crate) packed: Vec<u8>,
}

/// One event in the journal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JournalEvent<'a> {
    pub(crate) text: &'a str,
    pub(crate) repaired: bool,
}

/// Adds the text of an event to those of a batch.
pub(crate) fn pack(plain: &mut Vec<u8>, text: &str, repaired: bool) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    plain.extend_from_slice(&length.to_le_bytes());
    plain.push(u8::from(repaired));
    plain.extend_from_slice(text.as_bytes());
}

/// Compresses what [`pack`] has put together.
pub(crate) fn compress(plain: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(plain, 1).unwrap_or_default()
}

impl JournalRow {
    /// Unpacks the events' texts.
    pub(crate) fn unpack(&self) -> std::io::Result<Unpacked> {
        let mut plain = Vec::new();
        zstd::stream::copy_decode(self.packed.as_slice(), &mut plain)?;
        Ok(Unpacked { plain })
    }
}

/// The events of a row.
pub(crate) struct Unpacked {
    plain: Vec<u8>,
}

impl Unpacked {
    /// The events in their order, those that are left out included.
    pub(crate) fn events(&self) -> impl Iterator<Item = JournalEvent<'_>> {
        let mut rest = self.plain.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (flag, after) = after.split_first()?;
            let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = after;
            let text = std::str::from_utf8(text).unwrap_or_default();
            Some(JournalEvent { text, repaired: *flag == 1 })
        })
    }
}

/// Adds a row. `count` is the number of its events that are not left out.
pub(crate) fn insert(db: &Connection, row: &JournalRow, count: u64) -> rusqlite::Result<()> {
    let left_out: Vec<u8> = row.left_out.iter().flat_map(|place| place.to_le_bytes()).collect();
    db.prepare_cached(
        "INSERT INTO journal (first, count, origin, received, left_out, events)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![row.first, count, row.origin.0, row.received, left_out, row.packed])?;
    Ok(())
}

/// The first row with an event behind `seq`.
pub(crate) fn read(db: &Connection, seq: u64) -> rusqlite::Result<Option<JournalRow>> {
    let mut statement = db.prepare_cached(
        "SELECT first, origin, received, left_out, events FROM journal
         WHERE first + count > ?1 ORDER BY first LIMIT 1",
    )?;
    let mut rows = statement.query([seq + 1])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let left_out: Vec<u8> = row.get(3)?;
    let left_out = left_out.as_chunks::<4>().0.iter().map(|place| u32::from_le_bytes(*place));
    Ok(Some(JournalRow {
        first: row.get(0)?,
        origin: OriginId(row.get(1)?),
        received: row.get(2)?,
        left_out: left_out.collect(),
        packed: row.get(4)?,
    }))
}

/// Removes rows whose events are all up to `seq`.
pub(crate) fn trim(db: &Connection, seq: u64) -> rusqlite::Result<usize> {
    db.prepare_cached("DELETE FROM journal WHERE first + count - 1 <= ?1")?.execute([seq])
}

/// What identifies an event: its `uuid` in lower case, or what is made from its text.
#[must_use]
pub fn event_id(uuid: Value<'_>, text: &str) -> String {
    match uuid.to_str().filter(|uuid| !uuid.is_empty()) {
        Some(uuid) => crate::index::lower_cased(&uuid),
        None => format!("text:{}", uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let events = [("{}", false), ("", true), ("{\"a\": \"ä\"}", true)];
        let mut plain = Vec::new();
        events.iter().for_each(|(text, repaired)| pack(&mut plain, text, *repaired));
        let packed = compress(&plain);
        let row =
            JournalRow { first: 1, origin: OriginId(1), received: 0, left_out: vec![], packed };
        let unpacked = row.unpack().unwrap();
        let back: Vec<(&str, bool)> =
            unpacked.events().map(|event| (event.text, event.repaired)).collect();
        assert_eq!(back, events);
    }
}
