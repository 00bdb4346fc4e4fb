//! `wardgate simulate --listen`: the organisation on a port.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use sim::Scenario;
use sim_server::{
    Backlog, FaultKind, Faults, Hook, Late, Live, OauthClient, Options, PublicKey, Server, Tls,
};

use crate::cli::DONE;
use crate::term::say::say;

/// Ordinary events a second of an organisation of which nothing else is said.
const RATE: f64 = 10.0;
/// No backlog is older than this unless its start is said: what is older can't be read.
const MOST_DAYS: u32 = 85;

/// How the organisation is served.
#[derive(Debug, Args)]
#[command(next_help_heading = "Serving")]
pub(super) struct ServeArgs {
    /// Serve the organisation's System Log API here until stopped, instead of writing its log. Port
    /// 0 takes any.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["out", "truth"])]
    pub(super) listen: Option<SocketAddr>,
    /// Events a second that go on happening. Default: 10, or none with --events or --backlog.
    #[arg(long, value_name = "N", requires = "listen")]
    rate: Option<f64>,
    /// How often somebody attacks, such as 30s or 5m. Default: never.
    #[arg(long, value_name = "TIME", requires = "listen", value_parser = duration)]
    attack_every: Option<Duration>,
    /// Serve these events, one in a line, as what has happened before.
    #[arg(long, value_name = "FILE", requires = "listen", conflicts_with = "events")]
    backlog: Option<PathBuf>,
    /// An API token that may read the log (repeatable). Default: a new one, which is told.
    #[arg(long = "token", value_name = "TOKEN", requires = "listen")]
    tokens: Vec<String>,
    /// Requests a minute that the log takes; 0 for any number.
    #[arg(long, value_name = "N", default_value_t = 60, requires = "listen")]
    rate_limit: u32,
    /// What goes wrong on purpose, and how often (repeatable): reset:0.02, hang=5:0.01, or 500@3 for
    /// the third request. See --list-faults.
    #[arg(long = "fault", value_name = "FAULT:RATE", requires = "listen")]
    faults: Vec<String>,
    /// What goes wrong as a JSON file: {"seed": 7, "rates": {"500": 0.05}, "script": {"3": "reset"}}.
    #[arg(long, value_name = "FILE", requires = "listen")]
    fault_script: Option<PathBuf>,
    /// Chooses the requests that go wrong.
    #[arg(long, value_name = "S", requires = "listen")]
    fault_seed: Option<u64>,
    /// List the faults and end.
    #[arg(long)]
    pub(super) list_faults: bool,
    /// Serve HTTPS, with a certificate of an authority of its own.
    #[arg(long, value_name = "CERTIFICATE", requires = "listen", num_args = 0..=1,
        default_missing_value = "good", require_equals = true, value_enum)]
    tls: Option<Certificate>,
    /// Where to write the authority's certificate (PEM), for clients to trust.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// A service app that may ask for access tokens, and its public key as a JWK file (repeatable).
    #[arg(long = "oauth-client", value_name = "ID=FILE", requires = "listen")]
    oauth_clients: Vec<String>,
    /// Give service apps plain bearer tokens, not bound by DPoP.
    #[arg(long, requires = "oauth_clients")]
    bearer: bool,
    /// Push events to this event hook (repeatable), a URL of HTTP.
    #[arg(long = "hook", value_name = "URL", requires = "listen")]
    hooks: Vec<String>,
    /// The value of the authorization header that event hooks are sent.
    #[arg(
        long,
        value_name = "VALUE",
        requires = "hooks",
        default_value = "simulated",
        env = "WARDGATE_SIMULATED_HOOK"
    )]
    hook_authorization: String,
    /// Push everything twice, as may happen with delivery at least once.
    #[arg(long, requires = "hooks")]
    hook_twice: bool,
    /// How many of a thousand events are persisted late, by up to a minute.
    #[arg(long, value_name = "N", requires = "listen", default_value_t = 20)]
    late: u32,
    /// How far the organisation's clock is ahead, such as 5m or -2h.
    #[arg(long, value_name = "TIME", requires = "listen", allow_hyphen_values = true)]
    clock_ahead: Option<jiff::SignedDuration>,
    /// About how many events to keep at most. Default: all.
    #[arg(long, value_name = "N", requires = "listen")]
    keep: Option<u64>,
    /// Serve so many organisations, each on a port of its own.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "listen")]
    orgs: u16,
    /// Listen even where other machines can reach it.
    #[arg(long, requires = "listen")]
    expose: bool,
    /// How to tell the address and the token.
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "listen")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Certificate {
    /// One that fits.
    Good,
    /// One for another host.
    WrongName,
    /// One that expired years ago.
    Expired,
}

/// Lists the faults.
pub(super) fn list_faults() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for kind in FaultKind::ALL {
        let amount = match kind.default_amount() {
            0 => String::new(),
            amount => format!("={amount}"),
        };
        writeln!(out, "{:<16}{}", format!("{}{amount}", kind.name()), kind.description())?;
    }
    Ok(())
}

fn faults(args: &ServeArgs) -> Result<Faults> {
    let mut faults = match &args.fault_script {
        None => Faults::default(),
        Some(path) => {
            let cannot = || format!("cannot read {}", path.display());
            let text = std::fs::read_to_string(path).with_context(cannot)?;
            serde_json::from_str(&text).with_context(cannot)?
        }
    };
    for fault in &args.faults {
        faults.add(fault).context("--fault")?;
    }
    faults.seed = args.fault_seed.unwrap_or(faults.seed);
    Ok(faults)
}

fn oauth_clients(args: &ServeArgs) -> Result<Vec<OauthClient>> {
    let clients = args.oauth_clients.iter().map(|text| {
        let (id, path) = text.split_once('=').context("--oauth-client: expected ID=FILE")?;
        let cannot = || format!("cannot read {path}");
        let jwk = std::fs::read_to_string(path).with_context(cannot)?;
        let key = PublicKey::from_jwk(&jwk).with_context(cannot)?;
        Ok(OauthClient { dpop: !args.bearer, ..OauthClient::new(id, key) })
    });
    clients.collect()
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<jiff::SignedDuration>().ok();
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
    duration.filter(|it| !it.is_zero()).ok_or_else(|| "not a time such as 30s or 5m".to_owned())
}

/// What is served is the organisation of a scenario.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) scenario: Scenario,
    /// Whether the scenario's events have happened before.
    pub(super) has_backlog: bool,
    /// Whether the scenario's start was said.
    pub(super) has_start: bool,
}

/// Serves until stopped.
pub(super) fn run(args: &ServeArgs, listen: SocketAddr, served: &Served) -> Result<u8> {
    let mut servers = Vec::new();
    for number in 0..args.orgs.max(1) {
        let mut listen = listen;
        if listen.port() > 0 {
            let port = listen.port().checked_add(number);
            listen.set_port(port.context("there are not so many ports, start at a lower one")?);
        }
        let options = options(args, listen, served, number)?;
        servers.push(Server::start(options)?);
    }
    if let Some(path) = &args.ca_out {
        // Each organisation has an authority of its own.
        let certificates: String = servers.iter().filter_map(Server::ca_pem).collect();
        let cannot = || format!("cannot write {}", path.display());
        std::fs::write(path, certificates).with_context(cannot)?;
    }
    tell(args.format, &servers)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(stopped())?;
    let events: u64 = servers.iter().map(Server::events).sum();
    let requests: u64 = servers.iter().map(|server| server.stats().requests).sum();
    say(&format!("{events} events, {requests} requests for them"));
    Ok(DONE)
}

fn options(args: &ServeArgs, listen: SocketAddr, served: &Served, number: u16) -> Result<Options> {
    let mut scenario = served.scenario.clone();
    scenario.seed = scenario.seed.wrapping_add(u64::from(number));
    if !served.has_start {
        scenario.days = Some(scenario.day_count().min(MOST_DAYS));
        let days = Duration::from_secs(86_400) * scenario.day_count();
        scenario.start = jiff::Timestamp::now() - days;
    }
    let rate = args.rate.unwrap_or(match served.has_backlog || args.backlog.is_some() {
        true => 0.0,
        false => RATE,
    });
    if !(0.0..=1e6).contains(&rate) {
        bail!("--rate is not between 0 and 1000000");
    }
    let live = Live {
        rate,
        users: if served.has_backlog {
            scenario.user_count()
        } else {
            scenario.users.unwrap_or(200)
        },
        attack_every: args.attack_every.filter(|_| !scenario.attacks.is_empty()),
        attacks: scenario.attacks.clone(),
        ..Live::default()
    };
    Ok(Options {
        listen,
        expose: args.expose,
        seed: scenario.seed,
        backlog: match &args.backlog {
            Some(path) => Backlog::File(path.clone()),
            None if served.has_backlog => Backlog::Scenario(scenario),
            None => Backlog::None,
        },
        live: Some(live),
        tokens: args.tokens.clone(),
        rate_limit: args.rate_limit,
        faults: faults(args)?,
        tls: match args.tls {
            None => Tls::None,
            Some(Certificate::Good) => Tls::Good,
            Some(Certificate::WrongName) => Tls::WrongName,
            Some(Certificate::Expired) => Tls::Expired,
        },
        oauth_clients: oauth_clients(args)?,
        hooks: args
            .hooks
            .iter()
            .map(|url| Hook {
                twice: args.hook_twice,
                ..Hook::new(url, args.hook_authorization.as_str())
            })
            .collect(),
        late: Late { per_mille: args.late, ..Late::default() },
        clock_ahead_ms: args.clock_ahead.map_or(0, |it| it.as_millis() as i64),
        keep_events: args.keep.unwrap_or(u64::MAX),
        ..Options::default()
    })
}

/// Tells where the organisations are, one in a line.
fn tell(format: Format, servers: &[Server]) -> Result<()> {
    let mut out = io::stdout().lock();
    for server in servers {
        let (url, token, events) = (server.url(), server.token(), server.events());
        match format {
            Format::Text => writeln!(out, "{url} SSWS {token}")?,
            Format::Json => {
                let line = serde_json::json!({"url": url, "token": token, "events": events});
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            result = tokio::signal::ctrl_c() => result,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "30", "0s", "-3s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
