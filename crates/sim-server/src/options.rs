//! What kind of organisation to serve.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use sim::{Attack, Scenario};

use crate::faults::Faults;
use crate::hooks::Hook;
use crate::oauth::OauthClient;
use crate::tls::Tls;

/// What kind of organisation to serve, and how. Start from [`Options::default`], which has a token,
/// no events and no limits.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Whether to listen where other machines can reach it.
    pub expose: bool,
    /// What has happened before it starts.
    pub backlog: Backlog,
    /// What goes on happening; nothing unless set.
    pub live: Option<Live>,
    /// How events of a [`Backlog::Scenario`] and live ones come out of order.
    pub late: Late,
    /// The API tokens (SSWS) that may read the log. Unless set, one is made by chance.
    pub tokens: Vec<String>,
    /// The service apps that may ask for access tokens.
    pub oauth_clients: Vec<OauthClient>,
    /// For how long an access token is good. An hour, as Okta's.
    pub access_token_lifetime: Duration,
    /// For how long a nonce of DPoP is the newest; the one before it is taken as well.
    pub nonce_lifetime: Duration,
    /// Whether to serve HTTPS.
    pub tls: Tls,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Whom to tell of events.
    pub hooks: Vec<Hook>,
    /// Requests that `/api/v1/logs` takes in a [`rate_window`](Self::rate_window), from everybody
    /// together; 0 for any number, and no rate-limit headers.
    pub rate_limit: u32,
    /// For how long the rate limit counts. A minute, as Okta's.
    pub rate_window: Duration,
    /// For how long events can be read. 90 days, as Okta's.
    pub retention: Duration,
    /// About how many events are kept at most, the newest ones.
    pub keep_events: u64,
    /// How many bytes of events are kept in memory; the others are in a temporary file.
    pub memory: usize,
    /// How much the organisation's clock is ahead of this machine's, in milliseconds: in headers,
    /// live events, tokens and what is too old.
    pub clock_ahead_ms: i64,
    /// Whether both links come in one header, with a comma between.
    pub links_in_one_header: bool,
    /// Chooses everything that is left to chance.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            expose: false,
            backlog: Backlog::None,
            live: None,
            late: Late::default(),
            tokens: Vec::new(),
            oauth_clients: Vec::new(),
            access_token_lifetime: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(3600),
            tls: Tls::None,
            faults: Faults::default(),
            hooks: Vec::new(),
            rate_limit: 0,
            rate_window: Duration::from_secs(60),
            retention: Duration::from_secs(90 * 86_400),
            keep_events: u64::MAX,
            memory: 256 << 20,
            clock_ahead_ms: 0,
            links_in_one_header: false,
            seed: 1,
        }
    }
}

impl fmt::Debug for Options {
    /// Tells no tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("seed", &self.seed)
            .field("live", &self.live)
            .field("tokens", &self.tokens.len())
            .field("rate_limit", &self.rate_limit)
            .field("tls", &self.tls)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// What has happened before the server starts.
#[derive(Clone, Debug)]
pub enum Backlog {
    /// Nothing.
    None,
    /// All of a scenario, persisted in the order of `published` but for [late](Options::late) events.
    Scenario(Scenario),
    /// The lines of a file, persisted in this order. What is no event is served as it stands.
    File(PathBuf),
    /// These texts, likewise.
    Events(Vec<String>),
}

/// An organisation that lives while it is served.
#[derive(Clone, Debug)]
pub struct Live {
    /// Ordinary events a second.
    pub rate: f64,
    /// How many people there are.
    pub users: u32,
    /// How often somebody attacks; never unless set.
    pub attack_every: Option<Duration>,
    /// Which attacks happen, in turn.
    pub attacks: Vec<Attack>,
    /// How long an attack takes at most: a longer one is played faster.
    pub attack_within: Duration,
}

impl Default for Live {
    fn default() -> Live {
        Live {
            rate: 10.0,
            users: 200,
            attack_every: None,
            attacks: Attack::ALL.to_vec(),
            attack_within: Duration::from_secs(20),
        }
    }
}

/// Events that are persisted after others that were published later.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// How many of a thousand events are late.
    pub per_mille: u32,
    /// How late they are at most.
    pub longest: Duration,
}

impl Late {
    /// No event is late.
    pub const NEVER: Late = Late { per_mille: 0, longest: Duration::ZERO };
}

impl Default for Late {
    fn default() -> Late {
        Late { per_mille: 20, longest: Duration::from_secs(60) }
    }
}
