//! Against a simulated organisation, which knows what it has served.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::HashSet;
use std::time::Duration;

use okta_client::{
    Backoff, Client, Credentials, Network, OAuth, Page, Secret, SecretSource, Settings, Start,
    State, Trouble,
};
use sim_server::{Backlog, Fault, FaultKind, OauthClient, Options, PublicKey, Server, Tls};

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

/// The uuids of all events in the order in which they came first, until `count` have come.
async fn read_until(client: &Client, count: usize) -> Vec<String> {
    let mut follower = client.follow(Start::Earliest, None);
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    while all.len() < count {
        let page = follower.next().await;
        for text in page.texts() {
            let Ok(event) = okta::LogEvent::parse(text) else { continue };
            let uuid = event.uuid.to_str().unwrap().into_owned();
            if seen.insert(uuid.clone()) {
                all.push(uuid);
            }
        }
    }
    all
}

#[tokio::test]
async fn whatever_goes_wrong_nothing_is_lost() {
    // Not those that take their time, nor what makes the order another one.
    let slow = [FaultKind::Reorder, FaultKind::TooMany, FaultKind::Huge, FaultKind::Clock];
    for seed in 0..2 {
        let server = serve(|options| {
            options.faults.seed = seed;
            for kind in FaultKind::ALL.iter().filter(|kind| !slow.contains(kind)) {
                let amount = match kind {
                    FaultKind::Hang | FaultKind::Drip => 2,
                    _ => kind.default_amount().min(1),
                };
                options.faults.rates.insert(Fault { kind: *kind, amount }, 0.02);
            }
        });
        let timeout = Duration::from_millis(500);
        let client =
            Client::new(Settings { chunk_size: 40, timeout, ..settings(&server) }).unwrap();
        let all = read_until(&client, EVENTS).await;
        assert_eq!(all, truth(&server), "seed {seed}");
        let snapshot = client.health().snapshot();
        assert!(snapshot.tail.last_error.is_some(), "seed {seed}");
    }
}

#[tokio::test]
async fn clocks_that_jump_pages_in_disorder_and_huge_answers_lose_nothing() {
    for kind in [FaultKind::Clock, FaultKind::Reorder, FaultKind::Huge, FaultKind::TooMany] {
        let server = serve(|options| {
            options.faults.script.extend((2..4).map(|number| (number, Fault { kind, amount: 1 })));
        });
        let settings = Settings { chunk_size: 500, largest_answer: 700_000, ..settings(&server) };
        let client = Client::new(settings).unwrap();
        let mut all = read_until(&client, EVENTS).await;
        let mut expected = truth(&server);
        if kind == FaultKind::Reorder {
            all.sort();
            expected.sort();
        }
        assert_eq!(all, expected, "{kind:?}");
    }
}

/// An organisation with a service app, and settings to be that app.
fn app(options: impl FnOnce(&mut Options)) -> (Server, Settings) {
    let key = include_str!("keys/ec.jwk.json");
    let client = OauthClient::new("app-1", PublicKey::from_jwk(key).unwrap());
    let server = serve(|all| {
        all.oauth_clients.push(client);
        options(all);
    });
    let oauth = OAuth::new("app-1", SecretSource::Given(Secret::new(key)));
    let settings = Settings { credentials: Credentials::OAuth(oauth), ..settings(&server) };
    (server, Settings { chunk_size: 100, ..settings })
}

#[tokio::test]
async fn a_service_app_goes_on_whatever_happens_to_tokens_and_nonces() {
    let (server, settings) = app(|options| {
        options.clock_ahead_ms = -3_600_000;
        options.access_token_lifetime = Duration::from_secs(2);
        options.faults.add("token:0.3").unwrap();
    });
    let client = Client::new(settings).unwrap();
    let mut follower = client.follow(Start::Earliest, None);
    let mut all = Vec::new();
    for turn in 0_u64.. {
        all.extend(uuids(&follower.next().await));
        if all.len() >= EVENTS {
            break;
        }
        match turn % 4 {
            1 => server.rotate_nonce(),
            2 => server.revoke_access_tokens(),
            3 => tokio::time::sleep(Duration::from_millis(300)).await,
            _ => {}
        }
    }
    assert_eq!(all, truth(&server));
    let grant = client.check().await.grant.unwrap().unwrap();
    assert_eq!((grant.scopes, grant.is_bound), (vec!["okta.logs.read".to_owned()], true));
}

#[tokio::test]
async fn a_key_that_is_not_the_apps_is_told() {
    let (_server, settings) = app(|_| {});
    let key = SecretSource::Given(Secret::new(include_str!("keys/rsa.pkcs8.pem")));
    let credentials = Credentials::OAuth(OAuth::new("app-1", key));
    let client = Client::new(Settings { credentials, ..settings }).unwrap();
    let error = client.check().await.grant.unwrap_err();
    let Trouble::Token(error) = &error else { panic!("{error}") };
    assert!(error.is("invalid_client"), "{error}");
}

#[tokio::test]
async fn only_the_authority_that_is_named_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    for (tls, trusted) in [(Tls::Good, true), (Tls::WrongName, false), (Tls::Expired, false)] {
        let server = serve(|options| options.tls = tls);
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, server.ca_pem().unwrap()).unwrap();
        let named = Settings { ca_file: Some(path), ..settings(&server) };
        let check = Client::new(named).unwrap().check().await.newest;
        assert_eq!(check.is_ok(), trusted, "{tls:?} {check:?}");
        for check in [check, Client::new(settings(&server)).unwrap().check().await.newest] {
            let Err(trouble) = check else { continue };
            assert!(
                matches!(trouble, Trouble::Network { kind: Network::Tls, .. }),
                "{tls:?} {trouble}"
            );
        }
    }
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, "no certificate").unwrap();
    let server = serve(|options| options.tls = Tls::Good);
    let error = Client::new(Settings { ca_file: Some(path), ..settings(&server) }).unwrap_err();
    assert!(error.to_string().contains("expected certificates as PEM"), "{error}");
}
