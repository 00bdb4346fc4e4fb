//! The memory of correlations: what is known of each group, and when it is forgotten.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::awaited::Awaited;
use super::burden::Burden;
use super::counted::Counted;
use super::journey::Journey;
use super::known::Known;
use super::usual::Usual;
use super::visitors::Visitors;

/// After how many observations, at the least, it is looked for groups that have had their time.
const SWEEPING: u64 = 50_000;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How much later than a newer event of its group an event may come and still count, in
    /// milliseconds.
    pub lateness: i64,
    /// How much time has to pass behind a deadline before what did not come counts as missing,
    /// in milliseconds: what comes late by less still counts.
    pub patience: i64,
    /// How much memory groups may take, in bytes, as far as it can be told. When it is more,
    /// those that have been idle longest are forgotten.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lateness: 3_600_000, patience: 600_000, bytes: 192 << 20 }
    }
}

/// How much is remembered, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Groups that are remembered.
    pub groups: usize,
    /// What they take, in bytes, as far as it can be told.
    pub bytes: usize,
    /// Groups that were forgotten to make room.
    pub evicted: u64,
    /// Matches that came too late to count.
    pub late: u64,
}

/// What is known of a group, by the type of the correlation.
#[derive(Debug)]
pub(super) enum State {
    Counted(Box<Counted>),
    Known(Box<Known>),
    Journey(Box<Journey>),
    Visitors(Box<Visitors>),
    Awaited(Box<Awaited>),
    Usual(Box<Usual>),
    Burden(Box<Burden>),
}

impl State {
    /// What it takes, in bytes; worked out without a look at each of its parts.
    fn bytes(&self) -> usize {
        match self {
            Self::Counted(state) => state.bytes(),
            Self::Known(state) => state.bytes(),
            Self::Journey(state) => state.bytes(),
            Self::Visitors(state) => state.bytes(),
            Self::Awaited(state) => state.bytes(),
            Self::Usual(state) => state.bytes(),
            Self::Burden(state) => state.bytes(),
        }
    }
}

/// A kind of state, to be found in a [`State`].
pub(super) trait Kind: Default {
    fn wrap(self) -> State;
    fn of(state: &mut State) -> Option<&mut Self>;
}

macro_rules! kinds {
    ($($name:ident),+) => {
        $(impl Kind for $name {
            fn wrap(self) -> State {
                State::$name(Box::new(self))
            }

            fn of(state: &mut State) -> Option<&mut Self> {
                match state {
                    State::$name(state) => Some(state),
                    _ => None,
                }
            }
        })+
    };
}

kinds!(Counted, Known, Journey, Visitors, Awaited, Usual, Burden);

#[derive(Debug)]
struct Slot {
    /// Which observation it had last.
    touched: u64,
    /// The latest time of an event for which the group matters.
    until: i64,
    state: State,
}

/// What a slot of a table takes beside its state: the key, and the room that tables keep free.
const SLOT: usize = (size_of::<Slot>() + size_of::<u64>()) * 3 / 2;

/// Keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Groups by their keys.
type Table = HashMap<u64, Slot, BuildHasherDefault<Same>>;

/// All groups of all correlations.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) limits: Limits,
    pub(super) memory: Memory,
    tables: Vec<Table>,
    /// Counts observations, to tell which group has been idle longest.
    clock: u64,
    swept: u64,
    /// The earliest time that has been observed since, and between the two sweeps before.
    earliest: i64,
    earlier: i64,
}

impl Groups {
    pub(super) fn new(tables: usize, limits: Limits) -> Self {
        let mut all = Vec::new();
        all.resize_with(tables, Table::default);
        let (memory, clock, swept) = (Memory::default(), 0, 0);
        let (earliest, earlier) = (i64::MAX, i64::MAX);
        Self { limits, memory, tables: all, clock, swept, earliest, earlier }
    }

    /// How many groups a table has, and what they take, in bytes.
    pub(super) fn of_table(&self, table: usize) -> (usize, usize) {
        let Some(table) = self.tables.get(table) else { return (0, 0) };
        (table.len(), table.values().map(|slot| SLOT + slot.state.bytes()).sum())
    }

    /// Notes that there is an observation.
    pub(super) fn observe(&mut self, time: i64) {
        self.clock += 1;
        self.earliest = self.earliest.min(time);
    }

    /// Changes what is known of a group. `change` gives what comes of it, and until when the
    /// group matters.
    pub(super) fn change<K: Kind, T>(
        &mut self,
        table: usize,
        key: u64,
        change: impl FnOnce(&mut K) -> (T, i64),
    ) -> Option<T> {
        let table = self.tables.get_mut(table)?;
        let memory = &mut self.memory;
        let slot = table.entry(key).or_insert_with(|| {
            memory.groups += 1;
            let state = K::default().wrap();
            memory.bytes += SLOT + state.bytes();
            Slot { touched: 0, until: i64::MIN, state }
        });
        slot.touched = self.clock;
        let before = slot.state.bytes();
        let (result, until) = change(K::of(&mut slot.state)?);
        slot.until = slot.until.max(until);
        memory.bytes = (memory.bytes + slot.state.bytes()).saturating_sub(before);
        Some(result)
    }

    /// Changes what is known of a group that there is already.
    pub(super) fn find<K: Kind>(&mut self, table: usize, key: u64) -> Option<&mut K> {
        K::of(&mut self.tables.get_mut(table)?.get_mut(&key)?.state)
    }

    /// Forgets groups that have had their time, now and then, and others when there is too
    /// much of them: those that matter only to events that come late, and then a tenth of what
    /// is allowed at a time, those that were idle longest first.
    pub(super) fn make_room(&mut self) {
        let due = SWEEPING.max(self.memory.groups as u64 / 4);
        if self.clock.saturating_sub(self.swept) >= due {
            self.sweep();
        }
        if self.memory.bytes <= self.limits.bytes {
            return;
        }
        let enough = self.limits.bytes / 10 * 9;
        let oldest = self.earliest.min(self.earlier);
        let clock = self.clock;
        self.retain(|slot| slot.until >= oldest || slot.touched == clock);
        if self.memory.bytes <= enough {
            return;
        }
        let all = self.tables.iter().flat_map(HashMap::values);
        let mut idle: Vec<(u64, usize)> =
            all.map(|slot| (slot.touched, SLOT + slot.state.bytes())).collect();
        idle.sort_unstable();
        let (mut left, mut limit) = (self.memory.bytes, 0);
        for (touched, bytes) in idle {
            // The groups that have just been touched stay.
            if left <= enough || touched == self.clock {
                break;
            }
            limit = touched;
            left = left.saturating_sub(bytes);
        }
        let before = self.memory.groups;
        self.retain(|slot| slot.touched > limit);
        self.memory.evicted += before.saturating_sub(self.memory.groups) as u64;
    }

    /// Events are not much older than those of late: what does not matter to them matters no
    /// more.
    fn sweep(&mut self) {
        let oldest = self.earliest.saturating_sub(self.limits.lateness);
        self.retain(|slot| slot.until >= oldest);
        (self.swept, self.earlier, self.earliest) = (self.clock, self.earliest, i64::MAX);
    }

    fn retain(&mut self, keep: impl Fn(&Slot) -> bool) {
        let (mut groups, mut bytes) = (0, 0);
        for table in &mut self.tables {
            table.retain(|_, slot| keep(slot));
            groups += table.len();
            bytes += table.values().map(|slot| SLOT + slot.state.bytes()).sum::<usize>();
            if table.len() < table.capacity() / 4 {
                table.shrink_to_fit();
            }
        }
        (self.memory.groups, self.memory.bytes) = (groups, bytes);
    }
}
