//! Against a simulated organisation, which knows what it has served.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use okta_client::{
    Backoff, Client, Credentials, Page, Secret, SecretSource, Settings, Start, State,
};
use sim_server::{Backlog, Options, Server};

const EVENTS: usize = 2_500;

/// Events of the last days, one every minute.
fn events() -> Vec<String> {
    let begin = jiff::Timestamp::now() - Duration::from_secs(60 * (EVENTS as u64 + 60));
    let event = |number: usize| {
        let published = begin + Duration::from_secs(60 * number as u64);
        let kind = if number.is_multiple_of(5) { "user.session.start" } else { "user.session.end" };
        format!(
            r#"{{"uuid":"e{number}","published":"{published:.3}","eventType":"{kind}","actor":{{"displayName":"Zoë \"]}}[\" {number}"}}}}"#
        )
    };
    (0..EVENTS).map(event).collect()
}

fn serve(change: impl FnOnce(&mut Options)) -> Server {
    let mut options = Options { backlog: Backlog::Events(events()), ..Options::default() };
    change(&mut options);
    Server::start(options).unwrap()
}

fn settings(server: &Server) -> Settings {
    let token = SecretSource::Given(Secret::new(server.token()));
    Settings {
        frequency: Duration::from_millis(50),
        ratelimit_per_minute: 0,
        ratelimit_share: 100,
        backoff: Backoff { first: Duration::from_millis(20), longest: Duration::from_millis(200) },
        ..Settings::new(server.url(), Credentials::Token(token))
    }
}

fn uuids(page: &Page) -> Vec<String> {
    let uuid = |text| okta::LogEvent::parse(text).unwrap().uuid.to_str().unwrap().into_owned();
    page.texts().map(uuid).collect()
}

fn truth(server: &Server) -> Vec<String> {
    server.truth().uuids.into_iter().flatten().collect()
}

#[tokio::test]
async fn everything_that_was_served_has_come_once_and_in_order() {
    for (chunk_size, in_one_header) in [(1000, false), (37, true)] {
        let server = serve(|options| options.links_in_one_header = in_one_header);
        let client = Client::new(Settings { chunk_size, ..settings(&server) }).unwrap();
        let mut follower = client.follow(Start::Earliest, None);
        let (mut all, mut pages) = (Vec::new(), 0);
        while all.len() < EVENTS {
            all.extend(uuids(&follower.next().await));
            pages += 1;
        }
        assert_eq!(all, truth(&server));
        assert_eq!(pages, EVENTS.div_ceil(chunk_size.into()));
        assert_eq!(client.health().snapshot().requests, [(200, pages as u64)].into());
    }
}

#[tokio::test]
async fn the_organisations_limit_is_kept_to_without_a_refusal() {
    let server = serve(|options| {
        options.rate_limit = 10;
        options.rate_window = Duration::from_secs(2);
    });
    let settings = Settings { chunk_size: 100, ratelimit_share: 50, ..settings(&server) };
    let client = Client::new(settings).unwrap();
    let mut follower = client.follow(Start::Earliest, None);
    let mut all = Vec::new();
    while all.len() < 1_200 {
        all.extend(uuids(&follower.next().await));
    }
    let snapshot = client.health().snapshot();
    assert_eq!(snapshot.requests, [(200, 12)].into());
    let limit = snapshot.rate_limit.unwrap();
    assert!(limit.limit == 10 && limit.remaining >= 5, "{limit:?}");
}

#[tokio::test]
async fn a_filter_and_a_backfill_give_what_they_name() {
    let server = serve(|_| {});
    let filter = Some("eventType eq \"user.session.start\"".to_owned());
    let client = Client::new(Settings { filter, chunk_size: 100, ..settings(&server) }).unwrap();
    let mut backfill = client.backfill(Start::Earliest, jiff::Timestamp::now(), None);
    let mut all = Vec::new();
    while let Some(page) = backfill.next().await {
        all.extend(uuids(&page));
    }
    let expected: Vec<String> = (0..EVENTS).step_by(5).map(|number| format!("e{number}")).collect();
    assert_eq!(all, expected);
    assert_eq!(client.health().snapshot().backfill.state, State::Finished);
}

#[tokio::test]
async fn a_clock_that_differs_loses_nothing() {
    for ahead in [7_200_000, -7_200_000] {
        let server = serve(|options| options.clock_ahead_ms = ahead);
        let client = Client::new(settings(&server)).unwrap();
        let mut follower = client.follow(Start::Now, None);
        let page = follower.next().await;
        let skew = client.health().snapshot().skew_ms.unwrap();
        assert!((skew - ahead).abs() < 5_000, "{skew}");
        let off = page.last_seen.as_millisecond() - jiff::Timestamp::now().as_millisecond();
        assert!((off - ahead).abs() < 10_000, "begins at {off}");
    }
}
