//! What the answers of an organisation mean, and what to do about them.

use jiff::Timestamp;
use okta_client::{
    ApiError, Check, Credentials, Grant, Network, RateLimit, Settings, SettingsError, Snapshot,
    Trouble,
};

/// The scope that is needed, and the only one.
const SCOPE: &str = "okta.logs.read";
/// A difference of the clocks that deserves a look, in milliseconds. Less is within what headers
/// can tell.
const SKEWED: u64 = 10_000;

/// How a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    /// It works, and deserves a look.
    Warning,
    /// It does not work.
    Failed,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    pub(super) about: &'static str,
    pub(super) text: String,
    /// What to do about it.
    pub(super) help: Option<String>,
}

/// Everything that was found out about an organisation.
#[derive(Clone, Debug)]
pub(super) struct Diagnosis {
    pub(super) name: String,
    pub(super) base_url: String,
    pub(super) findings: Vec<Finding>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) skew_ms: Option<i64>,
    pub(super) newest: Option<Timestamp>,
}

/// What matters of the machine.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) now: Timestamp,
    /// The environment variable that names a proxy, if there is one.
    pub(super) proxy: Option<&'static str>,
}

impl Surroundings {
    pub(super) fn of_process(now: Timestamp) -> Self {
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self { now, proxy: names.into_iter().find(is_set) }
    }
}

impl Diagnosis {
    fn empty(name: String, settings: &Settings) -> Self {
        Self {
            name,
            base_url: settings.base_url.clone(),
            findings: Vec::new(),
            scopes: None,
            rate_limit: None,
            skew_ms: None,
            newest: None,
        }
    }

    /// Of settings that can't be used at all.
    pub(super) fn of_settings(name: String, settings: &Settings, error: &SettingsError) -> Self {
        let mut diagnosis = Self::empty(name, settings);
        // An address may hold a password.
        if matches!(error, SettingsError::BaseUrl(_)) {
            diagnosis.base_url.clear();
        }
        diagnosis.add(Outcome::Failed, "settings", error.to_string(), None);
        diagnosis
    }

    /// Of what a look at the organisation found.
    pub(super) fn new(
        name: String,
        settings: &Settings,
        check: Check,
        snapshot: &Snapshot,
        surroundings: &Surroundings,
    ) -> Self {
        let mut diagnosis = Self::empty(name, settings);
        diagnosis.rate_limit = snapshot.rate_limit;
        diagnosis.skew_ms = snapshot.skew_ms;
        diagnosis.address(settings, surroundings);
        match &check.grant {
            Ok(Some(grant)) => diagnosis.grant(grant, settings),
            Ok(None) => {}
            Err(trouble) => diagnosis.trouble("token", trouble, settings, surroundings),
        }
        if check.grant.is_ok() {
            match &check.newest {
                Ok(newest) => {
                    diagnosis.newest = *newest;
                    diagnosis.log(settings);
                    diagnosis.age(settings, surroundings);
                }
                Err(trouble) => diagnosis.trouble("log", trouble, settings, surroundings),
            }
        }
        diagnosis.limit(settings, surroundings);
        diagnosis.clock();
        diagnosis
    }

    pub(super) fn is_failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome == Outcome::Failed)
    }

    fn add(&mut self, outcome: Outcome, about: &'static str, text: String, help: Option<&str>) {
        let help = help.map(str::to_owned);
        self.findings.push(Finding { outcome, about, text, help });
    }

    fn address(&mut self, settings: &Settings, surroundings: &Surroundings) {
        let host = settings.base_url.trim_start_matches("https://");
        let first = host.split('.').next().unwrap_or_default();
        if let Some(org) = first.strip_suffix("-admin") {
            let help = format!("set base_url to the address without it, https://{org}.…");
            let text = "the address is the admin console's".to_owned();
            self.add(Outcome::Warning, "address", text, Some(&help));
        }
        if let Some(name) = surroundings.proxy
            && settings.base_url.starts_with("https:")
        {
            let text = format!("requests go through the proxy of {name}, unless NO_PROXY excepts");
            self.add(Outcome::Ok, "proxy", text, None);
        }
    }

    fn grant(&mut self, grant: &Grant, settings: &Settings) {
        self.scopes = Some(grant.scopes.clone());
        let bound = if grant.is_bound { ", bound to this client (DPoP)" } else { "" };
        let scopes = match grant.scopes.as_slice() {
            [] => "no scopes named".to_owned(),
            scopes => scopes.join(" "),
        };
        let text =
            format!("granted for {}: {scopes}{bound}", span(grant.lifetime.as_millis() as i64));
        let has_scope = grant.scopes.is_empty() || grant.scopes.iter().any(|it| it == SCOPE);
        let has_others = grant.scopes.iter().any(|it| it != SCOPE);
        if !has_scope {
            let help = "grant okta.logs.read to the app, under Okta API Scopes, and list it in \
                        scopes";
            self.add(Outcome::Failed, "token", text, Some(help));
        } else if has_others {
            let help = "nothing but okta.logs.read is needed: take the others from scopes, and \
                        from the app";
            self.add(Outcome::Warning, "token", text, Some(help));
        } else {
            self.add(Outcome::Ok, "token", text, None);
        }
        if let Credentials::OAuth(oauth) = &settings.credentials
            && oauth.dpop
            && !grant.is_bound
        {
            let text = "Okta gives tokens that are not bound to this client".to_owned();
            let help = "require DPoP in the app, under General Settings";
            self.add(Outcome::Warning, "token", text, Some(help));
        }
    }

    fn log(&mut self, settings: &Settings) {
        let text = match settings.credentials {
            Credentials::OAuth(_) => "can be read".to_owned(),
            Credentials::Token(_) => {
                "can be read; an API token may do all that the admin may who made it".to_owned()
            }
        };
        self.add(Outcome::Ok, "log", text, None);
    }

    fn age(&mut self, settings: &Settings, surroundings: &Surroundings) {
        let chosen = settings.filter.is_some() || settings.q.is_some();
        let which = if chosen { " that filter and q let through" } else { "" };
        let Some(newest) = self.newest else {
            let text = format!("none in seven days{which}");
            let help = if chosen {
                "look whether filter and q say what is meant"
            } else {
                "look whether this is the right organisation, and the right credential"
            };
            return self.add(Outcome::Warning, "events", text, Some(help));
        };
        let now = surroundings.now.as_millisecond() + self.skew_ms.unwrap_or(0);
        let age = span(now - newest.as_millisecond());
        self.add(Outcome::Ok, "events", format!("the newest{which} is {age} old"), None);
    }

    fn limit(&mut self, settings: &Settings, surroundings: &Surroundings) {
        let Some(RateLimit { limit, remaining, reset }) = self.rate_limit else { return };
        let wait = span(reset.as_millisecond() - surroundings.now.as_millisecond());
        let text = format!("{remaining} of {limit} requests are left, all again in {wait}");
        let used = u64::from(limit.saturating_sub(remaining)) * 100;
        let share = settings.ratelimit_share;
        if used >= u64::from(limit) * u64::from(share) {
            let help = format!(
                "others use more than the share of {share} percent, beyond which Wardgate waits: \
                 have a higher limit, or a higher ratelimit_share"
            );
            return self.add(Outcome::Warning, "rate limit", text, Some(&help));
        }
        self.add(Outcome::Ok, "rate limit", text, None);
    }

    fn clock(&mut self) {
        let Some(skew) = self.skew_ms else { return };
        if skew.unsigned_abs() <= SKEWED {
            let text = "agrees with Okta's, as far as headers tell".to_owned();
            return self.add(Outcome::Ok, "clock", text, None);
        }
        let direction = if skew > 0 { "behind" } else { "ahead of" };
        let text = format!("{} {direction} Okta's", span(skew.saturating_abs()));
        let help = "set this machine's clock, best by NTP: requests make up for it, times of \
                    arrival do not";
        self.add(Outcome::Warning, "clock", text, Some(help));
    }

    fn trouble(
        &mut self,
        about: &'static str,
        trouble: &Trouble,
        settings: &Settings,
        surroundings: &Surroundings,
    ) {
        let help = advice(trouble, settings, surroundings);
        self.add(Outcome::Failed, about, trouble.to_string(), Some(help));
    }
}

/// What to do about a request that came to nothing.
fn advice(trouble: &Trouble, settings: &Settings, surroundings: &Surroundings) -> &'static str {
    match trouble {
        Trouble::Credential(_) => {
            "put the secret where the configuration says, readable for the user that runs Wardgate"
        }
        Trouble::Network { kind, .. } => network(*kind, surroundings.proxy.is_some()),
        Trouble::RateLimited { .. } => {
            "the organisation's limit is used up by everything in it: wait a minute, and see \
             Reports > Rate Limits in the admin console"
        }
        Trouble::Api(error) => api(error, settings),
        Trouble::Token(error) => token(error),
        Trouble::TooLong(_) | Trouble::Page(_) => {
            "something else than Okta has answered: check base_url, and whether a proxy or a \
             sign-in page stands in between"
        }
        Trouble::NoNextLink | Trouble::NextLink(_) => {
            "check whether a proxy in between changes headers"
        }
    }
}

fn network(kind: Network, has_proxy: bool) -> &'static str {
    match (kind, has_proxy) {
        (Network::Dns, false) => {
            "check the host in base_url and this machine's DNS; where names are only known to a \
             proxy, set HTTPS_PROXY"
        }
        (Network::Dns, true) => "check the host in base_url, and that of the proxy",
        (Network::Connect, false) => {
            "check that this machine may connect to port 443 of the host, and set HTTPS_PROXY \
             where a proxy is needed"
        }
        (Network::Connect, true) => {
            "check that the proxy is there and lets this host through; NO_PROXY excepts hosts"
        }
        (Network::Tls, _) => {
            "where a proxy opens TLS, name its certificate in ca_file; otherwise check the \
             system's certificates and this machine's clock"
        }
        (Network::Timeout, _) => {
            "check whether a firewall swallows the connection; a larger timeout helps where \
             answers are slow"
        }
        (Network::Broken, _) => "try again; when it lasts, something in between breaks connections",
    }
}

fn api(error: &ApiError, settings: &Settings) -> &'static str {
    let is_token = matches!(settings.credentials, Credentials::Token(_));
    match error.status {
        401 if is_token => {
            "the API token is wrong, revoked, or expired after 30 days without use: make a new \
             one in Security > API > Tokens"
        }
        401 => "Okta does not take its own token: check base_url, and the app's DPoP setting",
        403 if is_token => {
            "the admin who made the API token must be able to see the System Log: the role \
             Read-only Administrator is enough"
        }
        403 => {
            "grant okta.logs.read to the app, and give the app a role that may see the System \
             Log, such as Read-only Administrator"
        }
        400 if settings.filter.is_some() || settings.q.is_some() => {
            "check filter and q: this is Okta's word on them"
        }
        300..400 => "set base_url to the organisation's own address: redirects are not followed",
        404 => "check base_url: there is no Okta organisation at this address",
        500.. => "Okta has a problem of its own: see status.okta.com, and try again",
        _ => "check base_url; Okta's support asks for the request id",
    }
}

fn token(error: &ApiError) -> &'static str {
    match error.code.as_deref() {
        Some("invalid_client") => {
            "check client_id, that the app is active and signs in by public key, and that the \
             public part of the key is in the app, with the same key_id"
        }
        Some("invalid_scope") => "grant okta.logs.read to the app, under Okta API Scopes",
        Some("invalid_dpop_proof" | "use_dpop_nonce") => {
            "the app requires DPoP: set dpop = true, and check this machine's clock"
        }
        Some("unauthorized_client" | "unsupported_grant_type") => {
            "the app must be an API Services app, which may use client credentials"
        }
        Some("access_denied") => "give the app an admin role, such as Read-only Administrator",
        _ if error.status == 404 => "check base_url: there is no Okta organisation at this address",
        _ if error.status >= 500 => {
            "Okta has a problem of its own: see status.okta.com, and try again"
        }
        _ => "check base_url, client_id and the key",
    }
}

/// A span of time in its largest unit.
fn span(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
