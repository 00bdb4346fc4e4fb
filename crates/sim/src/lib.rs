//! A simulated Okta organisation: the System Log events of its people, machines and attackers, and
//! the truth about which events belong to an attack.
//!
//! A [`Scenario`] says how much, when, with whom and what goes wrong; its [`Simulation`] gives the
//! events one after the other, in the order of `published`; each attack that happens leaves a
//! [`Truth`]. The same scenario gives the same bytes everywhere.
//!
//! ```
//! use sim::Scenario;
//!
//! let (mut events, mut truth) = (Vec::new(), Vec::new());
//! let summary = Scenario::new(2_000, 7).simulate()?.write(&mut events, &mut truth)?;
//!
//! assert_eq!(summary.events, 2_000);
//! assert_eq!(events.iter().filter(|&&byte| byte == b'\n').count(), 2_000);
//! assert!(summary.attacks > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Live`] organisation has no end: it goes on as its time is told, and is attacked on demand.
//!
//! A [`Story`] is an attack of several steps that is told only when asked for, in an organisation
//! with the habits of a [`Profile`]: the ground truth that detection is measured with.
//!
//! Inside, `org` is who there is, `life` what they do hour by hour, `attacks` and `stories` what goes
//! wrong, and `event` how it is written down.

mod attacks;
mod catalogue;
mod clock;
mod event;
mod json;
mod life;
mod live;
mod org;
mod rng;
mod scenario;
mod simulation;
mod stage;
mod stories;
mod text;
mod truth;

pub use attacks::{Attack, Indicators, Step, UnknownAttack};
pub use catalogue::UNLISTED as UNLISTED_EVENT_TYPES;
pub use live::Live;
pub use org::{Profile, UnknownProfile};
pub use scenario::{Scenario, ScenarioError};
pub use simulation::{SimulatedEvent, Simulation, Summary};
pub use stories::{Story, UnknownStory};
pub use truth::Truth;
