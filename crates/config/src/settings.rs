//! The table of settings. Reading, suggestions, the file that `config init` writes and the page of
//! the documentation all come from it.

use crate::model::{DefaultRole, Effort, From, Level, LogFormat, LogLevel, WebhookFormat};

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// What stands before the first table.
    Root,
    /// `[log]`
    Log,
    /// `[server]`
    Server,
    /// `[store]`
    Store,
    /// `[rules]`
    Rules,
    /// `[[intake]]`
    Intake,
    /// `oauth` of an `[[intake]]`
    OAuth,
    /// `[[sink]]`
    Sink,
    /// `[oidc]`
    Oidc,
}

impl Section {
    /// The sections in the order of the file.
    pub const ALL: [Self; 9] = [
        Self::Root,
        Self::Log,
        Self::Server,
        Self::Store,
        Self::Rules,
        Self::Intake,
        Self::OAuth,
        Self::Sink,
        Self::Oidc,
    ];

    /// Its key in the table that it stands in.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Log => "log",
            Self::Server => "server",
            Self::Store => "store",
            Self::Rules => "rules",
            Self::Intake => "intake",
            Self::OAuth => "oauth",
            Self::Sink => "sink",
            Self::Oidc => "oidc",
        }
    }

    /// Its heading in a file.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Log => "[log]",
            Self::Server => "[server]",
            Self::Store => "[store]",
            Self::Rules => "[rules]",
            Self::Intake => "[[intake]]",
            Self::OAuth => "[intake.oauth]",
            Self::Sink => "[[sink]]",
            Self::Oidc => "[oidc]",
        }
    }

    /// What it is about, in one line.
    #[must_use]
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Root => "Paths are relative to the folder of this file.",
            Self::Log => "What Wardgate says about itself, on the standard error.",
            Self::Server => {
                "The HTTP server: the pages, the API, intake, event hooks, metrics and health."
            }
            Self::Store => "What is kept, and for how long.",
            Self::Rules => "What is looked for. Changes are noticed while running.",
            Self::Intake => "Where events come from; one table for each.",
            Self::OAuth => "The service app with which an intake signs in.",
            Self::Sink => "Where alerts go; one table for each.",
            Self::Oidc => "Signing in through OpenID Connect, beside passwords.",
        }
    }
}

/// Whether a setting has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It has this value unless it is set; in TOML.
    Default(&'static str),
    /// It has no value unless it is set.
    Optional,
    /// It has to be set.
    Required,
    /// Exactly one of the settings with this mark has to be set.
    OneOf(&'static str),
    /// At most one of the settings with this mark can be set.
    AtMostOneOf(&'static str),
}

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A number between two.
    Number(u32, u32),
    /// A time span between two, in milliseconds.
    Duration(u64, u64),
    /// A number of bytes.
    Size,
    /// A name that is used in paths and labels.
    Name,
    /// Any text, up to so many characters.
    Text(usize),
    /// A list of texts.
    Texts,
    /// A path.
    Path,
    /// A path that is only read, and has to be there.
    File,
    /// A path with a secret in it.
    SecretFile,
    /// The name of an environment variable with a secret in it.
    SecretEnv,
    /// A list of paths that have to be there.
    Files,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The address of an Okta organisation.
    OrgUrl,
    /// The address of a webhook.
    WebhookUrl,
    /// An address that secrets may be sent to: https, or on this machine.
    SecureUrl,
    /// An address to listen on.
    Listen,
    /// The name of an HTTP header.
    HeaderName,
    /// HTTP headers with their values.
    Headers,
    /// Keywords for Okta's `q`.
    Keywords,
    /// Where an intake begins.
    Start,
    /// Whether and how far to read back.
    Backfill,
    /// A table in the table.
    Table(Section),
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The table it stands in.
    pub section: Section,
    /// The kinds of intake or sink that have it; all if empty.
    pub kinds: &'static [&'static str],
    /// Its key.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it has to be there.
    pub need: Need,
    /// A value it can have, in TOML.
    pub example: &'static str,
    /// What it does, in a line.
    pub doc: &'static str,
}

/// What the variables begin with that override settings.
pub(crate) const PREFIX: &str = "WARDGATE__";
/// The kinds of intake.
pub(crate) const INTAKES: &[&str] = &["okta", "http", "event_hook"];
/// The kinds of sink.
pub(crate) const SINKS: &[&str] = &["stdout", "file", "webhook"];

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// How long Okta keeps events.
pub(crate) const OKTA_KEEPS: u64 = 90 * DAY;

const OKTA: &[&str] = &["okta"];
const HOOK: &[&str] = &["event_hook"];
const FILE: &[&str] = &["file"];
const WEBHOOK: &[&str] = &["webhook"];

use Need::{AtMostOneOf, Default, OneOf, Optional, Required};

/// Lines up the columns of the table.
const fn setting(
    section: Section,
    kinds: &'static [&'static str],
    name: &'static str,
    kind: Kind,
    need: Need,
    example: &'static str,
    doc: &'static str,
) -> Setting {
    Setting { section, kinds, name, kind, need, example, doc }
}

/// All settings, in the order of the file that `config init` writes.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting(Section::Root, &[], "data_dir", Kind::Path, Default(r#""wardgate-data""#), r#""/var/lib/wardgate""#,
        "The folder of the store: events, alerts, cursors. One instance at a time can use it."),

    setting(Section::Log, &[], "level", Kind::Choice(LogLevel::NAMES), Default(r#""info""#), r#""debug""#,
        "How much is logged."),
    setting(Section::Log, &[], "format", Kind::Choice(LogFormat::NAMES), Default(r#""auto""#), r#""json""#,
        "Text for people or JSON; `auto` is text on a terminal."),

    setting(Section::Server, &[], "listen", Kind::Listen, Default(r#""127.0.0.1:8611""#), r#""[::1]:9000""#,
        "The address and port to listen on."),
    setting(Section::Server, &[], "tls_cert", Kind::File, Optional, r#""server.pem""#,
        "PEM file with the certificate to speak TLS with, and those between it and the root."),
    setting(Section::Server, &[], "tls_key", Kind::SecretFile, Optional, r#""server.key""#,
        "PEM file with its private key."),
    setting(Section::Server, &[], "public_url", Kind::SecureUrl, Optional, r#""https://wardgate.example.com""#,
        "The address that people use, if it is another, such as that of a proxy."),
    setting(Section::Server, &[], "trusted_proxies", Kind::Texts, Default("[]"), r#"["10.0.0.1"]"#,
        "IP addresses of proxies that are believed when they name the client in X-Forwarded-For."),
    setting(Section::Server, &[], "session_idle", Kind::Duration(60 * SECOND, 30 * DAY), Default(r#""8h""#), r#""1h""#,
        "Whoever does nothing for so long has to sign in again."),
    setting(Section::Server, &[], "session_lifetime", Kind::Duration(60 * SECOND, 30 * DAY), Default(r#""24h""#), r#""12h""#,
        "After so long everybody has to sign in again."),

    setting(Section::Store, &[], "retention_days", Kind::Number(0, 36_500), Default("365"), "90",
        "For how many days events are kept; 0 for ever."),
    setting(Section::Store, &[], "retention_size", Kind::Size, Default(r#""500 GB""#), r#""20 GiB""#,
        "How much room events may take; the oldest day goes first. \"0\" for all there is."),
    setting(Section::Store, &[], "fold_window", Kind::Duration(0, 31 * DAY), Default(r#""1h""#), r#""30m""#,
        "For how long alerts of the same rule and entity are folded into the first."),

    setting(Section::Rules, &[], "paths", Kind::Files, Default("[]"), r#"["rules/own"]"#,
        "Files and folders with Sigma rules, beside the built-in ones."),
    setting(Section::Rules, &[], "builtin", Kind::Switch, Default("true"), "false",
        "Whether the built-in rules are used."),
    setting(Section::Rules, &[], "effort", Kind::Choice(Effort::NAMES), Default(r#""advanced""#), r#""master""#,
        "Rules up to this effort are on."),
    setting(Section::Rules, &[], "min_level", Kind::Choice(Level::NAMES), Default(r#""informational""#), r#""low""#,
        "Rules of at least this level are on."),
    setting(Section::Rules, &[], "enable", Kind::Texts, Default("[]"), r#"["Okta Phishing"]"#,
        "Rules that are on whatever their effort, by id, name, title, tag or level."),
    setting(Section::Rules, &[], "disable", Kind::Texts, Default("[]"), r#"["attack.discovery"]"#,
        "Rules that are off, likewise."),
    setting(Section::Rules, &[], "exceptions", Kind::File, Optional, r#""exceptions.yml""#,
        "The list of exceptions."),
    setting(Section::Rules, &[], "placeholders", Kind::Files, Default("[]"), r#"["placeholders.txt"]"#,
        "Values of `|expand` placeholders: files with lines of `name: value`."),
    setting(Section::Rules, &[], "indicators", Kind::Files, Default("[]"), r#"["indicators.txt"]"#,
        "Indicators for the Intelligence Feed rule: STIX 2.1 bundles, CSV, or lists with one on each line."),

    setting(Section::Intake, &[], "name", Kind::Name, Required, r#""acme""#,
        "What it is called, in records, metrics and commands. Its cursor is kept under it."),
    setting(Section::Intake, &[], "kind", Kind::Choice(INTAKES), Required, r#""okta""#,
        "How events come: `okta` asks the System Log API; `http` is pushed to, with a key that `wardgate intake create` makes; `event_hook` is called by Okta."),
    setting(Section::Intake, &[], "organization_id", Kind::Text(200), Optional, r#""00o1a2b3c4d5e6f7g8h9""#,
        "The id of the organisation, for the records."),
    setting(Section::Intake, &[], "organization_name", Kind::Text(200), Optional, r#""Acme Corporation""#,
        "The name of the organisation, for the records."),
    setting(Section::Intake, OKTA, "base_url", Kind::OrgUrl, Required, r#""https://acme.okta.com""#,
        "The organisation's address, without `-admin`."),
    setting(Section::Intake, OKTA, "token_env", Kind::SecretEnv, OneOf("credential"), r#""OKTA_TOKEN""#,
        "The environment variable with the API token."),
    setting(Section::Intake, OKTA, "token_file", Kind::SecretFile, OneOf("credential"), r#""okta-token""#,
        "The file with the API token; read again when it changes."),
    setting(Section::Intake, OKTA, "oauth", Kind::Table(Section::OAuth), OneOf("credential"), r#"{ client_id = "0oa1a2b3c4d5e6f7g8h9", key_file = "okta.pem" }"#,
        "An OAuth 2.0 service app; its settings are below."),
    setting(Section::Intake, OKTA, "frequency", Kind::Duration(SECOND, DAY), Default(r#""60s""#), r#""15s""#,
        "How long to wait after the last page. After a full page the next is asked for at once."),
    setting(Section::Intake, OKTA, "ratelimit_per_minute", Kind::Number(1, 10_000), Default("20"), "60",
        "The most requests a minute."),
    setting(Section::Intake, OKTA, "ratelimit_share", Kind::Number(1, 100), Default("50"), "80",
        "The most that is taken of the organisation's own rate limit, in percent."),
    setting(Section::Intake, OKTA, "filter", Kind::Text(4000), Optional, r#"'eventType sw "user."'"#,
        "Only events for which Okta's filter expression holds."),
    setting(Section::Intake, OKTA, "q", Kind::Keywords, Optional, r#""impossible travel""#,
        "Only events with these keywords, of at most 40 characters each."),
    setting(Section::Intake, OKTA, "chunk_size", Kind::Number(1, 1000), Default("1000"), "200",
        "Events a page, at most."),
    setting(Section::Intake, OKTA, "start", Kind::Start, Default(r#""now""#), r#""7d""#,
        "Where to begin when there is no cursor yet: `now`, how long ago, a time, or `earliest`."),
    setting(Section::Intake, OKTA, "backfill", Kind::Backfill, Default("false"), r#""30d""#,
        "Whether to read the past beside the live tail: `true` is 90 days, which is all that Okta keeps."),
    setting(Section::Intake, OKTA, "ca_file", Kind::File, Optional, r#""ca.pem""#,
        "PEM file with the certificates to trust instead of the system's."),
    setting(Section::Intake, OKTA, "timeout", Kind::Duration(SECOND, 10 * 60 * SECOND), Default(r#""35s""#), r#""60s""#,
        "How long a request may take. Okta gives up after 30 s."),
    setting(Section::Intake, HOOK, "header", Kind::HeaderName, Default(r#""authorization""#), r#""x-hook-secret""#,
        "The header in which Okta sends the secret."),
    setting(Section::Intake, HOOK, "secret_env", Kind::SecretEnv, OneOf("secret"), r#""OKTA_HOOK_SECRET""#,
        "The environment variable with the secret that was given to Okta."),
    setting(Section::Intake, HOOK, "secret_file", Kind::SecretFile, OneOf("secret"), r#""hook-secret""#,
        "The file with the secret that was given to Okta."),
    setting(Section::Intake, HOOK, "of", Kind::Name, Optional, r#""acme""#,
        "The `okta` intake of the same organisation, so that no event counts twice."),

    setting(Section::OAuth, &[], "client_id", Kind::Text(200), Required, r#""0oa1a2b3c4d5e6f7g8h9""#,
        "The app's client id."),
    setting(Section::OAuth, &[], "key_file", Kind::SecretFile, OneOf("key"), r#""okta.pem""#,
        "The file with its private key, PEM or JWK; read again when it changes."),
    setting(Section::OAuth, &[], "key_env", Kind::SecretEnv, OneOf("key"), r#""OKTA_KEY""#,
        "The environment variable with its private key."),
    setting(Section::OAuth, &[], "key_id", Kind::Text(200), Optional, r#""kid-1""#,
        "The key's id (`kid`), if there are several and the JWK does not say it."),
    setting(Section::OAuth, &[], "scopes", Kind::Texts, Default(r#"["okta.logs.read"]"#), r#"["okta.logs.read", "okta.users.read"]"#,
        "What tokens are asked for."),
    setting(Section::OAuth, &[], "dpop", Kind::Switch, Default("true"), "false",
        "Whether tokens are bound to a key (DPoP), as new apps want it."),

    setting(Section::Sink, &[], "name", Kind::Name, Required, r#""soc""#,
        "What it is called. How far it has come is kept under it."),
    setting(Section::Sink, &[], "kind", Kind::Choice(SINKS), Required, r#""webhook""#,
        "Where to: the standard output, a file of NDJSON, or a webhook."),
    setting(Section::Sink, &[], "min_severity", Kind::Choice(Level::NAMES), Default(r#""low""#), r#""high""#,
        "Alerts of at least this severity."),
    setting(Section::Sink, &[], "repeats", Kind::Switch, Default("false"), "true",
        "Whether alerts that were folded into another are sent, too."),
    setting(Section::Sink, &[], "from", Kind::Choice(From::NAMES), Default(r#""now""#), r#""earliest""#,
        "Where a new sink begins: with the next alert, or with the first in the store."),
    setting(Section::Sink, FILE, "path", Kind::Path, Required, r#""alerts.ndjson""#,
        "The file."),
    setting(Section::Sink, FILE, "rotate_size", Kind::Size, Default(r#""100 MB""#), r#""1 GiB""#,
        "From which size on a new file is begun; \"0\" for never."),
    setting(Section::Sink, FILE, "rotate_keep", Kind::Number(0, 1000), Default("10"), "3",
        "How many full files are kept beside it, as `alerts.ndjson.1` (the newest) and so on."),
    setting(Section::Sink, WEBHOOK, "url_env", Kind::SecretEnv, OneOf("url"), r#""SOC_WEBHOOK_URL""#,
        "The environment variable with the address."),
    setting(Section::Sink, WEBHOOK, "url_file", Kind::SecretFile, OneOf("url"), r#""webhook-url""#,
        "The file with the address."),
    setting(Section::Sink, WEBHOOK, "url", Kind::WebhookUrl, OneOf("url"), r#""https://soc.example.com/alerts""#,
        "The address, if it is no secret. Those of Slack and Teams are."),
    setting(Section::Sink, WEBHOOK, "format", Kind::Choice(WebhookFormat::NAMES), Default(r#""json""#), r#""slack""#,
        "What is sent: the alert document, a message for Slack, or a card for Teams."),
    setting(Section::Sink, WEBHOOK, "secret_env", Kind::SecretEnv, AtMostOneOf("secret"), r#""SOC_WEBHOOK_SECRET""#,
        "The environment variable with the secret that requests are signed with."),
    setting(Section::Sink, WEBHOOK, "secret_file", Kind::SecretFile, AtMostOneOf("secret"), r#""webhook-secret""#,
        "The file with the secret that requests are signed with."),
    setting(Section::Sink, WEBHOOK, "headers", Kind::Headers, Default("{}"), r#"{ X-Team = "soc", Authorization = { env = "SOC_AUTHORIZATION" } }"#,
        "More headers. A value is a text, or kept in the environment or a file: `{ env = \"NAME\" }`, `{ file = \"PATH\" }`."),
    setting(Section::Sink, WEBHOOK, "timeout", Kind::Duration(SECOND, 5 * 60 * SECOND), Default(r#""10s""#), r#""30s""#,
        "How long a request may take."),
    setting(Section::Sink, WEBHOOK, "ca_file", Kind::File, Optional, r#""ca.pem""#,
        "PEM file with the certificates to trust instead of the system's."),

    setting(Section::Oidc, &[], "issuer", Kind::SecureUrl, Required, r#""https://acme.okta.com""#,
        "The provider's address, exactly as it calls itself."),
    setting(Section::Oidc, &[], "client_id", Kind::Text(200), Required, r#""0oa9z8y7x6w5v4u3t2s1""#,
        "The name under which Wardgate is known there. The redirect URI to register is the address that people use, followed by /api/v1/oidc/callback."),
    setting(Section::Oidc, &[], "client_secret_env", Kind::SecretEnv, AtMostOneOf("client_secret"), r#""OIDC_CLIENT_SECRET""#,
        "The environment variable with the client secret; without any it is a public client."),
    setting(Section::Oidc, &[], "client_secret_file", Kind::SecretFile, AtMostOneOf("client_secret"), r#""oidc-secret""#,
        "The file with the client secret."),
    setting(Section::Oidc, &[], "name", Kind::Text(60), Default(r#""single sign-on""#), r#""Okta""#,
        "What people know the provider by."),
    setting(Section::Oidc, &[], "scopes", Kind::Texts, Default(r#"["profile", "email"]"#), r#"["profile", "groups"]"#,
        "What is asked for, beside `openid`."),
    setting(Section::Oidc, &[], "name_claim", Kind::Text(200), Default(r#""preferred_username""#), r#""email""#,
        "The claim with the name of the account."),
    setting(Section::Oidc, &[], "role_claim", Kind::Text(200), Default(r#""groups""#), r#""roles""#,
        "The claim that decides the role: a text or a list of them."),
    setting(Section::Oidc, &[], "admin", Kind::Texts, Default("[]"), r#"["wardgate-admins"]"#,
        "Its values that make an admin; of several roles the highest counts."),
    setting(Section::Oidc, &[], "analyst", Kind::Texts, Default("[]"), r#"["soc"]"#,
        "Its values that make an analyst."),
    setting(Section::Oidc, &[], "viewer", Kind::Texts, Default("[]"), r#"["everyone"]"#,
        "Its values that make a viewer."),
    setting(Section::Oidc, &[], "default_role", Kind::Choice(DefaultRole::NAMES), Default(r#""none""#), r#""viewer""#,
        "The role of everybody else; with none they are not let in."),
    setting(Section::Oidc, &[], "ca_file", Kind::File, Optional, r#""ca.pem""#,
        "PEM file with the certificates to trust instead of the system's."),
];

impl Setting {
    /// The environment variable that overrides it, such as `WARDGATE__SERVER__LISTEN`. Intakes and
    /// sinks, of which there can be several, have none.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        let name = self.name.to_ascii_uppercase();
        match self.section {
            Section::Root => Some(format!("{PREFIX}{name}")),
            Section::Intake | Section::OAuth | Section::Sink => None,
            section => Some(format!("{PREFIX}{}__{name}", section.name().to_ascii_uppercase())),
        }
    }

    /// Whether an intake or sink of this kind has it.
    #[must_use]
    pub fn is_for(&self, kind: Option<&str>) -> bool {
        self.kinds.is_empty() || kind.is_none_or(|kind| self.kinds.contains(&kind))
    }
}

impl Kind {
    /// A short name for tables.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Switch => "true or false".into(),
            Self::Number(least, most) => format!("number, {least} to {most}"),
            Self::Duration(..) => "duration".into(),
            Self::Size => "size".into(),
            Self::Name => "name".into(),
            Self::Text(_) | Self::Keywords => "text".into(),
            Self::Texts => "list of texts".into(),
            Self::Path | Self::File | Self::SecretFile => "path".into(),
            Self::SecretEnv => "environment variable".into(),
            Self::Files => "list of paths".into(),
            Self::Choice(words) => words.join(", "),
            Self::OrgUrl | Self::WebhookUrl | Self::SecureUrl => "URL".into(),
            Self::Listen => "address:port".into(),
            Self::HeaderName => "header".into(),
            Self::Headers => "table of headers".into(),
            Self::Start => "now, earliest, duration, time".into(),
            Self::Backfill => "true, false, duration".into(),
            Self::Table(_) => "table".into(),
        }
    }

    /// What is expected, for messages.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Switch => "true or false".into(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Duration(least, most) => {
                let (least, most) = (show_duration(*least), show_duration(*most));
                format!("a duration such as \"60s\" or \"1h\", from {least} to {most}")
            }
            Self::Size => "a size such as \"500 GB\" or \"100 MiB\"".into(),
            Self::Name => "a name of a-z, 0-9, _ and -, of at most 64 characters".into(),
            Self::Text(most) => format!("a text of 1 to {most} characters"),
            Self::Texts => "a list of texts such as [\"a\", \"b\"]".into(),
            Self::Path | Self::File | Self::SecretFile => "a path".into(),
            Self::SecretEnv => "the name of an environment variable, such as \"OKTA_TOKEN\"".into(),
            Self::Files => "a list of paths such as [\"a.txt\", \"b\"]".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::OrgUrl => "an address such as \"https://acme.okta.com\"".into(),
            Self::WebhookUrl => "an address such as \"https://soc.example.com/alerts\"".into(),
            Self::SecureUrl => "an address such as \"https://id.example.com\"".into(),
            Self::Listen => "an address and port such as \"127.0.0.1:8611\"".into(),
            Self::HeaderName => "the name of a header, such as \"authorization\"".into(),
            Self::Headers => "a table of headers such as { X-Team = \"soc\" }".into(),
            Self::Keywords => "keywords of at most 40 characters each".into(),
            Self::Start => "\"now\", \"earliest\", a duration of at most 90d, or a time such as \
                 \"2026-09-01T00:00:00Z\""
                .into(),
            Self::Backfill => "true, false, or a duration of at most 90d".into(),
            Self::Table(_) => "a table".into(),
        }
    }
}

/// The settings of a section.
pub(crate) fn settings(section: Section) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.section == section)
}

/// A duration as it is written.
pub(crate) fn show_duration(ms: u64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (60 * SECOND, "m"), (SECOND, "s"), (1, "ms")];
    let unit = units.iter().find(|(size, _)| ms >= *size && ms.is_multiple_of(*size));
    match unit {
        Some((size, name)) => format!("{}{name}", ms / size),
        None => "0s".into(),
    }
}
