use super::*;

/// A rule without fault, and its tests.
const RULE: &str = "\
title: Token created
id: 5b0c7bb8-6a52-4f4b-9d6e-0f5a1c1b2a30
description: Somebody made a token.
tags: [attack.persistence, attack.t1098.001]
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: system.api_token.create}
    condition: selection
falsepositives: [Automation]
level: medium
wardgate: {effort: advanced, title: '{actor} made {target}'}
";

const TESTS: &str = "
matches: [{name: a, event: {}}, {name: b, event: {}}]
near_misses: [{name: c, event: {}}, {name: d, event: {}}, {name: e, event: {}}]
";

fn source(text: &str) -> Source {
    let tests = Some(("r.tests.yml".to_owned(), TESTS.to_owned()));
    Source { path: "r.yml".to_owned(), text: text.to_owned(), tests }
}

fn findings(text: &str) -> Vec<String> {
    lint(&[source(text)]).iter().map(ToString::to_string).collect()
}

/// The findings for the rule with another detection.
fn of_detection(detection: &str) -> Vec<String> {
    let (before, rest) = RULE.split_once("    selection:").unwrap();
    let after = rest.split_once("selection\n").unwrap().1;
    findings(&format!("{before}    {}\n{after}", detection.replace('\n', "\n    ")))
}

#[test]
fn good_rules_have_no_findings() {
    assert_eq!(findings(RULE), Vec::<String>::new());
    let good = [
        "s: {event.action|startswith: user.session.}\ncondition: s",
        "s: {eventType: USER.SESSION.START, outcome.result: SUCCESS}\ncondition: s",
        "s: {event.category: [iam, authentication], event.outcome: Failure}\ncondition: s",
        "s: {event.action: user.session.*}\nf: {event.action: user.session.start}\ncondition: s and not f",
        "a: {event.action: user.session.start}\nb: {event.action: user.session.end}\ncondition: a or b",
        "a: {target.displayName: x}\nb: {target.displayName: y}\ncondition: a and b",
        "s: {source.ip|expand|cidr: '%bad%'}\ncondition: s",
        "s: {debugContext.debugData.url|re: '^https?://[a-z]+'}\ncondition: s",
        "s: {user_agent.original: '*curl*'}\ncondition: s",
        "s: [evil, worse]\ncondition: s",
        "s: {user.name: null}\ncondition: s",
        "s: {user.name|exists: false}\ncondition: s",
        "s: {okta.system.actor.id|fieldref: user.id}\ncondition: s",
    ];
    for detection in good {
        assert_eq!(of_detection(detection), Vec::<String>::new(), "{detection}");
    }
}

#[test]
fn the_built_in_rules_have_no_findings() {
    let sources: Vec<Source> = crate::builtin::rules()
        .map(|(path, text)| Source {
            path: path.to_owned(),
            text: text.to_owned(),
            tests: crate::builtin::tests(path)
                .map(|text| (format!("{path} (tests)"), text.to_owned())),
        })
        .collect();
    let findings: Vec<String> = lint(&sources).iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn bad_detections() {
    let cases = [
        (
            "s: {event.actoin: x}\ncondition: s",
            "r.yml:7:9: warning[unknown-field]: there is no field 'event.actoin' (did you mean 'event.action'?)",
        ),
        (
            "s: {CommandLine: x}\ncondition: s",
            "r.yml:7:9: warning[unknown-field]: there is no field 'CommandLine' (see 'wardgate fields')",
        ),
        (
            "s: {user.id|fieldref: actor.idd}\ncondition: s",
            "r.yml:7:9: warning[unknown-field]: there is no field 'actor.idd' to compare with (did you mean 'actor.id'?)",
        ),
        (
            "s: {okta.system.target: x}\ncondition: s",
            "r.yml:7:9: warning[object-field]: 'okta.system.target' holds other fields, not a value (name one of them: 'okta.system.target.…')",
        ),
        (
            "s: {event.action: user.session.begin}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'event.action' is never 'user.session.begin' (did you mean 'user.session.end'?)",
        ),
        (
            "s: {eventType|contains: '.no-such-thing.'}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'eventType' is never '.no-such-thing.'",
        ),
        (
            "s: {event.category: identity}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'event.category' is never 'identity' (its values are api, authentication, configuration, database, email, file, host, iam, intrusion_detection, network, package, session, threat, web)",
        ),
        (
            "s: {outcome.result: FAILED}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'outcome.result' is never 'FAILED' (its values are ABANDONED, ALLOW, CHALLENGE, DEFERRED, DENY, FAILURE, RATE_LIMIT, SCHEDULED, SKIPPED, SUCCESS, UNANSWERED, UNKNOWN)",
        ),
        (
            "s: {severity: HIGH}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'severity' is never 'HIGH' (its values are DEBUG, ERROR, INFO, WARN)",
        ),
        (
            "s: {event.outcome|cased: SUCCESS}\ncondition: s",
            "r.yml:7:9: warning[impossible-value]: 'event.outcome' is never 'SUCCESS' (it has other upper and lower case: remove 'cased')",
        ),
        (
            "s: {user.name|re: 'ad\\.min'}\ncondition: s",
            "r.yml:7:9: warning[simple-regex]: the regular expression is just a text (write 'user.name|contains|cased: ad.min')",
        ),
        (
            "s: {user.name|re|i: '^admin.*'}\ncondition: s",
            "r.yml:7:9: warning[simple-regex]: the regular expression is just a text (write 'user.name|startswith: admin')",
        ),
        (
            "s: {user.name|contains: '*admin*'}\ncondition: s",
            "r.yml:7:9: warning[redundant-wildcard]: the '*' at the edge of '*admin*' changes nothing (remove it)",
        ),
        (
            "s: {user.name|endswith: '*admin'}\ncondition: s",
            "r.yml:7:9: warning[redundant-wildcard]: the '*' at the edge of '*admin' changes nothing (remove it)",
        ),
        (
            "s: ['*admin']\ncondition: s",
            "r.yml:7:5: warning[redundant-wildcard]: the '*' at the edge of '*admin' changes nothing (remove it)",
        ),
        (
            "s: {user.name: '*'}\ncondition: s",
            "r.yml:7:9: warning[any-value]: '*' matches whatever the field has (write 'user.name|exists: true')",
        ),
        (
            "s: {user.name: [Ada, ada]}\ncondition: s",
            "r.yml:7:9: warning[duplicate-value]: the value 'ada' stands there twice (upper and lower case make no difference without 'cased')",
        ),
        (
            "s: {user.name: a}\ncondition: s and not s",
            "r.yml:8:16: error[impossible-condition]: the condition can't hold: it contradicts itself",
        ),
        (
            "s: {user.name: a}\nt: {user.name: A}\ncondition: s and not t",
            "r.yml:9:16: error[impossible-condition]: the condition can't hold: it contradicts itself",
        ),
        (
            "s: {user.name: a}\nt: {user.name: b}\ncondition: s and t",
            "r.yml:9:16: error[impossible-condition]: the condition can't hold: its selections exclude each other (join them with 'or', or compare their values)",
        ),
        (
            "s: {eventType: user.session.start, user.name: b}\nt: {event.action: [user.session.end, user.session.start]}\ncondition: s and not t",
            "r.yml:9:16: error[impossible-condition]: the condition can't hold: its selections exclude each other (join them with 'or', or compare their values)",
        ),
        (
            "s: {user.name|all: [a, b]}\ncondition: s",
            "r.yml:7:5: error[contradiction]: 's' never holds: a field would need two values (write the values as one list, if either will do)",
        ),
        (
            "s: {eventType: user.session.start, event.action: user.session.end}\ncondition: s",
            "r.yml:7:5: error[contradiction]: 's' never holds: a field would need two values (write the values as one list, if either will do)",
        ),
        (
            "s: {user.name: a}\ncondition: s or not s",
            "r.yml:8:16: error[always-true]: the condition always holds, whatever the event",
        ),
        (
            "s: {user.name: a}\nt: {user.name: b}\ncondition: not (s and t)",
            "r.yml:9:16: error[always-true]: the condition always holds, whatever the event",
        ),
        (
            "s: {user.name: []}\ncondition: s",
            "r.yml:7:9: error[no-values]: the list of values is empty",
        ),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(detection, expected)| (detection, expected, of_detection(detection)))
        .filter(|(_, expected, found)| found.as_slice() != [**expected])
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn bad_attributes() {
    let cases = [
        (
            "id: 5b0c7bb8-6a52-4f4b-9d6e-0f5a1c1b2a30\n",
            "",
            "r.yml:1:8: warning[missing-id]: the rule has no id (a random UUID, which never changes again)",
        ),
        (
            "id: 5b0c7bb8-6a52-4f4b-9d6e-0f5a1c1b2a30",
            "id: token-1",
            "r.yml:2:5: warning[id]: the id 'token-1' is not a UUID (generate a random one)",
        ),
        (
            "description: Somebody made a token.",
            "description: ' '",
            "r.yml:1:8: warning[missing-description]: the rule has no description (what happened and why it matters)",
        ),
        (
            "tags: [attack.persistence, attack.t1098.001]\n",
            "",
            "r.yml:1:8: warning[missing-tags]: the rule has no tags (ATT&CK's name for it, such as attack.t1098)",
        ),
        (
            "falsepositives: [Automation]\n",
            "",
            "r.yml:1:8: warning[missing-falsepositives]: the rule has no falsepositives (what else can cause a match)",
        ),
        (
            "level: medium\n",
            "",
            "r.yml:1:8: warning[missing-level]: the rule has no level (how serious a match is: low, medium, high…)",
        ),
        (
            "effort: advanced, ",
            "",
            "r.yml:1:8: warning[missing-effort]: the rule has no wardgate.effort (how much work its alerts make: elementary, intermediate, advanced, master)",
        ),
        (
            "attack.t1098.001",
            "attack.t1098.099",
            "r.yml:4:28: warning[unknown-technique]: ATT&CK 18.1 has no technique T1098.099 (T1098 is Account Manipulation)",
        ),
        (
            "attack.t1098.001",
            "attack.t1100",
            "r.yml:4:28: warning[old-technique]: ATT&CK has replaced T1100 (Web Shell) (use 'attack.t1505.003')",
        ),
        (
            "attack.t1098.001",
            "attack.t1064",
            "r.yml:4:28: warning[old-technique]: ATT&CK no longer has T1064 (Scripting)",
        ),
        (
            "attack.t1098.001",
            "attack.persistance",
            "r.yml:4:28: warning[unknown-tactic]: ATT&CK has no tactic 'persistance' (did you mean 'attack.persistence'?)",
        ),
        (
            "attack.t1098.001",
            "attack.t1110",
            "r.yml:4:7: warning[tactic-of-technique]: none of the tagged tactics is one of T1110 (it serves credential-access)",
        ),
        (
            "attack.t1098.001",
            "attack.Persistence",
            "r.yml:4:28: warning[duplicate-tag]: the tag 'attack.Persistence' stands there twice",
        ),
        (
            "attack.t1098.001",
            "persistence",
            "r.yml:4:28: warning[tag]: the tag 'persistence' has no name space (write 'attack.t1098', 'cve.2021-44228', 'detection.…')",
        ),
        (
            "{product: okta, service: okta}",
            "{product: windows}",
            "r.yml:5:12: warning[other-logsource]: the rule is for another log source than Okta's, and will not run (write 'logsource: {product: okta, service: okta}')",
        ),
        (
            "{target}",
            "{targets.name}",
            "r.yml:11:37: warning[unknown-field]: there is no field 'targets.name' for the title",
        ),
        (
            "level: medium\n",
            "level: medium\nrelated: [{id: 11111111-6a52-4f4b-9d6e-0f5a1c1b2a30, type: similar}]\n",
            "r.yml:1:1: warning[unknown-related]: the related rule 11111111-6a52-4f4b-9d6e-0f5a1c1b2a30 is not among these",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(RULE.contains(from), "{from}");
        let found = findings(&RULE.replace(from, to));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{from} -> {to}: {found:#?}");
    }
}

#[test]
fn tags_of_the_next_version_of_attack_are_fine() {
    for tags in ["attack.defense-impairment, attack.t1685", "attack.stealth, attack.t1078.004"] {
        let text = RULE.replace("attack.persistence, attack.t1098.001", tags);
        assert_eq!(findings(&text), Vec::<String>::new(), "{tags}");
    }
}

#[test]
fn rules_are_compared_with_each_other() {
    let mut other = source(&RULE.replace("Token created", "TOKEN created"));
    other.path = "s.yml".to_owned();
    let found: Vec<String> = lint(&[source(RULE), other]).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "s.yml:1:1: error[duplicate-id]: the id is that of 'Token created' in r.yml:1 (give it a new random UUID)",
            "s.yml:1:1: warning[duplicate-title]: the title is that of the rule in r.yml:1 (say what is different about it)",
        ]
    );
    // The one that a rule was made from may be looked for by its id.
    let related = "related: [{id: 5b0c7bb8-6a52-4f4b-9d6e-0f5a1c1b2a30, type: derived}]\n";
    let text = RULE.replace("Token created", "Other").replace("5b0c7bb8", "6b0c7bb8") + related;
    assert_eq!(lint(&[source(RULE), source(&text)]), []);
}

#[test]
fn tests_have_to_be_there_and_enough() {
    let mut untested = source(RULE);
    untested.tests = None;
    let found = lint(&[untested.clone()]);
    assert_eq!(
        found[0].to_string(),
        "r.yml:1:1: warning[missing-tests]: the rule has no tests (write events into 'r.tests.yml' beside it)"
    );
    untested.tests = Some(("r.tests.yml".to_owned(), "matches: [{name: a}]".to_owned()));
    let found: Vec<String> = lint(&[untested]).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "r.tests.yml:1:11: error[tests]: 'a' needs an event with Okta's members, found nothing",
            "r.yml:1:1: warning[few-tests]: the tests have 0 events that match, and should have 2",
            "r.yml:1:1: warning[few-tests]: the tests have 0 near misses, and should have 3",
        ]
    );
}
