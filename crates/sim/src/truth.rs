//! What really happened: which events belong to which attack.

use crate::attacks::Attack;
use crate::clock;
use crate::json::{self, Object};
use crate::stage::Pending;

/// Who took part in an attack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    pub(crate) actors: Vec<String>,
    pub(crate) victims: Vec<String>,
}

impl Cast {
    pub(crate) fn new(actors: &[&str], victims: &[&str]) -> Cast {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Cast { actors: own(actors), victims: own(victims) }
    }
}

/// One attack as it happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Truth {
    attack: Attack,
    actors: Vec<String>,
    victims: Vec<String>,
    first: i64,
    last: i64,
    events: Vec<String>,
}

impl Truth {
    pub(crate) fn new(attack: Attack, cast: Cast, events: &[Pending]) -> Truth {
        Truth {
            attack,
            actors: cast.actors,
            victims: cast.victims,
            first: events.first().map_or(0, |event| event.at),
            last: events.last().map_or(0, |event| event.at),
            events: events.iter().map(|event| event.uuid.to_string()).collect(),
        }
    }

    /// Which attack it is.
    pub fn attack(&self) -> Attack {
        self.attack
    }

    /// Ids of the accounts, or addresses where there is no account, that it was done from.
    pub fn actors(&self) -> &[String] {
        &self.actors
    }

    /// Ids of the accounts and things it was done to.
    pub fn victims(&self) -> &[String] {
        &self.victims
    }

    /// The times of the first and the last event, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn span_ms(&self) -> (i64, i64) {
        (self.first, self.last)
    }

    /// The uuids of its events, in order.
    pub fn events(&self) -> &[String] {
        &self.events
    }

    /// One line of the truth file: an object with `attack`, `path` (ATT&CK tactics and techniques in
    /// order), `actors`, `victims`, `first`, `last` (both in the form of `published`) and `events`.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(256 + self.events.len() * 40);
        let mut line = Object::open(&mut out, true);
        line.text("attack", self.attack.name());
        let path = line.key("path");
        path.push(b'[');
        for (number, step) in self.attack.path().iter().enumerate() {
            if number > 0 {
                path.push(b',');
            }
            let mut object = Object::open(path, true);
            object.text("tactic", step.tactic);
            object.text("technique", step.technique);
            object.close();
        }
        path.push(b']');
        list(line.key("actors"), &self.actors);
        list(line.key("victims"), &self.victims);
        line.text("first", &clock::format(self.first));
        line.text("last", &clock::format(self.last));
        list(line.key("events"), &self.events);
        line.close();
        String::from_utf8(out).unwrap_or_default()
    }
}

fn list(out: &mut Vec<u8>, items: &[String]) {
    out.push(b'[');
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        json::string(out, item);
    }
    out.push(b']');
}
