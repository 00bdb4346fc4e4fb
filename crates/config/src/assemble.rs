//! Puts what the tables say together, and checks what no setting can be checked for alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use url::Url;

use crate::model::{
    Config, Credential, DefaultRole, Effort, EventHookIntake, FileSink, From, Intake, IntakeKind,
    Level, Log, LogFormat, LogLevel, OAuth, Oidc, OktaIntake, Rules, Server, Sink, SinkKind, Store,
    Tls, WebhookFormat, WebhookSink, WebhookUrl,
};
use crate::problem::{Problem, Severity};
use crate::reader::{Fields, Reader};
use crate::secret::Secret;
use crate::settings::{PREFIX, Section};
use crate::value::is_loopback;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 8 << 20;

/// The tables that are there once, and can be overridden.
const SINGLE: [Section; 5] =
    [Section::Root, Section::Log, Section::Server, Section::Store, Section::Rules];

impl Config {
    /// Reads a configuration from a text. `file` is what problems call it, and its folder is what
    /// paths are relative to. Nothing else is read: neither the environment nor any file.
    ///
    /// # Errors
    ///
    /// All mistakes, in the order of the text; warnings as well, if there is an error.
    pub fn parse(text: &str, file: impl AsRef<Path>) -> Result<Self, Vec<Problem>> {
        Self::parse_with(text, file, std::iter::empty())
    }

    /// As [`Config::parse`], with settings overridden by variables such as
    /// `WARDGATE__SERVER__LISTEN`. Variables that do not begin with `WARDGATE__` are ignored.
    ///
    /// # Errors
    ///
    /// All mistakes, those of the environment last.
    pub fn parse_with(
        text: &str,
        file: impl AsRef<Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Vec<Problem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::new(text, file.as_ref());
        let (root, errors) = DeTable::parse_recoverable(text);
        errors.iter().for_each(|error| reader.syntax(error));
        let root = root.get_ref();
        let mut tables: BTreeMap<Section, Fields> = BTreeMap::new();
        for section in SINGLE {
            let fields = match section {
                Section::Root => reader.root(root),
                section => reader.table(root, section),
            };
            tables.insert(section, fields);
        }
        if root.contains_key(Section::Oidc.name()) {
            tables.insert(Section::Oidc, reader.table(root, Section::Oidc));
        }
        let intakes = reader.tables(root, Section::Intake);
        let sinks = reader.tables(root, Section::Sink);
        let mut variables: Vec<_> = environment
            .into_iter()
            .filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX))
            .collect();
        variables.sort();
        for (name, value) in &variables {
            reader.override_by(&mut tables, &name.to_string_lossy(), value.to_str());
        }
        let config = assemble(&mut reader, &tables, &intakes, &sinks);
        let whole = reader.whole();
        let (problems, references) = reader.finish();
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(problems);
        }
        match config {
            Some(config) => Ok(Self { warnings: problems, references, ..config }),
            // Not reached while the table of settings gives every setting the type it is read as.
            None => Err(vec![whole.error("a setting has another type than it is read as")]),
        }
    }

    /// Reads a configuration from a file, with the overrides that the environment has.
    ///
    /// # Errors
    ///
    /// All mistakes; also when the file cannot be read.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, Vec<Problem>> {
        let file = file.as_ref();
        let whole = Reader::new("", file).whole();
        let read = || {
            let mut bytes = Vec::new();
            File::open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(bytes)
        };
        let bytes = read().map_err(|error| {
            let problem = whole.error(format!("cannot read the configuration: {error}"));
            vec![problem.help("wardgate config init writes one")]
        })?;
        if bytes.len() as u64 > LARGEST {
            return Err(vec![whole.error(format!("expected at most {LARGEST} bytes"))]);
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            vec![Problem { line, column: 1, ..whole.error("no UTF-8 text") }]
        })?;
        Self::parse_with(&text, file, std::env::vars_os())
    }
}

/// `None` if something is missing, which the reader has said.
fn assemble(
    reader: &mut Reader<'_>,
    tables: &BTreeMap<Section, Fields>,
    intakes: &[Fields],
    sinks: &[Fields],
) -> Option<Config> {
    let server = tables.get(&Section::Server).and_then(|fields| server(reader, fields));
    let oidc = tables.get(&Section::Oidc).map(|fields| oidc(reader, fields));
    let rules = tables.get(&Section::Rules).and_then(|fields| rules(reader, fields));
    unique(reader, intakes, "intakes");
    unique(reader, sinks, "sinks");
    if intakes.is_empty() {
        let warning = reader.whole().warning("there is no [[intake]], so no events will come in");
        reader.push(warning);
    }
    let okta: BTreeSet<&str> = intakes
        .iter()
        .filter(|fields| fields.text("kind") == Some("okta"))
        .filter_map(|fields| fields.text("name"))
        .collect();
    let intakes: Vec<_> = intakes.iter().map(|fields| intake(reader, fields, &okta)).collect();
    let mut files = BTreeSet::new();
    let sinks: Vec<_> = sinks.iter().map(|fields| sink(reader, fields, &mut files)).collect();
    let log = tables.get(&Section::Log)?;
    let store = tables.get(&Section::Store)?;
    Some(Config {
        data_dir: tables.get(&Section::Root)?.path("data_dir")?,
        log: Log {
            level: LogLevel::from_name(log.text("level")?)?,
            format: LogFormat::from_name(log.text("format")?)?,
        },
        server: server?,
        oidc: match oidc {
            Some(oidc) => Some(oidc?),
            None => None,
        },
        store: Store {
            retention_days: Some(store.number("retention_days")?).filter(|days| *days > 0),
            retention_size: Some(store.size("retention_size")?).filter(|bytes| *bytes > 0),
            fold_window: store.duration("fold_window")?,
        },
        rules: rules?,
        intakes: intakes.into_iter().collect::<Option<_>>()?,
        sinks: sinks.into_iter().collect::<Option<_>>()?,
        warnings: Vec::new(),
        references: Vec::new(),
    })
}

fn server(reader: &mut Reader<'_>, fields: &Fields) -> Option<Server> {
    let tls = match (fields.has("tls_cert"), fields.has("tls_key")) {
        (true, true) => Some(Tls { cert: fields.path("tls_cert")?, key: fields.path("tls_key")? }),
        (false, false) => None,
        (has_cert, _) => {
            let (there, missing) =
                if has_cert { ("tls_cert", "tls_key") } else { ("tls_key", "tls_cert") };
            let problem = fields.place_of(there).error(format!("{missing} is missing beside it"));
            reader.push(problem);
            None
        }
    };
    let listen = fields.listen()?;
    if !listen.ip().is_loopback() && !fields.has("tls_cert") {
        let warning = fields
            .place_of("listen")
            .warning("other machines can connect, and what they send can be read on the way");
        reader
            .push(warning.help("set tls_cert and tls_key, or put a proxy in front that does TLS"));
    }
    let mut public_url = fields.text("public_url").map(str::to_owned);
    if let Some(text) = &mut public_url {
        let origin = Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
        let is_bare = origin.as_deref() == Some(text.trim_end_matches('/'));
        if !is_bare {
            let place = fields.place_of("public_url");
            let problem = place.error("expected an address without a path");
            reader.push(problem.maybe_help(origin.map(|origin| format!("write \"{origin}\""))));
        }
        text.truncate(text.trim_end_matches('/').len());
    }
    let mut trusted_proxies = Vec::new();
    for text in fields.texts("trusted_proxies")? {
        match text.parse::<IpAddr>() {
            Ok(address) => trusted_proxies.push(address.to_canonical()),
            Err(_) => {
                let place = fields.place_of("trusted_proxies");
                reader.push(place.error(format!("expected IP addresses, found \"{text}\"")));
            }
        }
    }
    Some(Server {
        listen,
        tls,
        public_url,
        trusted_proxies,
        session_idle: fields.duration("session_idle")?,
        session_lifetime: fields.duration("session_lifetime")?,
    })
}

fn oidc(reader: &mut Reader<'_>, fields: &Fields) -> Option<Oidc> {
    let owned = |name: &str| fields.text(name).map(str::to_owned);
    let oidc = Oidc {
        issuer: owned("issuer")?,
        client_id: owned("client_id")?,
        client_secret: fields.source("client_secret"),
        name: owned("name")?,
        scopes: fields.texts("scopes")?,
        name_claim: owned("name_claim")?,
        role_claim: owned("role_claim")?,
        admin: fields.texts("admin")?,
        analyst: fields.texts("analyst")?,
        viewer: fields.texts("viewer")?,
        default_role: DefaultRole::from_name(fields.text("default_role")?)?,
        ca_file: fields.path("ca_file"),
    };
    let has_values = [&oidc.admin, &oidc.analyst, &oidc.viewer].iter().any(|one| !one.is_empty());
    if !has_values && oidc.default_role == DefaultRole::None {
        let warning = fields.place_of("default_role").warning("nobody can sign in this way");
        reader.push(warning.help("set admin, analyst or viewer, or a default_role"));
    }
    if oidc.default_role == DefaultRole::Admin {
        let place = fields.place_of("default_role");
        let warning = place.warning("whoever has an account there can change everything here");
        reader.push(warning.help("use admin = [...] with the values of those who should"));
    }
    Some(oidc)
}

fn rules(reader: &mut Reader<'_>, fields: &Fields) -> Option<Rules> {
    let rules = Rules {
        paths: fields.paths("paths")?,
        builtin: fields.switch("builtin")?,
        effort: Effort::from_name(fields.text("effort")?)?,
        min_level: Level::from_name(fields.text("min_level")?)?,
        enable: fields.texts("enable")?,
        disable: fields.texts("disable")?,
        exceptions: fields.path("exceptions"),
        placeholders: fields.paths("placeholders")?,
        indicators: fields.paths("indicators")?,
    };
    if !rules.builtin && rules.paths.is_empty() {
        let problem = fields.place_of("builtin").error("there are no rules without these");
        reader.push(problem.help("name some with paths"));
    }
    Some(rules)
}

/// Says when a name is there twice.
fn unique(reader: &mut Reader<'_>, tables: &[Fields], what: &str) {
    let mut lines = BTreeMap::new();
    for fields in tables {
        let Some(name) = fields.text("name") else { continue };
        let place = fields.place_of("name");
        if let Some(line) = lines.insert(name, place.line) {
            let problem =
                format!("expected {what} with different names, \"{name}\" is in line {line}");
            reader.push(place.error(problem));
        }
    }
}

fn intake(reader: &mut Reader<'_>, fields: &Fields, okta: &BTreeSet<&str>) -> Option<Intake> {
    let owned = |name: &str| fields.text(name).map(str::to_owned);
    let kind = match fields.text("kind")? {
        "okta" => IntakeKind::Okta(Box::new(okta_intake(reader, fields)?)),
        "http" => IntakeKind::Http,
        _ => {
            if let Some(of) = fields.text("of") {
                if !okta.contains(of) {
                    let place = fields.place_of("of");
                    let problem = place.error(format!("there is no okta intake \"{of}\""));
                    let help = crate::suggest::suggest(of, okta.iter().copied());
                    reader.push(problem.maybe_help(help));
                }
                for name in ["organization_id", "organization_name"] {
                    if fields.has(name) {
                        let problem = fields.place_of(name).error(format!(
                            "expected none, since of = \"{of}\" takes that of the other intake"
                        ));
                        reader.push(problem);
                    }
                }
            }
            IntakeKind::EventHook(EventHookIntake {
                header: owned("header")?,
                secret: fields.source("secret")?,
                of: owned("of"),
            })
        }
    };
    Some(Intake {
        name: owned("name")?,
        organization_id: owned("organization_id"),
        organization_name: owned("organization_name"),
        kind,
    })
}

fn okta_intake(reader: &mut Reader<'_>, fields: &Fields) -> Option<OktaIntake> {
    let base_url = fields.text("base_url")?.to_owned();
    let host = Url::parse(&base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let label = host.as_deref().and_then(|host| host.split_once('.'));
    if let Some((label, rest)) = label
        && let Some(name) = label.strip_suffix("-admin")
    {
        let warning = fields.place_of("base_url").warning("this is the address of the console");
        reader.push(warning.help(format!("the organisation's is \"https://{name}.{rest}\"")));
    }
    let credential = match (fields.source("token"), fields.inner("oauth")) {
        (Some(token), _) => Credential::Token(token),
        (None, oauth) => {
            let oauth = oauth?;
            let scopes = oauth.texts("scopes")?;
            if scopes.is_empty() {
                reader.push(oauth.place_of("scopes").error("expected at least one scope"));
            }
            Credential::OAuth(OAuth {
                client_id: oauth.text("client_id")?.to_owned(),
                key: oauth.source("key")?,
                key_id: oauth.text("key_id").map(str::to_owned),
                scopes,
                dpop: oauth.switch("dpop")?,
            })
        }
    };
    Some(OktaIntake {
        base_url,
        credential,
        frequency: fields.duration("frequency")?,
        ratelimit_per_minute: fields.number("ratelimit_per_minute")?,
        ratelimit_share: fields.number("ratelimit_share")?,
        filter: fields.text("filter").map(str::to_owned),
        q: fields.text("q").map(str::to_owned),
        chunk_size: fields.number("chunk_size")?,
        start: fields.start()?,
        backfill: fields.backfill()?,
        ca_file: fields.path("ca_file"),
        timeout: fields.duration("timeout")?,
    })
}

fn sink(reader: &mut Reader<'_>, fields: &Fields, files: &mut BTreeSet<PathBuf>) -> Option<Sink> {
    let kind = match fields.text("kind")? {
        "stdout" => SinkKind::Stdout,
        "file" => {
            let path = fields.path("path")?;
            if !files.insert(path.clone()) {
                let place = fields.place_of("path");
                reader.push(place.error("expected a file that no other sink writes to"));
            }
            SinkKind::File(FileSink {
                path,
                rotate_size: Some(fields.size("rotate_size")?).filter(|bytes| *bytes > 0),
                rotate_keep: fields.number("rotate_keep")?,
            })
        }
        _ => SinkKind::Webhook(Box::new(webhook(reader, fields)?)),
    };
    Some(Sink {
        name: fields.text("name")?.to_owned(),
        min_severity: Level::from_name(fields.text("min_severity")?)?,
        repeats: fields.switch("repeats")?,
        from: From::from_name(fields.text("from")?)?,
        kind,
    })
}

fn webhook(reader: &mut Reader<'_>, fields: &Fields) -> Option<WebhookSink> {
    let url = match fields.text("url") {
        Some(url) => {
            check_webhook(reader, fields, url);
            WebhookUrl::Here(Secret::new(url))
        }
        None => WebhookUrl::Kept(fields.source("url")?),
    };
    let secret = fields.source("secret");
    let headers = fields.headers()?;
    Some(WebhookSink {
        url,
        format: WebhookFormat::from_name(fields.text("format")?)?,
        secret,
        headers,
        timeout: fields.duration("timeout")?,
        ca_file: fields.path("ca_file"),
    })
}

/// Says when an address shows more than it should.
fn check_webhook(reader: &mut Reader<'_>, fields: &Fields, url: &str) {
    let Ok(url) = Url::parse(url) else { return };
    let place = fields.place_of("url");
    if url.scheme() == "http" && !is_loopback(&url) {
        let warning = place.warning("alerts can be read on the way to this address");
        reader.push(warning.help("use https"));
    }
    let host = url.host_str().unwrap_or_default();
    let capabilities =
        ["hooks.slack.com", "webhook.office.com", "logic.azure.com", "powerplatform.com"];
    let is_capability = capabilities.iter().any(|known| host.ends_with(known));
    if is_capability || !url.username().is_empty() || url.password().is_some() {
        let warning = place.warning("this address is a secret: who has it can post there");
        reader.push(warning.help("keep it elsewhere, with url_env or url_file"));
    }
}
