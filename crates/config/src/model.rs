//! What a configuration says, once it is read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::problem::Problem;
use crate::secret::{Secret, SecretError, SecretSource};
use crate::surroundings::Reference;

/// Makes an enumeration whose values have a name in the configuration.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$value_doc])* $value,)+ }

        impl $name {
            /// All names, in order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The name in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// The value with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$value),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// How much is logged.
    LogLevel {
        /// What failed.
        Error = "error",
        /// Also what deserves a look.
        Warn = "warn",
        /// Also what is going on.
        Info = "info",
        /// Also why.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

names! {
    /// How it is logged.
    LogFormat {
        /// As text on a terminal, as JSON otherwise.
        Auto = "auto",
        /// For people.
        Text = "text",
        /// One object a line.
        Json = "json",
    }
}

names! {
    /// How grave an alert is, and a rule's level.
    Level {
        /// Good to know.
        Informational = "informational",
        /// Hardly ever an attack by itself.
        Low = "low",
        /// To be looked at some time.
        Medium = "medium",
        /// To be looked at soon.
        High = "high",
        /// To be looked at now.
        Critical = "critical",
    }
}

names! {
    /// How much work a rule's alerts are.
    Effort {
        /// For everyone.
        Elementary = "elementary",
        /// For those with some time.
        Intermediate = "intermediate",
        /// For those with a team.
        Advanced = "advanced",
        /// For hunters.
        Master = "master",
    }
}

names! {
    /// Where a new sink begins.
    From {
        /// With the first alert after it was added.
        Now = "now",
        /// With the first alert in the store.
        Earliest = "earliest",
    }
}

names! {
    /// What a webhook is sent.
    WebhookFormat {
        /// The alert document.
        Json = "json",
        /// A message of Slack's blocks.
        Slack = "slack",
        /// An adaptive card.
        Teams = "teams",
    }
}

names! {
    /// The role of those whom none of the values of a claim is for.
    DefaultRole {
        /// They are not let in.
        None = "none",
        /// They read.
        Viewer = "viewer",
        /// They work alerts.
        Analyst = "analyst",
        /// They change everything.
        Admin = "admin",
    }
}

/// A configuration. Paths in it are relative to the folder of its file, and already joined to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder of the store.
    pub data_dir: PathBuf,
    /// What is logged.
    pub log: Log,
    /// The HTTP server.
    pub server: Server,
    /// Signing in through OpenID Connect.
    pub oidc: Option<Oidc>,
    /// What is kept.
    pub store: Store,
    /// What is looked for.
    pub rules: Rules,
    /// Where events come from, with distinct names.
    pub intakes: Vec<Intake>,
    /// Where alerts go, with distinct names.
    pub sinks: Vec<Sink>,
    /// What is hardly meant so, though it can be done.
    pub warnings: Vec<Problem>,
    pub(crate) references: Vec<Reference>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How much.
    pub level: LogLevel,
    /// How.
    pub format: LogFormat,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate to speak TLS with.
    pub tls: Option<Tls>,
    /// The address that people use, without a slash at the end, if it is another.
    pub public_url: Option<String>,
    /// Proxies that are believed when they name the client.
    pub trusted_proxies: Vec<IpAddr>,
    /// A session that is not used for this long has ended.
    pub session_idle: Duration,
    /// A session ends after this time.
    pub session_lifetime: Duration,
}

/// `[oidc]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// The provider, as it calls itself.
    pub issuer: String,
    /// The name under which this program is known there.
    pub client_id: String,
    /// Where the client secret is kept; none for a public client.
    pub client_secret: Option<SecretSource>,
    /// What people know the provider by.
    pub name: String,
    /// What is asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// The claim with the name of the account.
    pub name_claim: String,
    /// The claim that decides the role.
    pub role_claim: String,
    /// Its values that make an admin.
    pub admin: Vec<String>,
    /// Its values that make an analyst.
    pub analyst: Vec<String>,
    /// Its values that make a viewer.
    pub viewer: Vec<String>,
    /// The role of everybody else.
    pub default_role: DefaultRole,
    /// The certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// The PEM files of a TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and those between it and the root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// For how many days events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// How many bytes events may take on disk; `None` if as many as there are.
    pub retention_size: Option<u64>,
    /// For how long an alert of the same rule and entity is a repeat of the first.
    pub fold_window: Duration,
}

/// `[rules]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Files and folders with rules.
    pub paths: Vec<PathBuf>,
    /// Whether the built-in rules are used.
    pub builtin: bool,
    /// Rules up to this effort are on.
    pub effort: Effort,
    /// Rules of at least this level are on.
    pub min_level: Level,
    /// Rules that are on whatever their effort, by id, name, title, tag or level.
    pub enable: Vec<String>,
    /// Rules that are off, likewise.
    pub disable: Vec<String>,
    /// The list of exceptions.
    pub exceptions: Option<PathBuf>,
    /// Lists with values of placeholders.
    pub placeholders: Vec<PathBuf>,
    /// Lists of indicators.
    pub indicators: Vec<PathBuf>,
}

/// `[[intake]]`: where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Its name, of `a` to `z`, `0` to `9`, `_` and `-`.
    pub name: String,
    /// The id of the Okta organisation.
    pub organization_id: Option<String>,
    /// Its name.
    pub organization_name: Option<String>,
    /// How events come.
    pub kind: IntakeKind,
}

/// How events come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntakeKind {
    /// By asking Okta's System Log API.
    Okta(Box<OktaIntake>),
    /// By HTTP, with a key that `wardgate intake` makes.
    Http,
    /// By Okta's event hooks.
    EventHook(EventHookIntake),
}

/// An organisation whose System Log is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OktaIntake {
    /// The organisation's address, without a `/` at its end.
    pub base_url: String,
    /// What to sign in with.
    pub credential: Credential,
    /// How long to wait when everything is read.
    pub frequency: Duration,
    /// The most requests a minute.
    pub ratelimit_per_minute: u32,
    /// The most that is taken of what Okta's rate limit allows, in percent.
    pub ratelimit_share: u8,
    /// Okta's filter expression.
    pub filter: Option<String>,
    /// Keywords.
    pub q: Option<String>,
    /// Events a page, at most.
    pub chunk_size: u16,
    /// Where to begin when there is no cursor.
    pub start: Start,
    /// How far back to read beside the live tail.
    pub backfill: Option<Duration>,
    /// PEM file with the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take.
    pub timeout: Duration,
}

/// What to sign in to Okta with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API token (SSWS).
    Token(SecretSource),
    /// An OAuth 2.0 service app.
    OAuth(OAuth),
}

/// An OAuth 2.0 service app that signs in with a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// The app's client id.
    pub client_id: String,
    /// Its private key, PEM or JWK.
    pub key: SecretSource,
    /// The key's id, if the key does not say it.
    pub key_id: Option<String>,
    /// What the tokens are for.
    pub scopes: Vec<String>,
    /// Whether tokens are bound to a key (DPoP).
    pub dpop: bool,
}

/// Where an intake begins that has no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// With the earliest event that Okta still has.
    Earliest,
    /// This long ago.
    Ago(Duration),
    /// At this time, in milliseconds since 1970.
    At(i64),
}

/// An endpoint for Okta's event hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHookIntake {
    /// The header in which Okta sends the secret, in lower case.
    pub header: String,
    /// The secret.
    pub secret: SecretSource,
    /// The `okta` intake of the same organisation.
    pub of: Option<String>,
}

/// `[[sink]]`: where alerts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// Its name, under which its checkpoint is kept.
    pub name: String,
    /// Alerts of at least this severity.
    pub min_severity: Level,
    /// Whether alerts that repeat another are sent, too.
    pub repeats: bool,
    /// Where it begins when it has no checkpoint.
    pub from: From,
    /// Where to.
    pub kind: SinkKind,
}

/// Where alerts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// The standard output.
    Stdout,
    /// A file of NDJSON.
    File(FileSink),
    /// An HTTP endpoint.
    Webhook(Box<WebhookSink>),
}

/// A file of NDJSON, rotated by size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSink {
    /// The file.
    pub path: PathBuf,
    /// From which size on a new one is begun, in bytes; `None` for never.
    pub rotate_size: Option<u64>,
    /// How many full ones are kept beside it.
    pub rotate_keep: u32,
}

/// An HTTP endpoint that alerts are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSink {
    /// The address.
    pub url: WebhookUrl,
    /// What is sent.
    pub format: WebhookFormat,
    /// The secret that requests are signed with (HMAC-SHA256).
    pub secret: Option<SecretSource>,
    /// More headers.
    pub headers: Vec<(String, HeaderValue)>,
    /// How long a request may take.
    pub timeout: Duration,
    /// PEM file with the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where the address of a webhook is written. It is often a secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookUrl {
    /// In the configuration.
    Here(Secret),
    /// Elsewhere.
    Kept(SecretSource),
}

impl WebhookUrl {
    /// The address, checked.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Here(url) => Ok(url.clone()),
            Self::Kept(source) => source.read(),
        }
    }
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// Written in the configuration.
    Here(String),
    /// Kept elsewhere.
    Kept(SecretSource),
}

impl HeaderValue {
    /// The value.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Here(value) => Ok(Secret::new(value.clone())),
            Self::Kept(source) => source.read(),
        }
    }
}
