//! What life and attacks act on: the organisation, chance, and the queue their events go to.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::event::{Event, Form, Scene};
use crate::org::{Org, User};
use crate::rng::Rng;
use crate::text::Text;

/// An event that is written but not yet due.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) at: i64,
    pub(crate) number: u64,
    /// Part of an attack that the truth tells of, so that it can't be left out.
    pub(crate) promised: bool,
    pub(crate) uuid: Text,
    pub(crate) json: Vec<u8>,
}

impl Ord for Pending {
    /// The earliest is the greatest, since [`BinaryHeap`] gives its greatest first.
    fn cmp(&self, other: &Pending) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Pending) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Pending) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pending {}

/// Events in the order they are due.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Pending>,
    /// Buffers of events that have been handed on, for those to come.
    spare: Vec<Vec<u8>>,
    next_number: u64,
    /// The end of the slice of time that is being filled, and how many events are due before it.
    horizon: i64,
    due: u64,
    due_promised: u64,
    promised: u64,
}

impl Queue {
    /// Starts to count what is due before `horizon`.
    pub(crate) fn set_horizon(&mut self, horizon: i64) {
        self.horizon = horizon;
        let due = self.heap.iter().filter(|pending| pending.at < horizon);
        (self.due, self.due_promised) = due.fold((0, 0), |(due, promised), pending| {
            (due + 1, promised + u64::from(pending.promised))
        });
    }

    /// How many events are due before the horizon.
    pub(crate) fn due(&self) -> u64 {
        self.due
    }

    /// How many events that belong to no attack are due before the horizon.
    pub(crate) fn due_ordinary(&self) -> u64 {
        self.due - self.due_promised
    }

    /// How many waiting events are part of attacks.
    pub(crate) fn promised(&self) -> u64 {
        self.promised
    }

    pub(crate) fn push(&mut self, mut pending: Pending) {
        pending.number = self.next_number;
        self.next_number += 1;
        let is_due = pending.at < self.horizon;
        self.due += u64::from(is_due);
        self.due_promised += u64::from(is_due && pending.promised);
        self.promised += u64::from(pending.promised);
        self.heap.push(pending);
    }

    /// The next event, if one is due before the horizon.
    pub(crate) fn pop(&mut self) -> Option<Pending> {
        if self.heap.peek()?.at >= self.horizon {
            return None;
        }
        let pending = self.heap.pop()?;
        self.due -= 1;
        self.due_promised -= u64::from(pending.promised);
        self.promised -= u64::from(pending.promised);
        Some(pending)
    }

    /// How many events wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.heap.len()
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(2048))
    }

    /// Takes back the buffer of an event that has been handed on.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.spare.push(buffer);
    }
}

/// Where something happens.
pub(crate) struct Stage<'o, 's> {
    pub(crate) org: &'o Org,
    pub(crate) rng: &'s mut Rng,
    queue: &'s mut Queue,
    /// The end of the simulated time: what would happen later is left out.
    end: i64,
    /// What an attack has done so far; ordinary life goes to the queue at once.
    held: Option<Vec<Pending>>,
}

impl<'o, 's> Stage<'o, 's> {
    pub(crate) fn new(org: &'o Org, rng: &'s mut Rng, queue: &'s mut Queue, end: i64) -> Self {
        Stage { org, rng, queue, end, held: None }
    }

    /// A stage that keeps its events until [`Stage::finish`].
    pub(crate) fn held(org: &'o Org, rng: &'s mut Rng, queue: &'s mut Queue, end: i64) -> Self {
        Stage { org, rng, queue, end, held: Some(Vec::new()) }
    }

    /// What was kept, in order of time.
    pub(crate) fn finish(self) -> Vec<Pending> {
        let mut held = self.held.unwrap_or_default();
        held.sort_by_key(|pending| pending.at);
        held
    }

    pub(crate) fn emit(&mut self, event: &Event<'_>) {
        let promised = self.held.is_some();
        if event.at >= self.end && !promised {
            return;
        }
        let uuid = self.rng.uuid();
        let mut json = self.queue.buffer();
        event.write(&mut json, uuid.as_str(), self.org);
        let pending = Pending { at: event.at, number: 0, promised, uuid, json };
        match &mut self.held {
            Some(held) => held.push(pending),
            None => self.queue.push(pending),
        }
    }

    /// A background job of Okta's.
    pub(crate) fn job(&mut self) -> Scene<'static> {
        let transaction = self.transaction();
        Scene { form: Form::of_machine(self.rng), ..Scene::job(transaction) }
    }

    /// A new transaction id in one of Okta's two forms.
    pub(crate) fn transaction(&mut self) -> Text {
        if self.rng.chance(300) { self.rng.id("", 27) } else { self.rng.hex(32) }
    }

    /// A new session id.
    pub(crate) fn session(&mut self) -> Text {
        self.rng.id("102", 25)
    }

    /// The scene of `user` at their first device at `at`, in a new request.
    pub(crate) fn scene_of(&mut self, user: &'o User, at: i64) -> Scene<'o> {
        let transaction = self.transaction();
        let device = user.devices.first();
        let office =
            self.org.offices.get(user.office).filter(|_| user.is_at_office(self.org.seed, at));
        let (origin, zone) = match office {
            Some(office) => (self.rng.pick(&office.egress), office.zone.as_str()),
            None => (user.proxy.as_ref().unwrap_or(&user.home), "null"),
        };
        let mut scene = Scene {
            zone,
            session: Some(self.session()),
            device_token: user.index as u64 * 4 + 1,
            ..Scene::job(transaction)
        };
        scene.is_job = false;
        scene.form = if self.rng.chance(500) { Form::Usual } else { Form::Classic };
        scene.hops = [Some(origin), None, None];
        if let Some(device) = device {
            scene.agent = Some(&device.browser);
            scene.fingerprint = Some(device.fingerprint);
            scene.device = device.registered.then_some(device);
        }
        scene
    }
}
