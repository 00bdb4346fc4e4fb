//! Where, through what and how things happen.

use crate::org::agents::UserAgent;
use crate::org::{Device, Origin};
use crate::rng::Rng;
use crate::text::Text;

/// `debugData.behaviors`: which of them are `POSITIVE`, a bit each, in the order of [`BEHAVIOURS`].
pub(crate) mod behaviour {
    pub(crate) const GEO_LOCATION: u8 = 1;
    pub(crate) const DEVICE: u8 = 2;
    pub(crate) const IP: u8 = 4;
    pub(crate) const STATE: u8 = 8;
    pub(crate) const COUNTRY: u8 = 16;
    pub(crate) const VELOCITY: u8 = 32;
    pub(crate) const CITY: u8 = 64;
    /// Somebody else, somewhere else.
    pub(crate) const STRANGER: u8 = GEO_LOCATION | DEVICE | IP | STATE | COUNTRY | VELOCITY | CITY;
}

pub(super) static BEHAVIOURS: [&str; 7] = [
    "New Geo-Location",
    "New Device",
    "New IP",
    "New State",
    "New Country",
    "Velocity",
    "New City",
];

/// Where and through what something was done: what the events of one request, one sign-in or one
/// session have in common.
#[derive(Clone, Debug)]
pub(crate) struct Scene<'o> {
    pub(crate) agent: Option<&'o UserAgent>,
    /// The addresses from the client's to Okta's edge. Nothing for what Okta does by itself.
    pub(crate) hops: [Option<&'o Origin>; 3],
    /// The device Okta Verify vouches for.
    pub(crate) device: Option<&'o Device>,
    pub(crate) fingerprint: Option<Text>,
    pub(crate) client_id: Option<Text>,
    pub(crate) zone: &'o str,
    pub(crate) session: Option<Text>,
    pub(crate) transaction: Text,
    pub(crate) is_job: bool,
    pub(crate) api_token: Option<Text>,
    pub(crate) risk: Risk,
    /// Bits of [`behaviour`].
    pub(crate) behaviours: u8,
    /// What `dtHash` is computed from: the browser's device token.
    pub(crate) device_token: u64,
    pub(crate) form: Form,
}

impl<'o> Scene<'o> {
    /// A background job of Okta's.
    pub(crate) fn job(transaction: Text) -> Scene<'o> {
        Scene {
            agent: None,
            hops: [None; 3],
            device: None,
            fingerprint: None,
            client_id: None,
            zone: "null",
            session: None,
            transaction,
            is_job: true,
            api_token: None,
            risk: Risk::Low,
            behaviours: 0,
            device_token: 0,
            form: Form::Usual,
        }
    }

    /// Whether the behaviour number `bit` of [`BEHAVIOURS`] is new.
    pub(super) fn is_positive(&self, bit: usize) -> bool {
        self.behaviours & (1 << bit) != 0
    }

    /// A request from `origin` by `agent`, outside any session.
    pub(crate) fn request(
        origin: &'o Origin,
        agent: &'o UserAgent,
        transaction: Text,
    ) -> Scene<'o> {
        Scene {
            agent: Some(agent),
            hops: [Some(origin), None, None],
            is_job: false,
            ..Scene::job(transaction)
        }
    }
}

/// How much an event says. Okta's own vary: by engine, by endpoint, by what the client sends along.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Nothing of the address but itself, and no member without a value.
    Bare,
    /// No member without a value, little debug data: the form of the older endpoints.
    Classic,
    /// Every member, `null` without a value.
    Usual,
    /// With the signals of the device and all debug data.
    Full,
}

impl Form {
    /// The form of a request by a person.
    pub(crate) fn of_person(rng: &mut Rng) -> Form {
        match rng.below(100) {
            0..30 => Form::Bare,
            30..80 => Form::Classic,
            80..98 => Form::Usual,
            _ => Form::Full,
        }
    }

    /// The form of a request by a program, or of a job.
    pub(crate) fn of_machine(rng: &mut Rng) -> Form {
        if rng.chance(750) { Form::Classic } else { Form::Usual }
    }
}

/// The level of `debugData.risk`, with the usual reasons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    pub(super) fn level(self) -> &'static str {
        match self {
            Risk::Low => "LOW",
            Risk::Medium => "MEDIUM",
            Risk::High => "HIGH",
        }
    }

    pub(super) fn reasons(self) -> &'static str {
        match self {
            Risk::Low => "",
            Risk::Medium => "Anomalous Device",
            Risk::High => "Anomalous Location, Anomalous Device, Suspected Threat",
        }
    }
}
