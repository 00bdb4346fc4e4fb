//! Time per event of the built-in rules with all correlations, for organisations of different
//! sizes.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use detect::sigma::Effort;
use detect::{
    Correlator, Detector, Exceptions, Found, Limits, Pack, Placeholders, Selection, Workspace,
};
use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;

const EVENTS: usize = 20_000;
const START: i64 = 1_767_225_600_000;
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36";

/// What many users do, a second apart: mostly opening applications, and sign-ins.
fn events(users: usize) -> Vec<String> {
    (0..EVENTS)
        .map(|number| {
            let (user, app) = (number * 7_919 % users, number % 40);
            let published = Timestamp(START + i64::try_from(number).unwrap_or_default() * 1_000);
            let (action, result, target) = match number % 10 {
                0 | 1 => ("user.session.start", "SUCCESS", String::new()),
                2 => ("user.session.start", "FAILURE", String::new()),
                3..=6 => (
                    "user.authentication.sso",
                    "SUCCESS",
                    format!(r#","target":[{{"id":"0oa{app}","type":"AppInstance","displayName":"App {app}"}}]"#),
                ),
                _ => ("policy.evaluate_sign_on", "ALLOW", String::new()),
            };
            format!(
                r#"{{"uuid":"00000000-0000-4000-8000-{number:012}","published":"{published}","eventType":"{action}","severity":"INFO","displayMessage":"What happened","outcome":{{"result":"{result}"}},"actor":{{"id":"00u{user}","type":"User","alternateId":"user{user}@example.org","displayName":"User {user}"}},"client":{{"userAgent":{{"rawUserAgent":"{AGENT}","os":"Windows 10","browser":"CHROME"}},"zone":"null","device":"Computer","ipAddress":"10.{}.{}.7","geographicalContext":{{"city":"Berlin","country":"Germany","geolocation":{{"lat":52.52,"lon":13.405}}}}}},"authenticationContext":{{"externalSessionId":"s{user}"}},"securityContext":{{"asNumber":64500,"isProxy":false}}{target}}}"#,
                user / 256 % 256,
                user % 256,
            )
        })
        .collect()
}

fn correlating(criterion: &mut Criterion) {
    let pack = Pack::builtin();
    let selection = Selection { effort: Effort::Master, ..Selection::default() };
    let none = Placeholders::default;
    let detector = Detector::new(&pack, &selection, none(), Exceptions::default());
    let mut group = criterion.benchmark_group("correlate");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.sample_size(10);
    for users in [100, 10_000, 100_000] {
        let events = events(users);
        let run = |correlate: bool| {
            let mut workspace = Workspace::default();
            let mut context = Context::default();
            let organization = Organization::default();
            let mut correlator = Correlator::new(&detector, organization, Limits::default());
            let mut alerts = 0;
            for text in &events {
                let Ok(event) = LogEvent::parse(text) else { continue };
                context.reset();
                let record = Record::new(&event, &context, Arrival::default());
                let mut observations = Vec::new();
                detector.inspect(&record, &mut workspace, |found| match found {
                    Found::Alert(_) => alerts += 1,
                    Found::Observation(observation) if correlate => observations.push(observation),
                    _ => {}
                });
                for observation in observations {
                    correlator.take(&detector, observation, &mut |_| alerts += 1);
                }
            }
            black_box(alerts)
        };
        group.bench_function(format!("{users} users, rules alone"), |b| b.iter(|| run(false)));
        group.bench_function(format!("{users} users"), |b| b.iter(|| run(true)));
    }
    group.finish();
}

criterion_group!(benches, correlating);
criterion_main!(benches);
