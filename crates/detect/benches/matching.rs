//! Time per event of trying rule sets of different sizes on typical records.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use detect::{Options, RuleSet, Scratch};
use okta::LogEvent;

const EVENTS: [&str; 4] = [
    r#"{"uuid": "1", "published": "2026-11-22T10:00:00.000Z", "eventType": "user.session.start", "severity": "INFO", "displayMessage": "User login to Okta", "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.org", "displayName": "Ada L"}, "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "os": "Mac OS X", "browser": "CHROME"}, "zone": "null", "device": "Computer", "ipAddress": "192.0.2.10"}, "outcome": {"result": "SUCCESS"}, "securityContext": {"asNumber": 64500, "isProxy": false}}"#,
    r#"{"uuid": "2", "published": "2026-11-22T10:00:01.000Z", "eventType": "user.authentication.sso", "severity": "INFO", "displayMessage": "User single sign on to app", "actor": {"id": "00u2", "type": "User", "alternateId": "bob@example.org", "displayName": "Bob M"}, "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36 Edg/121.0.0.0"}, "ipAddress": "198.51.100.7"}, "outcome": {"result": "SUCCESS"}, "target": [{"id": "0oa1", "type": "AppInstance", "alternateId": "Mail", "displayName": "Mail"}, {"id": "0ua1", "type": "AppUser", "alternateId": "bob@example.org", "displayName": "Bob M"}]}"#,
    r#"{"uuid": "3", "published": "2026-11-22T10:00:02.000Z", "eventType": "policy.evaluate_sign_on", "severity": "INFO", "displayMessage": "Evaluation of sign-on policy", "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.org"}, "outcome": {"result": "ALLOW", "reason": "Sign-on policy evaluation resulted in ALLOW"}}"#,
    r#"{"uuid": "4", "published": "2026-11-22T10:00:03.000Z", "eventType": "group.user_membership.add", "severity": "INFO", "displayMessage": "Add user to group membership", "actor": {"id": "spr1", "type": "SystemPrincipal", "alternateId": "system@okta.com"}, "outcome": {"result": "SUCCESS"}, "target": [{"id": "00u9", "type": "User", "alternateId": "new@example.org"}, {"id": "00g1", "type": "UserGroup", "alternateId": "unknown", "displayName": "Everyone"}]}"#,
];

/// Rules like the built-in ones: nine of ten ask for event types, the rest for other fields.
fn rules(count: usize) -> RuleSet {
    let mut text = String::new();
    for n in 0..count {
        let selection = match n % 10 {
            0 => format!("user_agent.original|contains: [implant-{n}, 'bot*{n}']"),
            1..=3 => format!("event.action: [type.{n}.create, type.{n}.delete]"),
            4 => format!("{{eventType: other.{n}, outcome.result: FAILURE}}"),
            _ => format!("eventType: type.{n}.update"),
        };
        let selection =
            if selection.starts_with('{') { selection } else { format!("{{{selection}}}") };
        text.push_str(&format!(
            "title: Rule {n}\nlogsource: {{product: okta}}\n\
             detection: {{selection: {selection}, condition: selection}}\n---\n"
        ));
    }
    let parsed = detect::sigma::parse(&text, "bench.yml");
    RuleSet::compile(parsed.rules, &parsed.filters, &Options::default())
}

fn matching(criterion: &mut Criterion) {
    let events: Vec<LogEvent<'_>> =
        EVENTS.iter().filter_map(|text| LogEvent::parse(text).ok()).collect();
    let context = ecs::Context::default();
    let records: Vec<ecs::Record<'_>> = events
        .iter()
        .map(|event| ecs::Record::new(event, &context, ecs::Arrival::default()))
        .collect();
    let mut group = criterion.benchmark_group("match");
    group.throughput(Throughput::Elements(EVENTS.len() as u64));
    for count in [27, 300, 3000] {
        let rules = rules(count);
        let mut scratch = Scratch::default();
        group.bench_function(format!("{count} rules"), |bencher| {
            bencher.iter(|| {
                let mut matches = 0;
                for record in &records {
                    rules.matches(black_box(record), &mut scratch, |_, _| matches += 1);
                }
                matches
            });
        });
    }
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
