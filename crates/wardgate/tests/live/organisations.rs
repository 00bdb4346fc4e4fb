//! Organisations that misbehave, and many at once.

use std::collections::BTreeMap;
use std::fs;

use sim_server::Server;
use store::search::Searcher;

use crate::support::{Place, org};

#[test]
fn pages_links_cursors_and_clocks_that_are_wrong_lose_nothing() {
    let faults = [
        "html@2",
        "cut-json@3",
        "bad-event@4",
        "cut-event@5",
        "foreign-next@6",
        "stale@7",
        "clock=86400@14",
        "reorder@9",
        "revoked@10",
        "duplicate@11",
        "cut-body@12",
    ];
    let org = org(1_500, 11, &faults);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 1_500);
    running.stop();
    place.assert_complete(&org);
    let happened = org.stats().faults;
    for fault in faults {
        let kind = fault.split(['=', '@']).next().unwrap();
        assert!(happened.contains_key(kind), "{kind}: {happened:?}");
    }
}

#[test]
fn fifty_organisations_are_followed_at_once() {
    const EVENTS: u64 = 60;
    let orgs: Vec<Server> = (0..50).map(|seed| org(EVENTS, 100 + seed, &["500:0.05"])).collect();
    let place = Place::new();
    let mut text = "data_dir = \"data\"\n[server]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    let mut expected = BTreeMap::new();
    for (number, org) in orgs.iter().enumerate() {
        fs::write(place.path(&format!("token-{number}")), org.token()).unwrap();
        text.push_str(&format!(
            "[[intake]]\nname = \"org-{number}\"\nkind = \"okta\"\nbase_url = \"{}\"\n\
             token_file = \"token-{number}\"\nfrequency = \"1s\"\nratelimit_per_minute = 10000\n\
             ratelimit_share = 100\nchunk_size = 100\nstart = \"earliest\"\n",
            org.url()
        ));
        let ids: Vec<String> = org.truth().uuids.into_iter().flatten().collect();
        expected.extend(ids.into_iter().map(|id| ((number, id), 1)));
    }
    fs::write(place.path("wardgate.toml"), text).unwrap();
    let mut running = place.start();
    place.wait_for_events(&mut running, 50 * EVENTS);
    running.stop();

    let searcher = Searcher::open(&place.data()).unwrap();
    let query = query::parse("*").unwrap();
    let request = store::search::Request {
        selection: store::search::Selection::new(&query.root),
        limit: usize::MAX,
        newest_first: false,
        after: None,
    };
    let mut stored = BTreeMap::new();
    let found = searcher.for_each(&request, |hit| {
        let event: serde_json::Value = serde_json::from_str(&hit.raw).unwrap();
        let intake = &hit.origin.as_ref().unwrap().intake;
        let number = intake.trim_start_matches("org-").parse::<usize>().unwrap();
        let id = event["uuid"].as_str().unwrap().to_owned();
        *stored.entry((number, id)).or_insert(0) += 1;
        std::ops::ControlFlow::Continue(())
    });
    found.unwrap();
    assert!(stored == expected, "{} of {}", stored.len(), expected.len());
}
