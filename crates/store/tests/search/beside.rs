//! Searching while another one writes, and what is left of a damaged store.

use std::fs;

use query::{Node, parse};
use store::search::{Follower, Request, Searcher};
use store::{Day, Error};

use crate::support::{open, paged, selection, simulated, store};

#[test]
fn what_is_stored_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let events = simulated(300, 5, 3);
    let (before, after) = events.split_at(100);
    let mut writer = open(folder.path());
    store(&mut writer, before);
    let searcher = Searcher::open(folder.path()).unwrap();
    let mut follower = Follower::new(&searcher).unwrap();
    let all = Node::all();
    let mut next = |limit| follower.next(&searcher, &selection(&all), limit).unwrap().0;
    assert_eq!(next(10).len(), 0, "what was there is not handed out");
    store(&mut writer, &after[..50]);
    let mut seen: Vec<_> = next(30).into_iter().map(|hit| hit.raw).collect();
    assert_eq!(seen.len(), 30);
    store(&mut writer, &after[50..]);
    loop {
        let hits = next(60);
        if hits.is_empty() {
            break;
        }
        seen.extend(hits.into_iter().map(|hit| hit.raw));
    }
    assert_eq!(seen, after, "each once, in the order in which they were stored");

    let query = parse("event.outcome:failure").unwrap().root;
    let mut follower = Follower::behind(0);
    let failures = follower.next(&searcher, &selection(&query), 1_000).unwrap().0;
    assert_eq!(failures.len() as u64, searcher.count(&selection(&query)).unwrap().events);
}

#[test]
fn a_searcher_sees_what_has_been_committed_when_it_looks_again() {
    let folder = tempfile::tempdir().unwrap();
    let events = simulated(40, 6, 1);
    let mut writer = open(folder.path());
    store(&mut writer, &events[..20]);
    let searcher = Searcher::open(folder.path()).unwrap();
    let all = Node::all();
    let count = || searcher.count(&selection(&all)).unwrap().events;
    assert_eq!(count(), 20);
    store(&mut writer, &events[20..]);
    searcher.refresh();
    assert_eq!(count(), 40);
}

#[test]
fn damaged_days_do_not_stop_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(folder.path());
    store(&mut writer, &simulated(200, 7, 4));
    drop(writer);
    let all = Node::all();
    let whole = Searcher::open(folder.path()).unwrap();
    let total = whole.count(&selection(&all)).unwrap().events;
    let histogram = whole.histogram(&selection(&all), 86_400_000).unwrap();
    let days: Vec<_> = histogram.parts.iter().filter(|(_, count)| *count > 0).collect();
    assert!(days.len() >= 3, "{days:?}");

    // One day's list of segments is cut, and everything of another one is overwritten.
    let (cut, broken) = (days[0], days[1]);
    let path = |time| folder.path().join("days").join(Day::of(Some(time)).to_string());
    fs::write(path(cut.0).join("meta.json"), "{\"segments\":").unwrap();
    for file in fs::read_dir(path(broken.0)).unwrap() {
        let file = file.unwrap().path();
        if !file.ends_with("meta.json") {
            let length = fs::metadata(&file).unwrap().len() as usize;
            fs::write(&file, vec![0x5a; length]).unwrap();
        }
    }
    let searcher = Searcher::open(folder.path()).unwrap();
    let counts = searcher.count(&selection(&all)).unwrap();
    assert_eq!(counts.events, total - cut.1 - broken.1);
    let unreadable: Vec<_> = counts.unreadable.iter().map(|day| day.day).collect();
    assert_eq!(unreadable, [Day::of(Some(cut.0)), Day::of(Some(broken.0))]);
    for day in &counts.unreadable {
        assert!(day.reason.contains(&day.day.to_string()), "{}", day.reason);
    }
    let mut hits = 0;
    let request =
        Request { selection: selection(&all), limit: 1_000, newest_first: true, after: None };
    let found = searcher.for_each(&request, |_| {
        hits += 1;
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(hits, counts.events);
    assert_eq!(found.unwrap().unreadable.len(), 2);

    // Without the database, events are found that do not say where they came from.
    fs::write(folder.path().join("wardgate.db"), "nothing").unwrap();
    let searcher = Searcher::open(folder.path()).unwrap();
    let query = parse(&format!("@timestamp:>={}", days[2].0)).unwrap().root;
    let request =
        Request { selection: selection(&query), limit: 7, newest_first: true, after: None };
    let hits = paged(&searcher, request);
    assert!(!hits.is_empty());
    assert!(hits.iter().all(|hit| hit.origin.is_none()));
}

#[test]
fn a_folder_without_a_store_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let result = Searcher::open(folder.path());
    assert!(matches!(result, Err(Error::NoFolder(_))));
}
