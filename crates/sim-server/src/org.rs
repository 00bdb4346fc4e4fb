//! The organisation: its log, who may read it, and what it remembers of those who did.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use sim::{Attack, Truth};
use tokio::sync::Notify;

use crate::faults::{Fate, Fault, Faults, Place};
use crate::hooks::{AllHookStats, Hook};
use crate::log::Log;
use crate::oauth::Oauth;
use crate::options::Options;

/// What everything that serves one organisation shares.
pub(crate) struct Org {
    options: Options,
    log: Mutex<Log>,
    attacks: Mutex<Vec<Truth>>,
    asked: Mutex<Vec<Attack>>,
    tokens: Mutex<HashMap<String, Token>>,
    window: Mutex<Window>,
    stats: Mutex<Stats>,
    oauth: Mutex<Oauth>,
    fate: Mutex<Fate>,
    /// The positions of the last page that a client was given.
    last_pages: Mutex<HashMap<String, (u64, u64)>>,
    refused_cursors: Mutex<HashSet<String>>,
    /// Hooks that nobody runs yet.
    new_hooks: Mutex<Vec<Hook>>,
    pub(crate) hook_added: Notify,
    paused: AtomicBool,
    pub(crate) new_events: Notify,
}

impl fmt::Debug for Org {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Org").field("options", &self.options).finish_non_exhaustive()
    }
}

/// An API token.
#[derive(Clone, Debug)]
struct Token {
    /// What it is called in the statistics; the token itself is told nobody.
    label: String,
    may_read: bool,
}

/// Somebody who sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) label: String,
    pub(crate) may_read: bool,
    /// Whether the token is bound by DPoP.
    pub(crate) is_bound: bool,
}

/// The rate limit's current window.
#[derive(Debug, Default)]
struct Window {
    ends: i64,
    used: u32,
}

/// What a response says of the rate limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds since 1970.
    pub(crate) reset: i64,
    pub(crate) exceeded: bool,
}

/// What has been asked and answered so far.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// Requests to `/api/v1/logs`, refused ones included.
    pub requests: u64,
    /// Requests of any kind by the status of the response; 0 where there was none.
    pub statuses: BTreeMap<u16, u64>,
    /// Events in all pages, repeated ones as often as they were sent.
    pub events_sent: u64,
    /// The position after the last event that was ever sent to a polling request.
    pub polled_until: u64,
    /// Faults by name, as often as they happened.
    pub faults: BTreeMap<String, u64>,
    /// For each client (`token 1`, or an OAuth client's id) what it asked of `/api/v1/logs`.
    pub clients: BTreeMap<String, ClientStats>,
    /// What has become of each event hook, by URL.
    pub hooks: AllHookStats,
}

/// What one client asked for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClientStats {
    /// Requests to `/api/v1/logs`.
    pub requests: u64,
    /// The most of them in any window of the rate limit's length, which slides.
    pub most_in_a_window: u64,
    #[serde(skip)]
    recent: VecDeque<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Org {
    pub(crate) fn new(options: Options) -> Org {
        let org = Org {
            log: Mutex::new(Log::new(options.keep_events, options.memory)),
            attacks: Mutex::default(),
            asked: Mutex::default(),
            tokens: Mutex::default(),
            window: Mutex::default(),
            stats: Mutex::default(),
            oauth: Mutex::new(Oauth::new(
                options.oauth_clients.clone(),
                options.access_token_lifetime,
                options.nonce_lifetime,
            )),
            fate: Mutex::new(Fate::new(options.faults.clone())),
            last_pages: Mutex::default(),
            refused_cursors: Mutex::default(),
            new_hooks: Mutex::new(options.hooks.clone()),
            hook_added: Notify::new(),
            paused: AtomicBool::new(false),
            new_events: Notify::new(),
            options,
        };
        for token in &org.options.tokens {
            org.add_token(token, true);
        }
        org
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The time by the organisation's clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (now.as_millis() as i64).saturating_add(self.options.clock_ahead_ms)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    pub(crate) fn has_new_events(&self) {
        self.new_events.notify_waiters();
    }

    pub(crate) fn tell_attacks(&self, attacks: impl IntoIterator<Item = Truth>) {
        lock(&self.attacks).extend(attacks);
    }

    pub(crate) fn attacks(&self) -> Vec<Truth> {
        lock(&self.attacks).clone()
    }

    /// Asks for an attack at the next opportunity.
    pub(crate) fn ask_attack(&self, attack: Attack) {
        lock(&self.asked).push(attack);
    }

    pub(crate) fn asked_attacks(&self) -> Vec<Attack> {
        std::mem::take(&mut lock(&self.asked))
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Lets a token in, or one that may not read the log.
    pub(crate) fn add_token(&self, token: &str, may_read: bool) {
        let mut tokens = lock(&self.tokens);
        let label = match tokens.get(token) {
            Some(known) => known.label.clone(),
            None => format!("token {}", tokens.len() + 1),
        };
        tokens.insert(token.to_owned(), Token { label, may_read });
    }

    /// Takes a token back. False when there was no such one.
    pub(crate) fn revoke_token(&self, token: &str) -> bool {
        lock(&self.tokens).remove(token).is_some()
    }

    pub(crate) fn caller_by_token(&self, token: &str) -> Option<Caller> {
        let tokens = lock(&self.tokens);
        let Token { label, may_read } = tokens.get(token)?.clone();
        Some(Caller { label, may_read, is_bound: false })
    }

    /// Counts a request to the log, and says what is left of the limit; nothing without a limit.
    pub(crate) fn count_request(&self, caller: &Caller) -> Option<Rate> {
        let length = self.options.rate_window;
        let mut stats = self.stats();
        stats.requests += 1;
        let client = stats.clients.entry(caller.label.clone()).or_default();
        client.requests += 1;
        let now = Instant::now();
        client.recent.push_back(now);
        while client.recent.front().is_some_and(|first| now - *first >= length) {
            client.recent.pop_front();
        }
        client.most_in_a_window = client.most_in_a_window.max(client.recent.len() as u64);
        drop(stats);
        let limit = self.options.rate_limit;
        if limit == 0 {
            return None;
        }
        let now = self.now();
        let mut window = lock(&self.window);
        if now >= window.ends {
            *window = Window { ends: now.saturating_add(length.as_millis() as i64), used: 0 };
        }
        window.used = window.used.saturating_add(1);
        Some(Rate {
            limit,
            remaining: limit.saturating_sub(window.used),
            // The second in which the window has surely ended.
            reset: window.ends.div_euclid(1000) + i64::from(window.ends.rem_euclid(1000) > 0),
            exceeded: window.used > limit,
        })
    }

    pub(crate) fn oauth(&self) -> MutexGuard<'_, Oauth> {
        lock(&self.oauth)
    }

    /// What goes wrong next at `place`.
    pub(crate) fn next_fault(&self, place: Place) -> Option<Fault> {
        lock(&self.fate).next(place)
    }

    pub(crate) fn faults(&self) -> Faults {
        lock(&self.fate).faults().clone()
    }

    /// Lets other things go wrong from now on; counts requests anew.
    pub(crate) fn set_faults(&self, faults: Faults) {
        *lock(&self.fate) = Fate::new(faults);
    }

    /// A number below `bound` by chance.
    pub(crate) fn below(&self, bound: usize) -> usize {
        lock(&self.fate).below(bound)
    }

    pub(crate) fn count_fault(&self, fault: Fault) {
        *self.stats().faults.entry(fault.kind.name().to_owned()).or_default() += 1;
    }

    /// Remembers the positions of a page.
    pub(crate) fn turn_page(&self, caller: &Caller, page: (u64, u64)) {
        lock(&self.last_pages).insert(caller.label.clone(), page);
    }

    pub(crate) fn last_page(&self, caller: &Caller) -> Option<(u64, u64)> {
        lock(&self.last_pages).get(&caller.label).copied()
    }

    /// Refuses a cursor for ever.
    pub(crate) fn refuse_cursor(&self, after: &str) {
        let mut refused = lock(&self.refused_cursors);
        if refused.len() < 100_000 {
            refused.insert(after.to_owned());
        }
    }

    pub(crate) fn is_refused(&self, after: &str) -> bool {
        lock(&self.refused_cursors).contains(after)
    }

    pub(crate) fn add_hook(&self, hook: Hook) {
        lock(&self.new_hooks).push(hook);
        self.hook_added.notify_one();
    }

    pub(crate) fn take_new_hooks(&self) -> Vec<Hook> {
        std::mem::take(&mut lock(&self.new_hooks))
    }

    /// Counts a response; status 0 when there is none.
    pub(crate) fn count_response(&self, status: u16) {
        *self.stats().statuses.entry(status).or_default() += 1;
    }
}

/// `length` random letters and digits.
pub(crate) fn random_text(length: usize) -> String {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    let mut bytes = vec![0; length];
    // Nothing here keeps a real secret: without chance the text is poor, but there is one.
    let _ = SystemRandom::new().fill(&mut bytes);
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 63)).copied().unwrap_or(b'0');
    bytes.iter().map(|byte| char::from(letter(byte))).collect()
}
