use super::*;
use crate::db::{self, AlertState, Assignee, AuditFilter, ChangeKind, NewAlert, Verdict};

const MINUTE: i64 = 60_000;

fn alert(id: u128, rule: &str, severity: &str, minute: i64, user: &str) -> NewAlert {
    NewAlert {
        id: Uuid::from_u128(id),
        rule: rule.to_owned(),
        rule_name: format!("Rule {rule}"),
        severity: severity.to_owned(),
        time: Timestamp(minute * MINUTE),
        title: format!("100% of {user} did_something"),
        user: Some(user.to_owned()),
        address: Some("198.51.100.7".to_owned()),
        place: None,
        techniques: match rule {
            "a" => vec!["T1110.003".to_owned(), "T1078".to_owned()],
            _ => vec!["T1098".to_owned()],
        },
        document: "{}".to_owned(),
    }
}

struct Desk {
    database: Database,
    _folder: tempfile::TempDir,
}

/// Five alerts, the last of which repeats the first.
fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(&folder.path().join("data")).unwrap();
    let alerts = [
        alert(1, "a", "high", 1, "ada"),
        alert(2, "b", "low", 2, "ada"),
        alert(3, "b", "critical", 3, "bob"),
        alert(4, "c", "medium", 4, "Bob"),
        alert(5, "a", "high", 5, "ada"),
    ];
    for alert in alerts {
        assert!(db::insert_alert(&database.db, &alert, Timestamp(0), 10 * MINUTE).unwrap());
    }
    Desk { database, _folder: folder }
}

fn ids(alerts: &[Alert]) -> Vec<u128> {
    alerts.iter().map(|alert| alert.id.as_u128()).collect()
}

fn update() -> AlertUpdate {
    AlertUpdate::new("ada")
}

#[test]
fn alerts_are_filtered_sorted_and_counted() {
    let Desk { mut database, .. } = desk();
    let closing = AlertUpdate {
        state: Some(AlertState::Closed),
        verdict: Some(Verdict::Benign),
        assignee: Some(Some("eve".to_owned())),
        ..update()
    };
    database.change_alert(2, &closing).unwrap().unwrap();
    let filter = AlertFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let cases: [(&str, AlertFilter, &[u128]); 17] = [
        ("all", filter(), &[1, 4, 3, 2]),
        ("repeats", AlertFilter { repeats: true, ..filter() }, &[5, 1, 4, 3, 2]),
        ("state", AlertFilter { states: vec![AlertState::Closed], ..filter() }, &[2]),
        (
            "states of repeats",
            AlertFilter { states: vec![AlertState::New], repeats: true, ..filter() },
            &[5, 1, 4, 3],
        ),
        ("verdict", AlertFilter { verdicts: vec![Verdict::Benign], ..filter() }, &[2]),
        (
            "severities",
            AlertFilter { severities: vec!["high".into(), "low".into()], ..filter() },
            &[1, 2],
        ),
        ("rule", AlertFilter { rule: some("B"), ..filter() }, &[3, 2]),
        ("rule's name", AlertFilter { rule: some("rule b"), ..filter() }, &[3, 2]),
        ("technique", AlertFilter { technique: some("t1110"), ..filter() }, &[1]),
        ("sub-technique", AlertFilter { technique: some("T1110.003"), ..filter() }, &[1]),
        ("no technique begins with it", AlertFilter { technique: some("T109"), ..filter() }, &[]),
        ("user", AlertFilter { user: some("BOB"), ..filter() }, &[4, 3]),
        ("nobody", AlertFilter { assignee: Some(Assignee::Nobody), ..filter() }, &[1, 4, 3]),
        (
            "somebody",
            AlertFilter { assignee: Some(Assignee::Name("eve".into())), ..filter() },
            &[2],
        ),
        ("text is no pattern", AlertFilter { text: some("100% OF bob DID_"), ..filter() }, &[4, 3]),
        ("text with a wildcard", AlertFilter { text: some("b%b"), ..filter() }, &[]),
        (
            "time",
            AlertFilter {
                since: Some(Timestamp(4 * MINUTE)),
                until: Some(Timestamp(5 * MINUTE)),
                ..filter()
            },
            &[1, 4],
        ),
    ];
    for (what, filter, expected) in cases {
        assert_eq!(ids(&database.alerts(&filter).unwrap()), expected, "{what}");
        assert_eq!(database.count_alerts(&filter).unwrap(), expected.len() as u64, "{what}");
    }
    let by = |group| database.count_alerts_by(&filter(), group, 10).unwrap();
    let states: Vec<_> = by(AlertGroup::State).into_iter().map(|(v, _, n)| (v, n)).collect();
    assert_eq!(states, [(some("new"), 3), (some("closed"), 1)]);
    let assignees: Vec<_> = by(AlertGroup::Assignee).into_iter().map(|(v, _, n)| (v, n)).collect();
    assert_eq!(assignees, [(None, 3), (some("eve"), 1)]);
    assert_eq!(by(AlertGroup::Rule)[0], (some("b"), "Rule b".to_owned(), 2));
    let only_closed = AlertFilter { states: vec![AlertState::Closed], ..filter() };
    assert_eq!(
        database.count_alerts_by(&only_closed, AlertGroup::State, 10).unwrap().len(),
        2,
        "what the filter says about the state itself is left out"
    );
}

#[test]
fn pages_join_without_gaps() {
    let Desk { database, .. } = desk();
    for sort in [AlertSort::LastTime, AlertSort::Time, AlertSort::Severity] {
        for ascending in [false, true] {
            let filter = AlertFilter { sort, ascending, repeats: true, ..AlertFilter::default() };
            let all = database.alerts(&filter).unwrap();
            let mut paged = Vec::new();
            let mut page = AlertFilter { limit: 2, ..filter };
            loop {
                let some = database.alerts(&page).unwrap();
                let Some(last) = some.last() else { break };
                page.after = Some(last.page(sort));
                paged.extend(some);
            }
            assert_eq!(ids(&paged), ids(&all), "{sort:?} {ascending}");
            assert_eq!(all.len(), 5);
        }
    }
    let by_severity = AlertFilter { sort: AlertSort::Severity, ..AlertFilter::default() };
    assert_eq!(ids(&database.alerts(&by_severity).unwrap()), [3, 1, 4, 2]);
}

#[test]
fn a_change_is_checked_kept_and_audited() {
    let Desk { mut database, .. } = desk();
    let of = |database: &Database, seq| database.alerts_numbered(&[seq]).unwrap().pop().unwrap();
    let mut change = |update: AlertUpdate| database.change_alert(5, &update).unwrap();
    let close = AlertUpdate { state: Some(AlertState::Closed), ..update() };
    assert_eq!(change(close.clone()), Err(AlertRefused::NoVerdict));
    let verdict = AlertUpdate { verdict: Some(Verdict::Benign), ..update() };
    assert_eq!(change(verdict), Err(AlertRefused::NotClosed));
    let stale = AlertUpdate { if_version: Some(7), comment: Some("hm".into()), ..update() };
    assert_eq!(change(stale), Err(AlertRefused::Changed));
    assert_eq!(change(update()), Ok(None), "nothing to be done");
    let assign = AlertUpdate {
        assignee: Some(Some("bob".into())),
        comment: Some("asking Ada".into()),
        if_version: Some(0),
        ..update()
    };
    assert!(change(assign).unwrap().is_some());
    let close = AlertUpdate {
        verdict: Some(Verdict::FalsePositive),
        comment: Some("the new VPN".into()),
        if_version: Some(1),
        ..close
    };
    assert!(change(close).unwrap().is_some());
    // The repeat and its head are one.
    for seq in [1, 5] {
        let alert = of(&database, seq);
        assert_eq!(alert.state, AlertState::Closed, "{seq}");
        assert_eq!(alert.verdict, Some(Verdict::FalsePositive));
        assert_eq!(alert.assignee.as_deref(), Some("bob"));
        assert_eq!((alert.comments, alert.version), (2, 2));
    }
    let history = database.changes(5).unwrap();
    let kinds: Vec<_> = history.iter().map(|change| (change.kind, &change.comment)).collect();
    assert_eq!(
        kinds,
        [
            (ChangeKind::Assign, &None),
            (ChangeKind::Comment, &Some("asking Ada".to_owned())),
            (ChangeKind::State, &Some("the new VPN".to_owned())),
        ]
    );
    assert_eq!(database.change(history[2].id).unwrap().as_ref(), Some(&history[2]));
    assert_eq!(database.changed_since(0).unwrap(), (vec![1], history[2].id));
    assert_eq!(database.changed_since(history[2].id).unwrap(), (vec![], history[2].id));
    let reopen = AlertUpdate { state: Some(AlertState::New), ..update() };
    database.change_alert(1, &reopen).unwrap().unwrap();
    assert_eq!(of(&database, 1).verdict, None, "an open alert has no verdict");

    let log = database.audit(&AuditFilter { limit: 10, ..AuditFilter::default() }).unwrap();
    assert_eq!(log.len(), 3);
    let closed = &log[1];
    assert_eq!((closed.by.as_str(), closed.action.as_str()), ("ada", "alert.change"));
    assert_eq!(closed.target, "00000000-0000-0000-0000-000000000001");
    assert_eq!(closed.detail["state"], json!({"from": "new", "to": "closed"}));
    assert_eq!(closed.detail["comment"], "the new VPN");
    let filtered =
        |filter: AuditFilter| database.audit(&AuditFilter { limit: 10, ..filter }).unwrap().len();
    let none = AuditFilter::default;
    assert_eq!(filtered(AuditFilter { action: Some("alert".into()), ..none() }), 3);
    assert_eq!(filtered(AuditFilter { action: Some("alert%".into()), ..none() }), 0);
    assert_eq!(filtered(AuditFilter { by: Some("bob".into()), ..none() }), 0);
    assert_eq!(filtered(AuditFilter { before: Some(log[1].id), ..none() }), 1);
}

#[test]
fn alerts_are_counted_over_time_and_by_rule() {
    let Desk { database, .. } = desk();
    let over_time = database.alerts_over_time(Timestamp(0), Timestamp(9 * MINUTE), 2 * MINUTE);
    let word = |text: &str| text.to_owned();
    assert_eq!(
        over_time.unwrap(),
        [
            (0, word("high"), 1),
            (1, word("critical"), 1),
            (1, word("low"), 1),
            (2, word("medium"), 1)
        ],
        "the repeat is not counted"
    );
    let since = [5, 2, 0].map(|minute| Timestamp(minute * MINUTE));
    let fired = database.fired(since).unwrap();
    let of_a = fired.iter().find(|fired| fired.rule == "a").unwrap();
    assert_eq!((of_a.counts, of_a.last), ([1, 1, 2], Timestamp(5 * MINUTE)));
}

#[test]
fn rules_are_switched_and_excepted() {
    let Desk { mut database, .. } = desk();
    database.switch_rule("Rule-A", Some(false), "ada", Some("too loud")).unwrap();
    database.switch_rule("rule-b", Some(true), "ada", None).unwrap();
    database.switch_rule("rule-b", None, "ada", None).unwrap();
    let switches = database.rule_switches().unwrap();
    assert_eq!(switches.len(), 1);
    assert_eq!((switches[0].rule.as_str(), switches[0].enabled), ("rule-a", false));
    let exception = NewException {
        rule: "*".into(),
        field: "source.ip".into(),
        values: vec!["198.51.100.0/24".into(), "say \"hi\"".into()],
        reason: "the scanner".into(),
        expires: Timestamp(7),
    };
    let added = database.add_exception(&exception, "ada").unwrap();
    assert_eq!(database.exceptions().unwrap(), std::slice::from_ref(&added));
    assert!(database.delete_exception(added.id, "bob").unwrap());
    assert!(!database.delete_exception(added.id, "bob").unwrap());
    let log = database.audit(&AuditFilter { limit: 10, ..AuditFilter::default() }).unwrap();
    let actions: Vec<&str> = log.iter().map(|one| one.action.as_str()).collect();
    assert_eq!(
        actions,
        ["exception.delete", "exception.create", "rule.switch", "rule.switch", "rule.switch"]
    );
}

#[test]
fn searches_have_names_of_their_own() {
    let Desk { mut database, .. } = desk();
    let search = |name: &str| NewSearch {
        name: name.to_owned(),
        kind: "events".to_owned(),
        query: "a:b".to_owned(),
        params: "{}".to_owned(),
    };
    let one = database.save_search(None, &search("Failures"), "ada").unwrap().unwrap();
    assert_eq!(database.save_search(None, &search("failures"), "bob").unwrap(), None);
    assert_eq!(database.save_search(Some(99), &search("other"), "bob").unwrap(), None);
    let renamed = database.save_search(Some(one.id), &search("FAILURES"), "bob").unwrap().unwrap();
    assert_eq!((renamed.search.name.as_str(), renamed.by.as_str()), ("FAILURES", "ada"));
    assert_eq!(database.searches().unwrap(), [renamed]);
    assert!(database.delete_search(one.id, "bob").unwrap());
    assert!(!database.delete_search(one.id, "bob").unwrap());
    assert_eq!(database.search(one.id).unwrap(), None);
}
