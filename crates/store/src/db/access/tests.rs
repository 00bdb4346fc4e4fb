use super::*;
use crate::{AuditFilter, Database, TokenRole};
use ecs::Timestamp;
use tempfile::TempDir;

fn at(minute: i64) -> Timestamp {
    Timestamp(1_700_000_000_000 + minute * 60_000)
}

fn database() -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(&folder.path().join("data")).unwrap();
    (folder, database)
}

fn add(database: &Database, name: &str, role: Role) -> i64 {
    database.add_user(at(0), "test", name, role, "hash").unwrap().unwrap()
}

fn begin(database: &Database, minute: i64, user: i64, digest: u8, old: Option<u8>) -> bool {
    let old = old.map(|byte| [byte; 32]);
    let new = NewSession {
        user,
        digest: &[digest; 32],
        ends: at(100),
        instead_of: old.as_ref(),
        how: "password",
        address: "192.0.2.1",
    };
    database.begin_session(at(minute), &new).unwrap()
}

fn whose(database: &Database, minute: i64, idle_since: i64, digest: u8) -> Option<String> {
    let session = database.session(at(minute), at(idle_since), &[digest; 32]).unwrap();
    session.map(|session| session.user.name)
}

fn actions(database: &Database) -> Vec<String> {
    let all = AuditFilter { limit: 100, ..AuditFilter::default() };
    let mut entries = database.audit(&all).unwrap();
    entries.reverse();
    entries.iter().map(|one| format!("{} {} {}", one.by, one.action, one.target)).collect()
}

#[test]
fn the_setup_link_makes_one_admin() {
    let (_folder, database) = database();
    assert!(!database.has_users().unwrap());
    assert!(database.offer_setup(&[1; 32], at(10)).unwrap());
    assert!(database.offer_setup(&[2; 32], at(10)).unwrap());
    let set_up = |minute, digest: u8| {
        let is_valid = database.setup_is_valid(at(minute), &[digest; 32]).unwrap();
        let made = database.set_up(at(minute), &[digest; 32], "anna", "hash").unwrap().is_some();
        assert_eq!(is_valid, made);
        made
    };
    assert!(!set_up(5, 1), "a later link voids it");
    assert!(!set_up(5, 3), "another");
    assert!(!set_up(10, 2), "expired");
    assert!(set_up(9, 2));
    assert!(!set_up(9, 2), "once");
    assert!(!database.offer_setup(&[4; 32], at(10)).unwrap(), "there is an account");
    assert!(!set_up(9, 4));
    let account = database.account("ANNA").unwrap().unwrap();
    assert_eq!((account.user.role, account.password.as_deref()), (Role::Admin, Some("hash")));
    assert_eq!(actions(&database), ["setup link user.create anna"]);
}

#[test]
fn a_link_is_void_when_an_account_was_made_otherwise() {
    let (_folder, database) = database();
    database.offer_setup(&[1; 32], at(10)).unwrap();
    add(&database, "anna", Role::Viewer);
    assert!(!database.setup_is_valid(at(1), &[1; 32]).unwrap());
    assert_eq!(database.set_up(at(1), &[1; 32], "eve", "hash").unwrap(), None);
    assert_eq!(database.users().unwrap().len(), 1);
}

#[test]
fn names_are_unique_in_whatever_case() {
    let (_folder, database) = database();
    add(&database, "anna", Role::Viewer);
    let again = database.add_user(at(0), "test", "Anna", Role::Admin, "other").unwrap();
    assert_eq!(again, Err(Refused::NameTaken));
    assert_eq!(actions(&database), ["test user.create anna"], "only what happened is noted");
}

#[test]
fn sessions_end() {
    let (_folder, database) = database();
    let anna = add(&database, "anna", Role::Analyst);
    assert!(begin(&database, 0, anna, 1, None));
    assert_eq!(whose(&database, 1, -5, 1).as_deref(), Some("anna"));
    assert_eq!(whose(&database, 1, -5, 2), None);
    assert_eq!(whose(&database, 1, 0, 1), None, "idle");
    database.touch_session(at(50), &[1; 32]).unwrap();
    assert_eq!(whose(&database, 51, 49, 1).as_deref(), Some("anna"));
    assert_eq!(whose(&database, 100, 49, 1), None, "at the end");
    assert!(begin(&database, 60, anna, 2, Some(1)));
    assert_eq!(whose(&database, 60, 0, 1), None, "its place is taken");
    database.end_session(at(61), &[2; 32]).unwrap();
    database.end_session(at(62), &[2; 32]).unwrap();
    assert_eq!(whose(&database, 62, 0, 2), None);
    assert!(!begin(&database, 0, 99, 3, None), "nobody");
    let expected = ["session.create", "session.create", "session.end"];
    let expected: Vec<_> = expected.iter().map(|action| format!("anna {action} anna")).collect();
    assert_eq!(actions(&database)[1..], expected);
}

#[test]
fn the_sessions_of_an_account_are_bounded() {
    let (_folder, database) = database();
    let (anna, ben) = (add(&database, "anna", Role::Viewer), add(&database, "ben", Role::Viewer));
    begin(&database, 0, ben, 200, None);
    for digest in 0..60 {
        begin(&database, i64::from(digest), anna, digest, None);
    }
    let kept: Vec<u8> = (0..60).filter(|one| whose(&database, 60, -1, *one).is_some()).collect();
    assert_eq!(kept, (10..60).collect::<Vec<_>>());
    assert!(whose(&database, 60, -1, 200).is_some());
}

#[test]
fn changes_end_sessions_and_the_last_admin_stays() {
    let (_folder, database) = database();
    let (anna, ben) = (add(&database, "anna", Role::Admin), add(&database, "ben", Role::Viewer));
    let role = |role| UserChange { role: Some(role), ..UserChange::default() };
    let disabled = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    let password = UserChange { password: Some("other".into()), ..UserChange::default() };
    let change = |id, change: &UserChange| database.change_user(at(1), "anna", id, change).unwrap();
    assert_eq!(change(anna, &role(Role::Analyst)).unwrap_err(), Refused::LastAdmin);
    assert_eq!(change(anna, &disabled(true)).unwrap_err(), Refused::LastAdmin);
    assert_eq!(change(99, &disabled(true)).unwrap_err(), Refused::Unknown);
    assert_eq!(database.user(anna).unwrap().unwrap().role, Role::Admin);
    for (number, what) in [role(Role::Admin), disabled(true), password].iter().enumerate() {
        let digest = number as u8;
        change(ben, &disabled(false)).unwrap();
        assert!(begin(&database, 0, ben, digest, None));
        change(ben, what).unwrap();
        change(ben, &disabled(false)).unwrap();
        assert_eq!(whose(&database, 1, -1, digest), None, "{number}");
    }
    change(ben, &disabled(true)).unwrap();
    assert!(!begin(&database, 0, ben, 9, None), "disabled");
    assert_eq!(change(anna, &role(Role::Viewer)).unwrap_err(), Refused::LastAdmin);
    change(ben, &disabled(false)).unwrap();
    assert_eq!(change(anna, &role(Role::Viewer)).unwrap().role, Role::Viewer);
    let noted = actions(&database);
    for action in ["user.role ben", "user.disable ben", "user.enable ben", "user.password ben"] {
        assert!(noted.contains(&format!("anna {action}")), "{action}: {noted:?}");
    }
    assert_eq!(noted.iter().filter(|one| one.as_str() == "anna user.role anna").count(), 1);
}

#[test]
fn tokens_end_with_time_revocation_and_their_owner() {
    let (_folder, database) = database();
    let anna = add(&database, "anna", Role::Analyst);
    let make = |digest: u8, role: TokenRole, owner| {
        let new = NewToken { name: "t", digest: &[digest; 32], role: &role, owner, expires: at(9) };
        database.add_token(at(0), "anna", &new).unwrap()
    };
    let find = |minute, digest: u8| database.token(at(minute), &[digest; 32]).unwrap();
    let one = make(1, TokenRole::Role(Role::Admin), Some(anna));
    let two = make(2, TokenRole::Intake("acme".into()), None);
    let (token, owner) = find(1, 1).unwrap();
    assert_eq!(
        (token.id, token.owner, owner),
        (one, Some((anna, "anna".into())), Some(Role::Analyst))
    );
    let (token, owner) = find(1, 2).unwrap();
    assert_eq!((token.role, owner), (TokenRole::Intake("acme".into()), None));
    assert!(find(9, 1).is_none(), "expired");
    assert!(find(1, 3).is_none(), "another");
    database.touch_token(at(2), one).unwrap();
    let disable = |disabled| {
        let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
        database.change_user(at(1), "test", anna, &change).unwrap().unwrap();
    };
    disable(true);
    assert!(find(1, 1).is_none(), "the owner is disabled");
    assert!(find(1, 2).is_some());
    disable(false);
    assert!(!database.revoke_token(at(3), "ben", one, Some(99)).unwrap(), "another's");
    assert!(!database.revoke_token(at(3), "ben", two, Some(anna)).unwrap(), "nobody's");
    assert!(database.revoke_token(at(3), "anna", one, Some(anna)).unwrap());
    assert!(!database.revoke_token(at(3), "anna", one, None).unwrap(), "once");
    assert!(find(3, 1).is_none());
    let listed: Vec<_> = database.tokens(None).unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(listed, [two, one]);
    let hers = database.tokens(Some(anna)).unwrap();
    assert_eq!((hers.len(), hers[0].last_used, hers[0].revoked), (1, Some(at(2)), Some(at(3))));
}

#[test]
fn those_from_elsewhere_are_known_by_their_subject() {
    let (_folder, database) = database();
    add(&database, "anna", Role::Admin);
    let come = |subject, name, role| {
        let external = External { issuer: "https://id.example", subject, name, role };
        database.external_user(at(1), &external).unwrap()
    };
    assert_eq!(come("1", "Anna", Role::Viewer), Err(NotSignedIn::NameTaken));
    let ben = come("2", "ben", Role::Viewer).unwrap();
    assert!(ben.is_external && !ben.has_password);
    assert!(begin(&database, 1, ben.id, 1, None));
    assert_eq!(come("2", "benjamin", Role::Viewer).unwrap().name, "ben", "the name stays");
    assert_eq!(whose(&database, 2, 0, 1).as_deref(), Some("ben"));
    let promoted = come("2", "ben", Role::Admin).unwrap();
    assert_eq!((promoted.id, promoted.role), (ben.id, Role::Admin));
    assert_eq!(whose(&database, 2, 0, 1), None, "begun with another role");
    let role = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    assert_eq!(database.change_user(at(1), "anna", ben.id, &role).unwrap(), Err(Refused::External));
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    database.change_user(at(1), "anna", ben.id, &disable).unwrap().unwrap();
    assert_eq!(come("2", "ben", Role::Admin), Err(NotSignedIn::Disabled));
}
