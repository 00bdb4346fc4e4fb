//! What is old is deleted, and nothing else: whatever the system's clock says.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use store::{Committed, Options, Origin, Prepared, Writer};

const DAY: i64 = 86_400_000;

fn open(root: &std::path::Path) -> Writer {
    let options = Options { retention_days: Some(30), ..Options::default() };
    Writer::open(root, options).unwrap()
}

/// Stores events of some ages, in days.
fn store(writer: &mut Writer, now: Timestamp, ages: &[i64]) -> Committed {
    let origin = Arc::new(Origin::new("acme", &Organization::default()));
    let context = Context::default();
    let mut batch = Prepared::new(origin, now);
    for age in ages {
        let published = jiff::Timestamp::from_millisecond(now.0 - age * DAY).unwrap();
        let text = format!(r#"{{"uuid":"{age}","eventType":"a.b","published":"{published}"}}"#);
        let event = LogEvent::parse(&text).unwrap();
        let record = Record::new(&event, &context, Arrival::default());
        batch.event(&record, false);
    }
    let stored = writer.commit(&mut [batch.finish()]).unwrap();
    writer.flush();
    *stored.first().unwrap()
}

#[test]
fn a_clock_that_is_years_ahead_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (now, ahead) = (Timestamp::now(), Timestamp(Timestamp::now().0 + 900 * DAY));
    let mut writer = open(folder.path());
    assert_eq!(store(&mut writer, now, &[20, 10, 0]).stored, 3);
    assert_eq!(writer.tidy(ahead).unwrap(), []);
    drop(writer);
    let mut writer = open(folder.path());
    assert_eq!(writer.tidy(ahead).unwrap(), []);
    assert_eq!(store(&mut writer, now, &[25]).stored, 1);
}

#[test]
fn a_clock_that_is_years_behind_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (now, behind) = (Timestamp::now(), Timestamp(Timestamp::now().0 - 900 * DAY));
    let mut writer = open(folder.path());
    assert_eq!(store(&mut writer, now, &[20, 0]).stored, 2);
    assert_eq!(writer.tidy(behind).unwrap(), []);
}

#[test]
fn what_is_old_is_deleted_and_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let mut writer = open(folder.path());
    // A backlog from its beginning: nothing says yet that it is old.
    assert_eq!(store(&mut writer, now, &[60, 50]).stored, 2);
    let both = store(&mut writer, now, &[40, 0]);
    assert_eq!((both.stored, both.expired), (1, 1));
    assert_eq!(writer.tidy(now).unwrap().len(), 2);
    drop(writer);
    assert_eq!(store(&mut open(folder.path()), now, &[45]).expired, 1);
}
