use std::time::Duration;

use jiff::Timestamp;
use okta_client::{ApiError, Check, Grant, Network, OAuth, RateLimit, Secret, Snapshot, Trouble};
use sim_server::{Backlog, Options, Server};

use super::*;

fn settings(url: &str, token: &str) -> Settings {
    Settings::new(url, Credentials::Token(SecretSource::Given(Secret::new(token))))
}

fn app() -> Settings {
    let key = SecretSource::Given(Secret::new("unused"));
    Settings::new("https://acme.okta.com", Credentials::OAuth(OAuth::new("client", key)))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn look(settings: &Settings, check: Check, snapshot: &Snapshot) -> Diagnosis {
    let surroundings = Surroundings { now: now(), proxy: None };
    Diagnosis::new("acme".to_owned(), settings, check, snapshot, &surroundings)
}

fn text(diagnoses: &[Diagnosis]) -> String {
    let mut out = Vec::new();
    print(&mut out, diagnoses).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn grant(scopes: &[&str], is_bound: bool) -> Grant {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Grant { scopes, is_bound, lifetime: Duration::from_secs(3600) }
}

#[test]
fn all_is_well() {
    let snapshot = Snapshot {
        rate_limit: Some(RateLimit {
            limit: 60,
            remaining: 58,
            reset: now() + Duration::from_secs(42),
        }),
        skew_ms: Some(-400),
        ..Snapshot::default()
    };
    let newest = now() - Duration::from_secs(180);
    let check =
        Check { grant: Ok(Some(grant(&["okta.logs.read"], true))), newest: Ok(Some(newest)) };
    let diagnosis = look(&app(), check, &snapshot);
    assert!(!diagnosis.is_failed());
    assert_eq!(
        text(&[diagnosis]),
        "acme  https://acme.okta.com\n\
         \x20 ok       token       granted for 60 minutes: okta.logs.read, bound to this client (DPoP)\n\
         \x20 ok       log         can be read\n\
         \x20 ok       events      the newest is 2 minutes old\n\
         \x20 ok       rate limit  58 of 60 requests are left, all again in 42 seconds\n\
         \x20 ok       clock       agrees with Okta's, as far as headers tell\n"
    );
}

#[test]
fn what_deserves_a_look_is_no_failure() {
    let snapshot = Snapshot {
        rate_limit: Some(RateLimit { limit: 60, remaining: 30, reset: now() }),
        skew_ms: Some(65_000),
        ..Snapshot::default()
    };
    let scopes = ["okta.logs.read", "okta.users.manage"];
    let check = Check { grant: Ok(Some(grant(&scopes, false))), newest: Ok(None) };
    let mut settings = app();
    settings.base_url = "https://acme-admin.okta.com".to_owned();
    let diagnosis = look(&settings, check, &snapshot);
    assert!(!diagnosis.is_failed());
    let text = text(&[diagnosis]);
    for expected in [
        "warning  address     the address is the admin console's",
        "https://acme.…",
        "okta.users.manage\n",
        "→ nothing but okta.logs.read is needed",
        "not bound to this client",
        "warning  events      none in seven days",
        "share of 50 percent",
        "warning  clock       65 seconds behind Okta's",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_token_without_the_scope_is_a_failure() {
    let check = Check {
        grant: Ok(Some(grant(&["okta.users.read"], true))),
        newest: Err(Trouble::Api(ApiError { status: 403, ..ApiError::default() })),
    };
    assert!(look(&app(), check, &Snapshot::default()).is_failed());
}

#[test]
fn every_trouble_comes_with_what_to_do() {
    let api = |status, code: &str| ApiError {
        status,
        code: (!code.is_empty()).then(|| code.to_owned()),
        ..ApiError::default()
    };
    let network = |kind| Trouble::Network { kind, detail: "x".to_owned() };
    let token = settings("https://acme.okta.com", "x");
    let filtered = Settings { filter: Some("x".to_owned()), ..token.clone() };
    let cases = [
        (&token, Trouble::Api(api(401, "E0000011")), "make a new one"),
        (&token, Trouble::Api(api(403, "E0000006")), "Read-only Administrator"),
        (&token, Trouble::Api(api(302, "")), "redirects are not followed"),
        (&token, Trouble::Api(api(404, "")), "no Okta organisation"),
        (&token, Trouble::Api(api(503, "")), "status.okta.com"),
        (&token, Trouble::Api(api(400, "E0000001")), "request id"),
        (&filtered, Trouble::Api(api(400, "E0000031")), "filter and q"),
        (&app(), Trouble::Api(api(401, "")), "DPoP"),
        (&app(), Trouble::Api(api(403, "")), "okta.logs.read"),
        (&app(), Trouble::Token(api(401, "invalid_client")), "client_id"),
        (&app(), Trouble::Token(api(400, "invalid_scope")), "Okta API Scopes"),
        (&app(), Trouble::Token(api(400, "invalid_dpop_proof")), "dpop = true"),
        (&app(), Trouble::Token(api(404, "")), "no Okta organisation"),
        (&token, network(Network::Dns), "DNS"),
        (&token, network(Network::Connect), "HTTPS_PROXY"),
        (&token, network(Network::Tls), "ca_file"),
        (&token, network(Network::Timeout), "firewall"),
        (&token, network(Network::Broken), "try again"),
        (&token, Trouble::Credential("unset".to_owned()), "put the secret"),
        (&token, Trouble::RateLimited { wait: None }, "Rate Limits"),
        (&token, Trouble::Page("text/html".to_owned()), "sign-in page"),
    ];
    for (settings, trouble, expected) in cases {
        let is_token = matches!(trouble, Trouble::Token(_));
        let check = Check {
            grant: if is_token { Err(trouble.clone()) } else { Ok(None) },
            newest: Err(trouble.clone()),
        };
        let diagnosis = look(settings, check, &Snapshot::default());
        assert_eq!(diagnosis.findings.len(), 1, "{diagnosis:?}");
        let help = diagnosis.findings[0].help.as_deref().unwrap_or_default();
        assert!(diagnosis.is_failed() && help.contains(expected), "{trouble}: {help}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_told_without_passwords() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let name = "acme".to_owned();
    let settings = settings("https://ada:hunter2@acme.okta.com", "x");
    let diagnosis = runtime.block_on(examine(Patient { name, settings }));
    assert!(diagnosis.is_failed());
    let text = text(&[diagnosis]);
    assert!(text.contains("base_url") && !text.contains("hunter2"), "{text}");
}

#[test]
fn organisations_are_looked_at_side_by_side() {
    let event = |time: Timestamp| {
        format!(r#"{{"uuid":"1","eventType":"user.session.start","published":"{time:.3}"}}"#)
    };
    // Half a minute past ten minutes: what skew and a busy machine add does not change the minute.
    let recently = Timestamp::now() - Duration::from_secs(630);
    let options = Options {
        backlog: Backlog::Events(vec![event(recently)]),
        tokens: vec!["right".to_owned()],
        rate_limit: 60,
        ..Options::default()
    };
    let server = Server::start(options).unwrap();
    let patient = |name: &str, token| Patient {
        name: name.to_owned(),
        settings: settings(&server.url(), token),
    };
    let patients = vec![patient("good", "right"), patient("bad", "hunter2")];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let diagnoses = runtime.block_on(examine_all(patients));
    let [good, bad] = diagnoses.as_slice() else { panic!("{diagnoses:?}") };
    assert!(!good.is_failed() && bad.is_failed(), "{diagnoses:?}");
    let good = as_json(good);
    assert_eq!(good["intake"], "good");
    assert_eq!(good["ok"], true);
    assert_eq!(good["newest"], format!("{recently:.3}"));
    assert_eq!(good["rate_limit"]["limit"], 60);
    let text = text(&diagnoses);
    assert!(text.contains("the newest is 10 minutes old"), "{text}");
    assert!(text.contains("E0000011") && !text.contains("hunter2"), "{text}");
}
