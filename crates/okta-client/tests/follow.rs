//! The live tail and the backfill, against a server that does what servers do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod server;

use std::time::Duration;

use okta_client::{Client, Page, Resume, Settings, Start, State, Trouble};
use server::{Act, Reply, Request, Server, event, page, refusal};

/// A server that has so many pages, one event in each, and asks for them by number.
async fn pages(count: usize) -> Server {
    Server::start(move |request, _| numbered(request, count).into()).await
}

/// The page that a request asks for.
fn numbered(request: &Request, count: usize) -> Reply {
    let number = request.query("after").map_or(0, |after| after.parse::<usize>().unwrap());
    let host = request.header("host");
    let next = |number| format!("http://{host}/api/v1/logs?limit=1&after={number}");
    if number < count {
        page(&[&event(number)]).next(next(number + 1))
    } else {
        page(&[]).next(next(number))
    }
}

fn uuids(page: &Page) -> Vec<String> {
    let uuid = |text| okta::LogEvent::parse(text).unwrap().uuid.to_str().unwrap().into_owned();
    page.texts().map(uuid).collect()
}

/// The events of so many pages.
async fn read(follower: &mut okta_client::Follower, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(uuids(&follower.next().await));
    }
    all
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("e{number}")).collect()
}

#[tokio::test]
async fn the_first_request_says_all_and_those_behind_it_only_follow() {
    let server = pages(3).await;
    let settings = Settings {
        filter: Some("eventType eq \"a.b\" & x".to_owned()),
        q: Some("ada + bob".to_owned()),
        chunk_size: 1,
        ..server.settings()
    };
    let client = Client::new(settings).unwrap();
    let start = "2026-11-20T00:00:00Z".parse().unwrap();
    let mut follower = client.follow(Start::At(start), None);
    assert_eq!(read(&mut follower, 3).await, names(0..3));
    let requests = server.requests();
    let first = &requests[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("GET", "/api/v1/logs"));
    assert_eq!(first.header("authorization"), "SSWS s3cret-token");
    let query = [
        ("since", "2026-11-20T00:00:00.000Z"),
        ("sortOrder", "ASCENDING"),
        ("limit", "1"),
        ("filter", "eventType eq \"a.b\" & x"),
        ("q", "ada + bob"),
    ];
    assert_eq!(first.query.len(), query.len(), "{first:?}");
    for (name, value) in query {
        assert_eq!(first.query(name), Some(value));
    }
    assert_eq!(requests[1].target, "/api/v1/logs?limit=1&after=1");
    assert_eq!(requests[2].target, "/api/v1/logs?limit=1&after=2");
}

#[tokio::test]
async fn full_pages_are_followed_at_once_and_short_ones_after_the_frequency() {
    let server = pages(4).await;
    let settings =
        Settings { frequency: Duration::from_millis(300), chunk_size: 1, ..server.settings() };
    let client = Client::new(settings).unwrap();
    let mut follower = client.follow(Start::Earliest, None);
    for full in [true, true, true, true, false, false] {
        assert_eq!(follower.next().await.is_full, full);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 6, "none but those for pages");
    let between = requests[5].at - requests[4].at;
    assert!(between >= Duration::from_millis(290), "{between:?}");
    assert_eq!(client.health().snapshot().tail.state, State::CaughtUp);
    assert_eq!(client.health().snapshot().tail.events, 4);
}

#[tokio::test]
async fn it_resumes_with_the_stored_cursor_as_it_came() {
    let server = pages(5).await;
    let mut first = server.client().follow(Start::Earliest, None);
    assert_eq!(uuids(&first.next().await), names([0]));
    let page = first.next().await;
    let resume = Resume { cursor: page.next.unwrap(), last_seen: page.last_seen };
    assert_eq!(resume.cursor, format!("{}/api/v1/logs?limit=1&after=2", server.url));
    let mut second = server.client().follow(Start::Now, Some(resume));
    assert_eq!(read(&mut second, 3).await, names(2..5));
}

#[tokio::test]
async fn a_dropped_future_loses_no_page_and_skips_none() {
    let server =
        Server::start(|request, _| Act::Drip(numbered(request, 6), Duration::from_millis(1))).await;
    let mut follower = server.client().follow(Start::Earliest, None);
    let (mut all, mut dropped) = (Vec::new(), 0);
    let mut patience = Duration::from_millis(1);
    while all.len() < 6 {
        // Dropped at ever later instants, until one is late enough.
        match tokio::time::timeout(patience, follower.next()).await {
            Ok(page) => {
                all.extend(uuids(&page));
                patience = Duration::from_millis(1);
            }
            Err(_) => {
                dropped += 1;
                patience = patience * 2 + Duration::from_millis(3);
            }
        }
    }
    assert_eq!(all, names(0..6));
    assert!(dropped >= 6, "{dropped}");
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_the_same_page_is_asked_for_again() {
    let server = Server::start(|request, count| {
        let good = numbered(request, 2);
        let whole = good.bytes();
        match count {
            0 => Act::Reset,
            1 => Act::Bytes(whole[..whole.len() - 5].to_vec()),
            2 => Act::Bytes(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[{\"a\"\r\n".to_vec(),
            ),
            3 => Act::Bytes(b"what?\r\n\r\n".to_vec()),
            4 => Act::Bytes(Vec::new()),
            5 => refusal(500, "E0000009").into(),
            6 => Reply::new(502, "<html>").into(),
            7 => Reply::new(302, "").header("location", "https://evil.example/").into(),
            8 => Act::Hang,
            9 => Act::Drip(page(&[event(0).as_str(); 100]), Duration::from_millis(20)),
            10 => Reply::new(200, vec![b' '; 20_000]).into(),
            11 => Act::Bytes([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b' '; 20_000]].concat()),
            _ => good.into(),
        }
    })
    .await;
    let settings = Settings {
        timeout: Duration::from_millis(300),
        largest_answer: 15_000,
        ..server.settings()
    };
    let client = Client::new(settings).unwrap();
    let mut follower = client.follow(Start::Earliest, None);
    assert_eq!(read(&mut follower, 2).await, names(0..2));
    let requests = server.requests();
    let since = requests[0].query("since").unwrap();
    assert!(requests[..=12].iter().all(|request| request.query("after").is_none()));
    assert!(!since.is_empty());
    let snapshot = client.health().snapshot();
    assert_eq!(snapshot.requests[&500], 1);
    assert_eq!(snapshot.requests[&502], 1);
    assert_eq!(snapshot.requests[&302], 1);
    assert_eq!(snapshot.requests[&0], 9);
    assert!(snapshot.tail.last_error.is_some());
    assert_eq!(snapshot.tail.state, State::CatchingUp);
}

#[tokio::test]
async fn a_rate_limit_that_is_used_up_is_waited_out() {
    let now = || jiff::Timestamp::now();
    let date = |time: jiff::Timestamp| {
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap()
    };
    // An hour behind, so that nobody's dates are read by our clock.
    let hour = Duration::from_secs(3600);
    let server = Server::start(move |request, count| {
        let theirs = now() - hour;
        let no = refusal(429, "E0000047").header("date", date(theirs));
        let whole = jiff::Timestamp::from_second(theirs.as_second() + 2).unwrap();
        match count {
            0 => no.header("retry-after", "1").into(),
            1 => no.header("retry-after", date(whole)).into(),
            2 => no
                .header("x-rate-limit-limit", "60")
                .header("x-rate-limit-remaining", "0")
                .header("x-rate-limit-reset", whole.as_second().to_string())
                .into(),
            3 => no.into(),
            _ => numbered(request, 1).header("date", date(theirs)).into(),
        }
    })
    .await;
    let client = server.client();
    let mut follower = client.follow(Start::Earliest, None);
    assert_eq!(read(&mut follower, 1).await, names([0]));
    let requests = server.requests();
    let waits: Vec<f64> =
        requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
    assert!((0.99..3.0).contains(&waits[0]), "{waits:?}");
    // Two seconds by dates that are cut to seconds.
    assert!((0.9..5.0).contains(&waits[1]), "{waits:?}");
    assert!((0.9..5.0).contains(&waits[2]), "{waits:?}");
    assert!(waits[3] < 2.0, "{waits:?}");
    let snapshot = client.health().snapshot();
    assert_eq!(snapshot.requests[&429], 4);
    assert_eq!(snapshot.rate_limit.map(|it| (it.limit, it.remaining)), Some((60, 0)));
    let skew = snapshot.skew_ms.unwrap() + 3_600_000;
    assert!(skew.abs() < 3_000, "{skew}");
}

#[tokio::test]
async fn now_is_now_by_the_clock_of_the_organisation() {
    let date = "Fri, 02 Jan 2026 03:04:05 GMT";
    let server =
        Server::start(move |request, _| numbered(request, 1).header("date", date).into()).await;
    let mut follower = server.client().follow(Start::Now, None);
    read(&mut follower, 1).await;
    let requests = server.requests();
    let since: jiff::Timestamp = requests[1].query("since").unwrap().parse().unwrap();
    let late = since.duration_since("2026-01-02T03:04:05Z".parse().unwrap());
    assert!(late.as_secs().abs() < 10, "{since}");
}

#[tokio::test]
async fn links_that_lead_elsewhere_are_not_followed() {
    let elsewhere = Server::start(|_, _| page(&[]).into()).await;
    let elsewhere_url = elsewhere.url.clone();
    let server = Server::start(move |request, count| {
        let host = request.header("host");
        let hostile = [
            format!("{elsewhere_url}/api/v1/logs?after=1"),
            format!("https://{host}/api/v1/logs?after=1"),
            format!("http://{host}/api/v1/users?after=1"),
            format!("http://ada@{host}/api/v1/logs?after=1"),
        ];
        match (request.query("after"), hostile.get(count)) {
            (None, Some(link)) => page(&[&event(0)]).next(link).into(),
            _ => numbered(request, 3).into(),
        }
    })
    .await;
    let client = server.client();
    let mut follower = client.follow(Start::Earliest, None);
    let first = follower.next().await;
    assert_eq!((uuids(&first), &first.next), (names([0]), &None));
    assert!(matches!(
        client.health().snapshot().tail.state,
        State::Retrying { trouble: Trouble::NextLink(_), failures: 1, .. }
    ));
    // Given once more with a way on, and not in between.
    assert_eq!(read(&mut follower, 3).await, names(0..3));
    assert_eq!(client.health().snapshot().tail.refused_links, 4);
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn without_a_next_link_nothing_moves() {
    let server = Server::start(|request, count| match count {
        0 | 1 => page(&[&event(0)]).into(),
        2 => page(&[&event(0), &event(1)]).into(),
        3 => page(&[]).into(),
        _ => numbered(request, 3).into(),
    })
    .await;
    let mut follower = server.client().follow(Start::Earliest, None);
    let mut pages = Vec::new();
    for _ in 0..3 {
        let page = follower.next().await;
        pages.push((uuids(&page), page.next.is_some()));
    }
    let expected = [(names([0]), false), (names([0, 1]), false), (names([0]), true)];
    assert_eq!(pages, expected);
    let since = |request: &Request| request.query("since").is_some();
    assert!(server.requests()[..5].iter().all(since));
}

#[tokio::test]
async fn a_poisoned_page_does_not_stop_the_tail() {
    let server = Server::start(|request, _| {
        let mut good = numbered(request, 4);
        match request.query("after") {
            Some("1") => good.body = format!("[{},{{\"cut\": ", event(1)).into_bytes(),
            Some("2") => good.body = b"<html>sorry</html>".to_vec(),
            Some("3") => {
                good.body = format!("{{\"events\": [{}, 7]}}", event(3)).into_bytes();
            }
            _ => {}
        }
        good.into()
    })
    .await;
    let client = server.client();
    let mut follower = client.follow(Start::Earliest, None);
    let mut got = Vec::new();
    for _ in 0..4 {
        let page = follower.next().await;
        got.push((uuids(&page), page.rejects.len()));
    }
    assert_eq!(got, [(names([0]), 0), (names([1]), 1), (vec![], 1), (names([3]), 1)]);
    let requests = server.requests();
    let asked = |after| requests.iter().filter(|it| it.query("after") == Some(after)).count();
    assert_eq!((asked("1"), asked("2"), asked("3")), (3, 3, 3));
    assert_eq!(client.health().snapshot().tail.bad_pages, 9);
}

#[tokio::test]
async fn a_page_for_people_without_a_way_on_is_no_part_of_the_log() {
    let server = Server::start(|request, count| match count {
        0..5 => Reply::new(200, "<html>sign in to the hotel</html>")
            .header("content-type", "text/html")
            .into(),
        _ => numbered(request, 1).into(),
    })
    .await;
    let client = server.client();
    let page = client.follow(Start::Earliest, None).next().await;
    assert_eq!((uuids(&page), page.rejects.len()), (names([0]), 0));
    let (_, trouble) = client.health().snapshot().tail.last_error.unwrap();
    assert_eq!(trouble.to_string(), "expected a page of events, found text/html of 33 bytes");
}

#[tokio::test]
async fn a_cursor_that_is_no_longer_taken_falls_back_to_the_last_seen_time() {
    for refused in [
        refusal(400, "E0000031"),
        refusal(400, "E0000001"),
        refusal(404, "E0000007"),
        Reply::new(410, ""),
    ] {
        let server = Server::start(move |request, _| match request.query("after") {
            Some("stale") => refused.clone().into(),
            _ => numbered(request, 2).into(),
        })
        .await;
        let client = server.client();
        // Okta still has what is seven days old.
        let last_seen = jiff::Timestamp::now() - Duration::from_secs(7 * 86_400);
        let cursor = format!("{}/api/v1/logs?after=stale", server.url);
        let mut follower = client.follow(Start::Now, Some(Resume { cursor, last_seen }));
        let page = follower.next().await;
        assert_eq!(uuids(&page), names([0]));
        assert!(page.last_seen >= last_seen);
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "the cursor twice, in case it was a slip");
        let since: jiff::Timestamp = requests[2].query("since").unwrap().parse().unwrap();
        let overlap = last_seen.duration_since(since);
        assert!((overlap.as_secs() - 900).abs() < 5, "{overlap}");
        assert_eq!(client.health().snapshot().tail.fallbacks, 1);
    }
}

#[tokio::test]
async fn a_cursor_that_is_refused_for_ever_is_passed_by() {
    // A log of 400 events; a cursor stands for a place, and one place is refused.
    let begun = jiff::Timestamp::now() - Duration::from_secs(3600);
    let server = Server::start(move |request, _| {
        let limit: u64 = request.query("limit").unwrap().parse().unwrap();
        let from: u64 = request.query("after").map_or(0, |after| after.parse().unwrap());
        if request.query("after") == Some("40") {
            return refusal(400, "E0000031").into();
        }
        let to = (from + limit).min(400);
        let event = |number| {
            let published = begun + Duration::from_secs(number);
            format!(r#"{{"uuid":"u{number}","eventType":"a.b","published":"{published}"}}"#)
        };
        let events: Vec<String> = (from..to).map(event).collect();
        let next =
            format!("http://{}/api/v1/logs?limit={limit}&after={to}", request.header("host"));
        Reply::new(200, format!("[{}]", events.join(","))).next(next).into()
    })
    .await;
    let client = Client::new(Settings { chunk_size: 20, ..server.settings() }).unwrap();
    let mut follower = client.follow(Start::Earliest, None);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 400 {
        seen.extend(uuids(&follower.next().await));
        assert!(client.health().snapshot().tail.fallbacks < 20, "{} seen", seen.len());
    }
}

#[tokio::test]
async fn a_stored_cursor_of_another_organisation_is_not_asked_for() {
    let server = pages(1).await;
    let client = server.client();
    let cursor = "https://other.okta.com/api/v1/logs?after=1".to_owned();
    let last_seen = jiff::Timestamp::now();
    let mut follower = client.follow(Start::Now, Some(Resume { cursor, last_seen }));
    assert_eq!(read(&mut follower, 1).await, names([0]));
    assert_eq!(client.health().snapshot().tail.fallbacks, 1);
}

#[tokio::test]
async fn what_okta_does_not_keep_is_not_asked_for() {
    let server = Server::start(|request, count| match count {
        0 | 1 => refusal(400, "E0000053").into(),
        _ => numbered(request, 1).into(),
    })
    .await;
    let start = Start::At("2020-01-01T00:00:00Z".parse().unwrap());
    server.client().follow(start, None).next().await;
    let days: Vec<i64> = server
        .requests()
        .iter()
        .map(|request| {
            let since: jiff::Timestamp = request.query("since").unwrap().parse().unwrap();
            (jiff::Timestamp::now().duration_since(since).as_secs() + 60) / 86_400
        })
        .collect();
    assert_eq!(days, [90, 89, 88]);
}

#[tokio::test]
async fn a_backfill_ends_where_there_is_no_next_link() {
    let server = Server::start(|request, count| {
        let mut reply = numbered(request, 3);
        if request.query("after") == Some("2") {
            reply.headers.retain(|(name, _)| name != "link");
        }
        if count == 1 { refusal(503, "").into() } else { reply.into() }
    })
    .await;
    let client = server.client();
    let (since, until) = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    let mut backfill =
        client.backfill(Start::At(since.parse().unwrap()), until.parse().unwrap(), None);
    let mut all = Vec::new();
    while let Some(page) = backfill.next().await {
        assert_eq!(page.next.is_none(), backfill.is_finished());
        all.extend(uuids(&page));
    }
    assert_eq!(all, names(0..3));
    assert!(backfill.next().await.is_none());
    let first = &server.requests()[0];
    assert_eq!(first.query("until"), Some("2026-11-02T00:00:00.000Z"));
    assert_eq!(client.health().snapshot().backfill.state, State::Finished);
    assert_eq!(client.health().snapshot().tail.state, State::Idle);
}

#[tokio::test]
async fn the_last_seen_time_grows_with_the_events_and_begins_with_the_start() {
    let days_ago = |days: u64| jiff::Timestamp::now() - Duration::from_secs(days * 86_400 + 3_600);
    let (start, late, early) = (days_ago(9), days_ago(3), days_ago(7));
    let next_year = jiff::Timestamp::now() + Duration::from_secs(365 * 86_400);
    let published = [None, Some(late), Some(early), Some(next_year)];
    let server = Server::start(move |request, count| {
        let reply = numbered(request, 9);
        let event = published[count.min(3)].map_or(String::new(), |time| {
            format!(r#"{{"uuid":"1","eventType":"a.b","published":"{time:.3}"}}"#)
        });
        Reply { body: format!("[{event}]").into_bytes(), ..reply }.into()
    })
    .await;
    let mut follower = server.client().follow(Start::At(start), None);
    for expected in [start, late, late, late] {
        let seen = follower.next().await.last_seen;
        assert_eq!(seen.as_millisecond(), expected.as_millisecond());
    }
}

#[tokio::test]
async fn a_look_at_an_organisation_takes_one_request() {
    let server = Server::start(|_, _| {
        page(&[&event(7)])
            .header("x-rate-limit-limit", "60")
            .header("x-rate-limit-remaining", "59")
            .header("x-rate-limit-reset", "0")
            .into()
    })
    .await;
    let client = server.client();
    let check = client.check().await;
    assert_eq!(check.grant.unwrap(), None);
    assert_eq!(check.newest.unwrap(), Some("2026-01-02T03:04:07Z".parse().unwrap()));
    assert_eq!(server.requests().len(), 1);
    assert_eq!(client.health().snapshot().rate_limit.map(|it| it.remaining), Some(59));
}
