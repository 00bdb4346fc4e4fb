//! Copies of a data folder, made while it is written to, and whether one is in order.
//!
//! The days are copied first, the database last. The journal is not trimmed meanwhile, so that it
//! holds whatever came into the days after they were copied; opening the copy brings that in.

use std::fs;
use std::path::Path;

use ecs::Timestamp;
use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::folder::{FORMAT, Folder, write_whole};
use crate::index::day_index;
use crate::{Day, Error, db};

/// For how long the journal is not trimmed after a step of a backup, in milliseconds.
const HOLD: i64 = 15 * 60 * 1000;
/// How often a day is copied anew when it changes while it is copied.
const TRIES: usize = 20;

/// Copies the data folder at `root` into the folder `to`, which must not exist yet. `progress` is
/// called with each day, how many have been copied, and how many there are.
///
/// # Errors
///
/// When something cannot be read or written; what has been written stays, without the file
/// `FORMAT`, so that it is not taken for a data folder.
pub fn backup(
    root: &Path,
    to: &Path,
    mut progress: impl FnMut(Day, usize, usize),
) -> Result<(), Error> {
    let folder = Folder::open(root)?;
    fs::create_dir(to).map_err(Error::io(to))?;
    let copy = to.join("days");
    fs::create_dir(&copy).map_err(Error::io(&copy))?;
    let db = db::open_beside(&folder.database())?;
    hold(&db)?;
    let days = folder.days()?;
    for (number, day) in days.iter().enumerate() {
        progress(*day, number, days.len());
        copy_day(&folder.day(*day), &copy.join(day.to_string()))?;
        hold(&db)?;
    }
    let path = to.join("wardgate.db");
    let mut target = Connection::open(&path)?;
    let steps = Backup::new(&db, &mut target)?;
    steps.run_to_completion(1_000, std::time::Duration::from_millis(1), None)?;
    drop(steps);
    // The copy is a file of its own, without a journal beside it.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.execute("DELETE FROM meta WHERE name = 'hold_until'", [])?;
    drop(target);
    db.execute("DELETE FROM meta WHERE name = 'hold_until'", [])?;
    let synced = fs::File::open(&path).and_then(|file| file.sync_all());
    synced.map_err(Error::io(&path))?;
    write_whole(&to.join("FORMAT"), format!("{FORMAT}\n").as_bytes())
}

/// Copies a backup to where a data folder is to be, which must not exist or be empty.
///
/// # Errors
///
/// When the backup is none, or something cannot be read or written.
pub fn restore(
    from: &Path,
    root: &Path,
    mut progress: impl FnMut(Day, usize, usize),
) -> Result<(), Error> {
    let folder = Folder::open(from)?;
    if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::NotEmpty(root.to_owned()));
    }
    let copy = root.join("days");
    fs::create_dir_all(&copy).map_err(Error::io(&copy))?;
    let days = folder.days()?;
    for (number, day) in days.iter().enumerate() {
        progress(*day, number, days.len());
        copy_day(&folder.day(*day), &copy.join(day.to_string()))?;
    }
    copy_file(&folder.database(), &root.join("wardgate.db"))?;
    write_whole(&root.join("FORMAT"), format!("{FORMAT}\n").as_bytes())
}

/// Keeps the writer from trimming the journal for a while.
fn hold(db: &Connection) -> Result<(), Error> {
    Ok(db::set_meta(db, "hold_until", Timestamp::now().0 + HOLD)?)
}

/// Copies the index of a day as of one of its commits.
fn copy_day(from: &Path, to: &Path) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_copy_day(from, to) {
            // A merge has removed a file: the next commit names the one that took its place.
            Err(Error::Io(_, error))
                if error.kind() == std::io::ErrorKind::NotFound && tries < TRIES => {}
            result => return result,
        }
    }
}

fn try_copy_day(from: &Path, to: &Path) -> Result<(), Error> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(Error::io(to))?;
    }
    fs::create_dir(to).map_err(Error::io(to))?;
    let meta = from.join("meta.json");
    let text = fs::read(&meta).map_err(Error::io(&meta))?;
    let parsed: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let segments = parsed.get("segments").and_then(serde_json::Value::as_array);
    let mut names = Vec::new();
    for segment in segments.into_iter().flatten() {
        let id = segment.get("segment_id").and_then(serde_json::Value::as_str).unwrap_or_default();
        names.push(id.replace('-', ""));
    }
    for entry in fs::read_dir(from).map_err(Error::io(from))? {
        let entry = entry.map_err(Error::io(from))?;
        let name = entry.file_name();
        let belongs = name.to_str().is_some_and(|name| names.iter().any(|id| name.starts_with(id)));
        if belongs {
            copy_file(&entry.path(), &to.join(&name))?;
        }
    }
    // Which files belong to the index, for its own housekeeping.
    let managed = from.join(".managed.json");
    if managed.exists() {
        copy_file(&managed, &to.join(".managed.json"))?;
    }
    write_whole(&to.join("meta.json"), &text)
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to).map_err(Error::io(from))?;
    let synced = fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(Error::io(to))
}

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Days whose events are in order, and how many there are.
    pub days: Vec<(Day, u64)>,
    /// Events that are stored and not searchable yet.
    pub journal: u64,
    /// Alerts.
    pub alerts: u64,
    /// What is damaged, with what to do about it.
    pub damages: Vec<String>,
}

/// Reads everything in a data folder or backup, and checks it. It may be written to meanwhile.
///
/// # Errors
///
/// When there is no data folder.
pub fn verify(root: &Path, mut progress: impl FnMut(Day, usize, usize)) -> Result<Verified, Error> {
    let folder = Folder::open(root)?;
    let mut verified = Verified::default();
    if let Err(error) = verify_database(&folder, &mut verified) {
        verified
            .damages
            .push(format!("{}: {error}: restore it from a backup", folder.database().display()));
    }
    let days = folder.days()?;
    for (number, day) in days.iter().enumerate() {
        progress(*day, number, days.len());
        match verify_day(&folder, *day) {
            Ok(events) => verified.days.push((*day, events)),
            Err(error) => verified.damages.push(format!(
                "{}: {error}: restore the folder from a backup, or move it away",
                folder.day(*day).display()
            )),
        }
    }
    Ok(verified)
}

fn verify_database(folder: &Folder, verified: &mut Verified) -> Result<(), Error> {
    let db = db::open_beside(&folder.database())?;
    let mut statement = db.prepare("PRAGMA integrity_check(20)")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    for row in rows {
        let row = row?;
        if row != "ok" {
            let path = folder.database();
            let path = path.display();
            verified.damages.push(format!("{path}: {row}: restore it from a backup"));
        }
    }
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u64>(0));
    verified.journal = count("SELECT coalesce(sum(count), 0) FROM journal")?;
    verified.alerts = count("SELECT count(*) FROM alerts")?;
    let mut seq = 0;
    while let Some(row) = db::read(&db, seq)? {
        let unpacked = row.unpack().map_err(Error::io(folder.database()))?;
        let events = unpacked.events().count().saturating_sub(row.left_out.len());
        seq = row.first + (events as u64).max(1) - 1;
    }
    Ok(())
}

fn verify_day(folder: &Folder, day: Day) -> Result<u64, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let index = day_index::open(folder, day)?;
        let damaged = index.validate_checksum();
        let reader = index.reader().map_err(Error::index(day))?;
        let events = reader.searcher().num_docs();
        match damaged {
            Ok(damaged) if damaged.is_empty() => return Ok(events),
            // A merge may have removed files while they were read.
            _ if tries < 3 => {}
            Ok(damaged) => {
                let names: Vec<String> =
                    damaged.iter().map(|path| path.display().to_string()).collect();
                return Err(Error::DamagedDay(day, names.join(", ")));
            }
            Err(error) => return Err(Error::index(day)(error)),
        }
    }
}
