//! `event.category` and `event.type` of every Okta event type.
//!
//! The values stand in one table, `data/event-types.csv`: a row for each event type of Okta's
//! catalogue, several values separated by a space. To correct one, correct its row.
//!
//! ECS has no verb for "failed", so an event type that only reports a failed attempt carries the
//! category and type of what was attempted; `event.outcome` tells the rest.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::LazyLock;

/// The ECS categorisation of one event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Categories {
    /// The values of `event.category`, never empty.
    pub category: &'static [&'static str],
    /// The values of `event.type`, never empty.
    pub kind: &'static [&'static str],
}

impl Categories {
    const fn new(category: &'static [&'static str], kind: &'static [&'static str]) -> Self {
        Self { category, kind }
    }
}

/// What an event type gets that neither the table nor a family knows.
const OTHERWISE: Categories = Categories::new(&["iam"], &["info"]);

/// Families whose new members are categorised before the table knows them.
const FAMILIES: [(&str, Categories); 6] = [
    ("user.authentication", Categories::new(&["authentication"], &["start"])),
    ("user.account", Categories::new(&["iam"], &["change"])),
    ("system.push", Categories::new(&["authentication"], &["start"])),
    ("system.sms", Categories::new(&["authentication"], &["start"])),
    ("system.email", Categories::new(&["authentication"], &["start"])),
    ("user.session", Categories::new(&["session"], &["info"])),
];

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::parse(include_str!("../data/event-types.csv")));

/// The category and type of an Okta `eventType`.
///
/// Letter case does not matter: Okta writes `auth_via_IDP`, other tools lower-case it. An event
/// type that is not in the table gets what its family gets (`user.authentication*` and so on), or
/// else `iam` and `info`. The first call reads the table, later ones are one hash lookup.
#[must_use]
pub fn categorise(event_type: &str) -> Categories {
    TABLE.get(event_type).or_else(|| of_family(event_type)).unwrap_or(OTHERWISE)
}

/// The event types of the table, in its spelling and in no particular order.
pub fn event_types() -> impl Iterator<Item = &'static str> {
    TABLE.rows.keys().map(|event_type| event_type.0)
}

fn of_family(event_type: &str) -> Option<Categories> {
    FAMILIES
        .iter()
        .find(|(prefix, _)| {
            event_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
        .map(|(_, categories)| *categories)
}

/// An event type, compared and hashed without regard to ASCII case.
#[derive(Clone, Copy, Debug)]
struct EventType<'a>(&'a str);

impl PartialEq for EventType<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for EventType<'_> {}

impl Hash for EventType<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Setting bit 5 makes upper case lower case. It also makes a few punctuation marks equal,
        // which a hash may do and `eq` does not.
        const LOWER: u8 = 0x20;
        let (words, rest) = self.0.as_bytes().as_chunks::<8>();
        for word in words {
            state.write_u64(u64::from_le_bytes(*word) | u64::from_le_bytes([LOWER; 8]));
        }
        let mut last = [LOWER; 8];
        for (slot, byte) in last.iter_mut().zip(rest) {
            *slot = byte | LOWER;
        }
        state.write_u64(u64::from_le_bytes(last));
    }
}

/// A multiplicative hash: the table is fixed and small, so nobody can choose keys that collide.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        // 2^64 divided by the golden ratio, as is usual for this kind of hash.
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        // The high bits are the mixed ones, and the map picks its slot by the low ones.
        self.0 ^ (self.0 >> 29)
    }
}

/// Where each event type finds its two lists.
type Rows<'a> = HashMap<EventType<'a>, (usize, usize), BuildHasherDefault<WordHasher>>;

/// The table as read: each distinct list of values once.
struct Table {
    lists: Vec<Vec<&'static str>>,
    rows: Rows<'static>,
}

impl Table {
    fn parse(csv: &'static str) -> Self {
        let mut table = Self { lists: Vec::new(), rows: Rows::default() };
        let mut known = HashMap::new();
        for line in csv.lines().skip(1) {
            let mut cells = line.split(',');
            let (Some(event_type), Some(category), Some(kind)) =
                (cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let category = table.list(&mut known, category);
            let kind = table.list(&mut known, kind);
            table.rows.insert(EventType(event_type), (category, kind));
        }
        table
    }

    fn list(&mut self, known: &mut HashMap<&'static str, usize>, cell: &'static str) -> usize {
        *known.entry(cell).or_insert_with(|| {
            self.lists.push(cell.split(' ').collect());
            self.lists.len() - 1
        })
    }

    fn get(&'static self, event_type: &str) -> Option<Categories> {
        // The keys live for ever and the question does not: look up in a map of shorter-lived keys.
        let rows: &Rows<'_> = &self.rows;
        let (category, kind) = rows.get(&EventType(event_type))?;
        Some(Categories { category: self.lists.get(*category)?, kind: self.lists.get(*kind)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    const CSV: &str = include_str!("../data/event-types.csv");

    /// How many event types Okta's catalogue has in release 2026.08.1.
    const CATALOGUE: usize = 1178;

    /// Event types that the mapping names and the catalogue no longer has.
    const RETIRED: [&str; 5] = [
        "app.access_request.approver.delete",
        "app.oauth2.api_resource.create",
        "app.oauth2.api_resource.delete",
        "app.oauth2.api_resource.update",
        "app.oauth2.token.grant.revoke",
    ];

    /// Rows whose pair the mapping fixes although ECS does not expect it.
    const UNEXPECTED: [&str; 3] = [
        "app.oauth2.token.grant.revoke",
        "user.session.impersonation.grant",
        "user.session.impersonation.revoke",
    ];

    struct Allowed {
        /// Each category with the types that ECS expects with it.
        categories: BTreeMap<String, BTreeSet<String>>,
        types: BTreeSet<String>,
    }

    fn allowed() -> Allowed {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../data/ecs-allowed-values.json")).unwrap();
        let texts = |values: &serde_json::Value| {
            let values = values.as_array().unwrap().iter();
            values.map(|value| value.as_str().unwrap().to_owned()).collect()
        };
        let categories = file["categories"].as_object().unwrap();
        Allowed {
            categories: categories
                .iter()
                .map(|(category, types)| (category.clone(), texts(types)))
                .collect(),
            types: texts(&file["types"]),
        }
    }

    fn rows() -> Vec<(&'static str, Vec<&'static str>, Vec<&'static str>)> {
        CSV.lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                assert_eq!(cells.len(), 3, "{line}");
                (cells[0], cells[1].split(' ').collect(), cells[2].split(' ').collect())
            })
            .collect()
    }

    #[track_caller]
    fn assert_categories(event_type: &str, category: &str, kind: &str) {
        let found = categorise(event_type);
        assert_eq!(
            (found.category.join(" "), found.kind.join(" ")),
            (category.to_owned(), kind.to_owned()),
            "{event_type}"
        );
    }

    #[test]
    fn event_types_are_those_of_the_table() {
        let listed: BTreeSet<&str> = event_types().collect();
        assert_eq!(listed.len(), CSV.lines().count() - 1);
        assert!(listed.contains("user.session.start"));
    }

    #[test]
    fn table_holds_the_catalogue_and_the_retired_names() {
        let rows = rows();
        assert_eq!(CSV.lines().next(), Some("event_type,category,type"));
        assert_eq!(rows.len(), CATALOGUE + RETIRED.len());
        for name in RETIRED {
            assert!(rows.iter().any(|(row, ..)| *row == name), "{name}");
        }
        // Sorted, and no two names differ in case alone, or looking up without case would choose.
        assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
        let folded: BTreeSet<String> = rows.iter().map(|row| row.0.to_lowercase()).collect();
        assert_eq!(folded.len(), rows.len());
    }

    #[test]
    fn every_row_is_found_in_any_case() {
        for (event_type, category, kind) in rows() {
            let (category, kind) = (category.join(" "), kind.join(" "));
            assert_categories(event_type, &category, &kind);
            assert_categories(&event_type.to_uppercase(), &category, &kind);
            assert_categories(&event_type.to_lowercase(), &category, &kind);
        }
    }

    #[test]
    fn every_value_is_one_of_ecs() {
        let allowed = allowed();
        for (event_type, categories, kinds) in rows() {
            for category in &categories {
                assert!(allowed.categories.contains_key(*category), "{event_type}: {category}");
            }
            for kind in &kinds {
                assert!(allowed.types.contains(*kind), "{event_type}: {kind}");
            }
            let distinct: BTreeSet<_> = categories.iter().chain(&kinds).collect();
            assert_eq!(distinct.len(), categories.len() + kinds.len(), "{event_type}");
        }
    }

    #[test]
    fn every_pair_is_one_that_ecs_expects() {
        let allowed = allowed();
        let expected = |category: &str, kind: &str| allowed.categories[category].contains(kind);
        let unexpected: Vec<&str> = rows()
            .into_iter()
            .filter(|(_, categories, kinds)| {
                let kind_fits = kinds
                    .iter()
                    .all(|kind| categories.iter().any(|category| expected(category, kind)));
                let category_fits = categories
                    .iter()
                    .all(|category| kinds.iter().any(|kind| expected(category, kind)));
                !kind_fits || !category_fits
            })
            .map(|(event_type, ..)| event_type)
            .collect();
        assert_eq!(unexpected, UNEXPECTED);
    }

    /// `iam` with nothing but `info` is right for the progress of an import, and a sign that
    /// nobody looked anywhere else.
    #[test]
    fn bare_iam_info_is_left_to_the_progress_of_imports() {
        for (event_type, categories, kinds) in rows() {
            if (&*categories, &*kinds) != (OTHERWISE.category, OTHERWISE.kind) {
                continue;
            }
            let reports_an_import = event_type.starts_with("system.import.")
                || event_type == "app.ai_agent_provider.import.start"
                || event_type.starts_with("app.office365.api.error.download.")
                || event_type.starts_with("app.office365.dirsync.skipping.");
            assert!(reports_an_import, "{event_type}");
        }
    }

    #[test]
    fn fixed_categories() {
        let cases = [
            // Sessions by name.
            ("app.oauth2.as.authorize", "session", "start"),
            ("app.oauth2.as.token.grant", "session", "info"),
            ("app.oauth2.authorize.code", "session", "start"),
            ("app.oauth2.signon", "session", "start"),
            ("app.oauth2.token.grant.access_token", "session", "start"),
            ("app.inbound_del_auth.login_success", "session", "start"),
            // Types by name.
            ("app.access_request.approver.approve", "iam", "admin change"),
            ("app.access_request.approver.deny", "iam", "admin change"),
            ("app.access_request.approver.delete", "iam", "admin deletion"),
            ("app.oauth2.admin.consent.grant", "iam", "admin change"),
            ("app.oauth2.admin.consent.revoke", "iam", "admin change"),
            ("app.access_request.request", "iam", "creation"),
            ("app.keys.clone", "iam", "creation"),
            ("app.keys.generate", "iam", "creation"),
            ("app.oauth2.api_resource.create", "iam", "creation"),
            ("app.oauth2.api_resource.delete", "iam", "deletion"),
            ("app.access_request.grant", "iam", "change"),
            ("app.access_request.deny", "iam", "change"),
            ("app.access_request.expire", "iam", "change"),
            ("app.keys.rotate", "iam", "change"),
            ("app.oauth2.api_resource.update", "iam", "change"),
            ("app.ldap.password.change.failed", "iam", "change user"),
            ("app.oauth2.as.consent.grant", "iam", "user change"),
            ("app.oauth2.as.consent.revoke", "iam", "user change"),
            ("app.oauth2.as.consent.revoke.user", "iam", "user change"),
            ("credential.register", "iam", "user creation"),
            ("credential.revoke", "iam", "user deletion"),
            ("app.oauth2.token.grant.revoke", "iam", "end"),
            // Families: the category of `user.session*` comes last and so wins, its types stay.
            ("user.session.start", "session", "start"),
            ("user.session.end", "session", "end"),
            ("user.session.clear", "session", "end"),
            ("user.session.expire", "session", "end"),
            ("user.session.access_admin_app", "session", "info"),
            ("user.session.context.change", "session", "info"),
            ("user.session.impersonation.grant", "session", "creation"),
            ("user.session.impersonation.revoke", "session", "deletion"),
            ("user.session.impersonation.initiate", "session", "start"),
            ("user.session.impersonation.end", "session", "end"),
            ("user.session.impersonation.extend", "session", "info"),
            ("user.authentication.auth_via_IDP", "authentication", "start"),
            ("user.authentication.auth_via_mfa", "authentication", "start"),
            ("user.authentication.sso", "authentication", "start"),
            ("user.account.lock", "iam", "change"),
            ("user.account.privilege.grant", "iam", "change"),
            ("user.account.update_password", "iam", "change"),
            ("system.push.send_factor_verify_push", "authentication", "start"),
            ("system.sms.send_factor_verify_message", "authentication", "start"),
            ("system.email.delivery", "authentication", "start"),
            ("system.email_domain.create", "authentication", "start"),
        ];
        for (event_type, category, kind) in cases {
            assert_categories(event_type, category, kind);
        }
    }

    #[test]
    fn families_hold_for_every_row() {
        for (event_type, category, kind) in rows() {
            let Some(family) = of_family(event_type) else {
                continue;
            };
            assert_eq!(category, family.category, "{event_type}");
            if family.category != ["session"] {
                assert_eq!(kind, family.kind, "{event_type}");
            }
        }
    }

    #[test]
    fn judged_categories() {
        let cases = [
            ("policy.lifecycle.update", "configuration", "change"),
            ("policy.rule.delete", "configuration", "deletion"),
            ("application.lifecycle.create", "configuration", "creation"),
            ("group.user_membership.add", "iam", "group change"),
            ("user.lifecycle.create", "iam", "user creation"),
            ("user.mfa.factor.deactivate", "iam", "user change"),
            ("group.privilege.grant", "iam", "admin group change"),
            ("security.threat.detected", "threat intrusion_detection", "indicator info"),
            ("system.api_token.create", "iam", "admin creation"),
            ("device.lifecycle.suspend", "host", "change"),
            ("application.configuration.read_client_secret", "configuration", "access"),
            ("zone.make_blacklist", "configuration", "change"),
        ];
        for (event_type, category, kind) in cases {
            assert_categories(event_type, category, kind);
        }
    }

    #[test]
    fn unknown_event_types() {
        let cases = [
            ("user.authentication.something_new", "authentication", "start"),
            ("User.Authentication.New", "authentication", "start"),
            ("user.account.x", "iam", "change"),
            ("system.push.x", "authentication", "start"),
            ("system.sms.x", "authentication", "start"),
            ("system.email.x", "authentication", "start"),
            ("user.session.x", "session", "info"),
            ("user.sessio", "iam", "info"),
            ("xuser.session.start", "iam", "info"),
            ("zone.created", "iam", "info"),
            ("zone.create ", "iam", "info"),
            ("user.authenticatio\u{f1}", "iam", "info"),
            ("event_type", "iam", "info"),
            ("", "iam", "info"),
        ];
        for (event_type, category, kind) in cases {
            assert_categories(event_type, category, kind);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_values_that_ecs_allows(event_type in "(user\\.|system\\.|app\\.)?\\PC{0,60}") {
            let allowed = allowed();
            let found = categorise(&event_type);
            prop_assert!(!found.category.is_empty() && !found.kind.is_empty());
            prop_assert!(found.category.iter().all(|value| allowed.categories.contains_key(*value)));
            prop_assert!(found.kind.iter().all(|value| allowed.types.contains(*value)));
        }
    }
}
