//! Indicators and the feeds they come from.

use std::borrow::Cow;
use std::fmt;

use ecs::Timestamp;

use crate::value::Value;

/// How far an indicator may be passed on (the Traffic Light Protocol, 1.0 and 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// `WHITE`, and `CLEAR` of 2.0.
    Clear,
    /// `GREEN`
    Green,
    /// `AMBER`
    Amber,
    /// `AMBER+STRICT`
    AmberStrict,
    /// `RED`
    Red,
}

impl Tlp {
    /// The marking with a name, `tlp:` before it or not, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("tlp:").unwrap_or(&name);
        Some(match name {
            "clear" | "white" => Self::Clear,
            "green" => Self::Green,
            "amber" => Self::Amber,
            "amber+strict" => Self::AmberStrict,
            "red" => Self::Red,
            _ => return None,
        })
    }

    /// The marking whose STIX definition has an id.
    #[must_use]
    pub fn from_marking(id: &str) -> Option<Self> {
        Some(match id.strip_prefix("marking-definition--")? {
            "613f2e26-407d-48c7-9eca-b8e91df99dc9" | "94868c89-83c2-464b-929b-a1a8aa3c8487" => {
                Self::Clear
            }
            "34098fce-860f-48ae-8e50-ebd3cc5e41da" | "bab4a63c-aed9-4cf5-a766-dfca5abac2bb" => {
                Self::Green
            }
            "f88d31f6-486f-44da-b317-01333bde0b82" | "55d920b0-5e8b-4f79-9ee9-91f868d9b421" => {
                Self::Amber
            }
            "939a9414-2ddd-4d32-a0cd-375ea402b003" => Self::AmberStrict,
            "5e57c739-391a-4eb3-b6be-7d15ca92d5ed" | "e828b379-4e03-4974-9ac4-e53a884c97c1" => {
                Self::Red
            }
            _ => return None,
        })
    }

    /// Its name in ECS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where indicators come from, and what is made of what they do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Its name.
    pub name: String,
    /// The confidence of indicators that have none, 0 to 100.
    pub confidence: Option<u8>,
    /// Indicators below this confidence are left out.
    pub min_confidence: u8,
    /// The marking of indicators that have none.
    pub tlp: Option<Tlp>,
    /// Indicators that may be passed on less far than this are left out.
    pub max_tlp: Option<Tlp>,
    /// Only indicators with one of these labels; all when there are none.
    pub labels: Vec<String>,
    /// For how many milliseconds an indicator holds that has no end: from its beginning on, or
    /// from `read_at` where it has none.
    pub expiry: Option<i64>,
    /// When the feed is read.
    pub read_at: Option<Timestamp>,
}

impl Feed {
    /// A feed that adds nothing of its own.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Fills in what an indicator does not say. `false`: the feed leaves it out.
    pub(crate) fn complete(&self, indicator: &mut Indicator) -> bool {
        indicator.feed.clone_from(&self.name);
        indicator.confidence = indicator.confidence.or(self.confidence);
        indicator.tlp = indicator.tlp.or(self.tlp);
        if indicator.valid_until.is_none()
            && let (Some(from), Some(expiry)) = (indicator.valid_from.or(self.read_at), self.expiry)
        {
            indicator.valid_until = Some(Timestamp(from.0.saturating_add(expiry)));
        }
        if indicator.revoked {
            return true;
        }
        let is_wanted =
            |label: &String| self.labels.iter().any(|wanted| wanted.eq_ignore_ascii_case(label));
        let has_label = self.labels.is_empty() || indicator.labels.iter().any(is_wanted);
        let is_open = self.max_tlp.is_none_or(|most| indicator.tlp.is_none_or(|tlp| tlp <= most));
        has_label && is_open && indicator.confidence.unwrap_or(100) >= self.min_confidence
    }
}

/// Something that attackers were seen with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Its id in the feed, such as `indicator--…`; empty where it has none.
    pub id: String,
    /// The name of the feed.
    pub feed: String,
    /// What to look for: any of these, each with everything in it.
    pub any: Vec<Part>,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when, that instant left out.
    pub valid_until: Option<Timestamp>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// How sure the feed is, 0 to 100.
    pub confidence: Option<u8>,
    /// How far it may be passed on.
    pub tlp: Option<Tlp>,
    /// What it indicates: labels and indicator types.
    pub labels: Vec<String>,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Whether victims talk to it, so that nobody signs in from there.
    pub command_and_control: bool,
    /// When this version of it was written.
    pub modified: Option<Timestamp>,
}

impl Indicator {
    /// An indicator of which nothing is known but what it looks for.
    #[must_use]
    pub const fn new(any: Vec<Part>) -> Self {
        Self {
            id: String::new(),
            feed: String::new(),
            any,
            valid_from: None,
            valid_until: None,
            revoked: false,
            confidence: None,
            tlp: None,
            labels: Vec::new(),
            name: String::new(),
            description: String::new(),
            command_and_control: false,
            modified: None,
        }
    }

    /// Its name and description together.
    #[must_use]
    pub fn about(&self) -> Cow<'_, str> {
        match (self.name.is_empty(), self.description.is_empty()) {
            (false, false) => Cow::Owned(format!("{}: {}", self.name, self.description)),
            (false, true) => Cow::Borrowed(&self.name),
            _ => Cow::Borrowed(&self.description),
        }
    }
}

/// Values that an event must all have.
pub type Part = Vec<Value>;

/// Parts as bytes, to be kept: for each its number of values, and for each value its kind, the
/// length of its key, and the key.
#[must_use]
pub fn pack(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    for part in parts.iter().filter(|part| !part.is_empty()) {
        bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        for value in part.iter().take(usize::from(u8::MAX)) {
            bytes.push(value.kind() as u8);
            let length = u16::try_from(value.key().len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend(value.key().iter().take(usize::from(length)));
        }
    }
    bytes
}

/// Parts from their bytes; `None` when they make no sense.
#[must_use]
pub fn unpack(mut bytes: &[u8]) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some((count, rest)) = bytes.split_first() {
        bytes = rest;
        let mut part = Vec::with_capacity(usize::from(*count));
        for _ in 0..*count {
            let (header, rest) = bytes.split_first_chunk::<3>()?;
            let [kind, low, high] = *header;
            let length = usize::from(u16::from_le_bytes([low, high]));
            let (key, rest) = rest.split_at_checked(length)?;
            part.push(Value::unpack(kind, key)?);
            bytes = rest;
        }
        parts.push(part);
    }
    Some(parts)
}
