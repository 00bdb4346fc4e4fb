//! What really happened: which events belong to which attack.

use crate::attacks::Attack;
use crate::attacks::Step;
use crate::clock;
use crate::json::{self, Object};
use crate::org::User;
use crate::stage::Pending;
use crate::stories::Story;

/// Who took part in an attack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    pub(crate) actors: Vec<String>,
    pub(crate) victims: Vec<String>,
    /// Id and login of whom it is about; attacks have none.
    pub(crate) principal: Option<[String; 2]>,
}

impl Cast {
    pub(crate) fn new(actors: &[&str], victims: &[&str]) -> Cast {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Cast { actors: own(actors), victims: own(victims), principal: None }
    }

    /// A cast whose account in the middle is `user`'s.
    pub(crate) fn of(user: &User, actors: &[&str], victims: &[&str]) -> Cast {
        Cast::with([user.id.as_str(), &user.login], actors, victims)
    }

    /// A cast with the account in the middle as id and login.
    pub(crate) fn with(principal: [&str; 2], actors: &[&str], victims: &[&str]) -> Cast {
        Cast { principal: Some(principal.map(str::to_owned)), ..Cast::new(actors, victims) }
    }
}

/// What a truth is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    Attack(Attack),
    /// A story, with the seed of the scenario and how many times it was told before.
    Story(Story, u64, u64),
}

impl What {
    fn path(self) -> &'static [Step] {
        match self {
            What::Attack(attack) => attack.path(),
            What::Story(story, ..) => story.path(),
        }
    }
}

/// One attack, or one story, as it happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Truth {
    what: What,
    principal: Option<[String; 2]>,
    actors: Vec<String>,
    victims: Vec<String>,
    first: i64,
    last: i64,
    events: Vec<String>,
}

impl Truth {
    pub(crate) fn new(what: What, cast: Cast, events: &[Pending]) -> Truth {
        Truth {
            what,
            principal: cast.principal,
            actors: cast.actors,
            victims: cast.victims,
            first: events.first().map_or(0, |event| event.at),
            last: events.last().map_or(0, |event| event.at),
            events: events.iter().map(|event| event.uuid.to_string()).collect(),
        }
    }

    /// Which attack it is, unless it is a story.
    pub fn attack(&self) -> Option<Attack> {
        match self.what {
            What::Attack(attack) => Some(attack),
            What::Story(..) => None,
        }
    }

    /// Which story it is, unless it is an attack.
    pub fn story(&self) -> Option<Story> {
        match self.what {
            What::Attack(_) => None,
            What::Story(story, ..) => Some(story),
        }
    }

    /// Id and login of the account a story is about.
    pub fn principal(&self) -> Option<(&str, &str)> {
        self.principal.as_ref().map(|[id, login]| (id.as_str(), login.as_str()))
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
    /// In place of `attack` a story has `story`, `seed`, `number` and `principal`.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(256 + self.events.len() * 40);
        let mut line = Object::open(&mut out, true);
        match self.what {
            What::Attack(attack) => line.text("attack", attack.name()),
            What::Story(story, seed, number) => {
                line.text("story", story.name());
                line.number("seed", seed);
                line.number("number", number);
            }
        }
        if let Some((id, login)) = self.principal() {
            let mut object = Object::open(line.key("principal"), true);
            object.text("id", id);
            object.text("login", login);
            object.close();
        }
        let path = line.key("path");
        path.push(b'[');
        for (number, step) in self.what.path().iter().enumerate() {
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
