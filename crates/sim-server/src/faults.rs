//! What goes wrong on purpose, and when.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! kinds {
    ($($variant:ident $name:literal $amount:literal $place:ident $text:literal;)*) => {
        /// One way in which a request goes wrong.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum FaultKind {
            $(#[doc = $text] $variant,)*
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &[FaultKind] = &[$(FaultKind::$variant),*];

            /// The name, as it stands on the command line.
            pub fn name(self) -> &'static str {
                match self { $(FaultKind::$variant => $name,)* }
            }

            /// What happens, in a line.
            pub fn description(self) -> &'static str {
                match self { $(FaultKind::$variant => $text,)* }
            }

            /// The amount of which the description speaks, unless said.
            pub fn default_amount(self) -> u64 {
                match self { $(FaultKind::$variant => $amount,)* }
            }

            /// What can go wrong in this way.
            pub(crate) fn place(self) -> Place {
                match self { $(FaultKind::$variant => Place::$place,)* }
            }
        }
    };
}

kinds! {
    TooMany "429" 0 Logs "Answers 429 though the limit is not reached, with no requests remaining until the reset, in AMOUNT seconds if there is no limit.";
    RetryAfterSeconds "429-seconds" 1 Logs "Answers 429 with Retry-After: AMOUNT.";
    RetryAfterDate "429-date" 2 Logs "Answers 429 with Retry-After as a date, AMOUNT seconds from now.";
    Internal "500" 0 Logs "Answers 500 with Okta's error body.";
    Unavailable "503" 0 Logs "Answers 503 with HTML, as a load balancer does.";
    Hang "hang" 120 Logs "Answers nothing for AMOUNT seconds, then closes the connection.";
    Drip "drip" 20 Logs "Sends the page in small pieces over AMOUNT seconds.";
    Reset "reset" 0 Logs "Resets the connection in the middle of the page.";
    CutJson "cut-json" 0 Logs "Ends the JSON early, with a content-length that fits and the link to the next page.";
    CutBody "cut-body" 0 Logs "Closes the connection before as many bytes as content-length says.";
    Duplicate "duplicate" 0 Logs "Gives the events of the page before again, and a link that leads to the page asked for.";
    Reorder "reorder" 0 Logs "Gives the events of the page in another order.";
    BadEvent "bad-event" 0 Logs "Puts something into the page that is no event, but ends where an event would.";
    CutEvent "cut-event" 0 Logs "Puts half an event into the page.";
    Html "html" 0 Logs "Answers 200 with a page of HTML.";
    Stale "stale" 0 Logs "Refuses the after of the request with 400, and ever after.";
    ForeignNext "foreign-next" 0 Logs "Lets the next link lead to another host.";
    Clock "clock" 3600 Logs "Tells a date that is AMOUNT seconds ahead.";
    Huge "huge" 64 Logs "Sends an array of one event of AMOUNT megabytes, and no links.";
    Tls "tls" 0 Connections "Fails the TLS handshake; without TLS, resets the connection before it says anything.";
    Token "token" 0 Tokens "Answers a request for an access token with 500.";
    Revoked "revoked" 0 Logs "Answers 401 though the token is right.";
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// A permitted request to `/api/v1/logs`.
    Logs,
    /// A connection.
    Connections,
    /// A request for an access token.
    Tokens,
}

/// A kind of fault and how much of it: written `kind` or `kind=amount`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// What [`FaultKind::description`] calls the amount.
    pub amount: u64,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Fault {
        Fault { kind, amount: kind.default_amount() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.amount == self.kind.default_amount() {
            true => f.write_str(self.kind.name()),
            false => write!(f, "{}={}", self.kind.name(), self.amount),
        }
    }
}

/// A text that is no fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not of the form KIND[=AMOUNT]:RATE or KIND[=AMOUNT]@NUMBER", self.0)?;
        f.write_str(", with a rate from 0 to 1 and one of the kinds")?;
        FaultKind::ALL.iter().try_for_each(|kind| write!(f, " {}", kind.name()))
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Fault, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, amount) = match text.split_once('=') {
            Some((name, amount)) => (name, Some(amount.parse().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let kind = FaultKind::ALL.iter().find(|kind| kind.name() == name).ok_or_else(unknown)?;
        Ok(Fault { kind: *kind, amount: amount.unwrap_or(kind.default_amount()) })
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which faults happen: by chance, and at certain requests.
///
/// As JSON `{"seed": 7, "rates": {"500": 0.05, "hang=5": 0.01}, "script": {"3": "reset"}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Chooses the requests.
    pub seed: u64,
    /// How likely each fault is, from 0 to 1. No request has two.
    pub rates: BTreeMap<Fault, f64>,
    /// The faults of the first request, 1, and of others. Requests to the log, connections and
    /// requests for access tokens each have their own numbers.
    pub script: BTreeMap<u64, Fault>,
}

impl Faults {
    /// Adds what `text` says: `reset:0.02`, `hang=5:0.01`, or `429@3`, which is the third request.
    ///
    /// # Errors
    ///
    /// When it says something else.
    pub fn add(&mut self, text: &str) -> Result<(), UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        if let Some((fault, number)) = text.split_once('@') {
            let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(unknown)?;
            self.script.insert(number, fault.parse().map_err(|_| unknown())?);
            return Ok(());
        }
        let (fault, rate) = text.split_once(':').ok_or_else(unknown)?;
        let rate = rate.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
        self.rates.insert(fault.parse().map_err(|_| unknown())?, rate.ok_or_else(unknown)?);
        Ok(())
    }
}

/// Decides what goes wrong.
#[derive(Debug)]
pub(crate) struct Fate {
    faults: Faults,
    rng: Pcg64,
    logs: u64,
    connections: u64,
    tokens: u64,
}

impl Fate {
    pub(crate) fn new(faults: Faults) -> Fate {
        let rng = Pcg64::new(u128::from(faults.seed), 0xfa17);
        Fate { faults, rng, logs: 0, connections: 0, tokens: 0 }
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What goes wrong next at `place`, if anything does.
    pub(crate) fn next(&mut self, place: Place) -> Option<Fault> {
        let count = match place {
            Place::Logs => &mut self.logs,
            Place::Connections => &mut self.connections,
            Place::Tokens => &mut self.tokens,
        };
        *count += 1;
        let scripted = self.faults.script.get(count).copied();
        let here = |fault: &Fault| fault.kind.place() == place;
        if let Some(fault) = scripted.filter(here) {
            return Some(fault);
        }
        let mut draw = (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        for (fault, rate) in self.faults.rates.iter().filter(|(fault, _)| here(fault)) {
            if draw < *rate {
                return Some(*fault);
            }
            draw -= rate;
        }
        None
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound.max(1) as u64) as usize
    }
}

impl Fault {
    pub(crate) fn seconds(self) -> Duration {
        Duration::from_secs(self.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_written() {
        let mut faults = Faults { seed: 7, ..Faults::default() };
        for text in ["500:0.05", "hang=5:0.01", "reset@3", "429-seconds=9@4"] {
            faults.add(text).unwrap();
        }
        let json = r#"{"seed":7,"rates":{"500":0.05,"hang=5":0.01},"script":{"3":"reset","4":"429-seconds=9"}}"#;
        assert_eq!(serde_json::to_string(&faults).unwrap(), json);
        assert_eq!(serde_json::from_str::<Faults>(json).unwrap(), faults);
        for text in ["500", "500:2", "500:-1", "500:x", "teapot:0.1", "500@0", "hang=x:0.1", ""] {
            let error = faults.add(text).unwrap_err().to_string();
            assert!(error.contains("cut-json"), "{error}");
        }
        assert!(serde_json::from_str::<Faults>(r#"{"rates":{"teapot":1}}"#).is_err());
    }

    #[test]
    fn rates_are_kept_and_the_same_seed_chooses_the_same() {
        let mut faults = Faults { seed: 3, ..Faults::default() };
        for text in ["500:0.1", "reset:0.2", "tls:0.5", "html@7"] {
            faults.add(text).unwrap();
        }
        let run = || -> Vec<Option<Fault>> {
            let mut fate = Fate::new(faults.clone());
            (0..10_000).map(|_| fate.next(Place::Logs)).collect()
        };
        let first = run();
        assert_eq!(first, run());
        assert_eq!(first[6], Some(FaultKind::Html.into()));
        let count = |kind| first.iter().filter(|it| **it == Some(Fault::from(kind))).count();
        assert!((900..1_100).contains(&count(FaultKind::Internal)));
        assert!((1_850..2_150).contains(&count(FaultKind::Reset)));
        assert_eq!(count(FaultKind::Tls), 0);
    }
}
