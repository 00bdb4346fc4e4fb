//! What is remembered of one event while rules are tried on it.

use std::ops::{ControlFlow, Range};

use okta::json::Value;

use super::fold::{fold_into, is_folded_ascii};
use crate::event::Event;
use crate::ruleset::{Slot, Source};

/// Memory beyond this, in bytes, is given back after the event that needed it.
const KEPT: usize = 1 << 20;

/// Working memory of a thread that matches events: hand the same to every call.
///
/// It holds a copy of the values that rules have asked for, so that each is read from the event
/// once, and the results of parts that rules have in common.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The rule set it was last used with.
    pub(crate) set: u64,
    /// Which event this is; what is marked with another number is out of date.
    pub(crate) generation: u64,
    pub(crate) memo: Memo,
    /// For every item of the rule set: the generation, and whether it matched.
    pub(crate) results: Vec<(u64, bool)>,
    /// A bit for every rule that may match.
    pub(crate) candidates: Vec<u64>,
}

/// The values of fields that have been read.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// Keep texts as they are even where no test asks for it.
    keep_raw: bool,
    text: String,
    entries: Vec<Entry>,
    /// For every slot: the generation, and where its entries are.
    slots: Vec<(u64, Range<usize>)>,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    raw: Range<usize>,
    folded: Range<usize>,
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    /// An object or array as a whole: there, but without a text.
    Other,
}

impl Entry {
    pub(crate) fn has_text(&self) -> bool {
        !matches!(self.kind, Kind::Null | Kind::Other)
    }
}

impl Scratch {
    /// Working memory that has all texts as they are in the event.
    pub(crate) fn keeping_texts() -> Self {
        Self { memo: Memo { keep_raw: true, ..Memo::default() }, ..Self::default() }
    }

    /// Forgets the last event.
    pub(crate) fn begin(&mut self, set: u64, slots: usize, items: usize) {
        if self.set != set {
            *self = Self {
                set,
                memo: Memo { keep_raw: self.memo.keep_raw, ..Memo::default() },
                ..Self::default()
            };
            self.memo.slots.resize(slots, (0, 0..0));
            self.results.resize(items, (0, false));
        }
        self.generation += 1;
        self.memo.text.clear();
        self.memo.entries.clear();
        if self.memo.text.capacity() > KEPT {
            self.memo.text.shrink_to(KEPT);
        }
        if self.memo.entries.capacity() > KEPT / size_of::<Entry>() {
            self.memo.entries.shrink_to(KEPT / size_of::<Entry>());
        }
    }

    /// Reads a field's values, unless that has been done.
    pub(crate) fn fetch(&mut self, index: usize, slot: &Slot, event: &dyn Event) {
        let generation = self.generation;
        let memo = &mut self.memo;
        let Some((read, _)) = memo.slots.get(index) else { return };
        if *read == generation {
            return;
        }
        let start = memo.entries.len();
        let needs_raw = slot.needs_raw || memo.keep_raw;
        let mut visitor = |value: Value<'_>| {
            memo.push(value, needs_raw);
            ControlFlow::Continue(())
        };
        let _ = match &slot.source {
            Source::Field(lookup) => event.visit(lookup, &mut visitor),
            Source::Leaves => event.visit_leaves(&mut visitor),
        };
        let end = memo.entries.len();
        if let Some(slot) = memo.slots.get_mut(index) {
            *slot = (generation, start..end);
        }
    }
}

impl Memo {
    /// The values of a field that has been read.
    pub(crate) fn entries(&self, slot: usize) -> &[Entry] {
        let range = self.slots.get(slot).map(|(_, range)| range.clone());
        range.and_then(|range| self.entries.get(range)).unwrap_or_default()
    }

    pub(crate) fn raw(&self, entry: &Entry) -> &str {
        self.text.get(entry.raw.clone()).unwrap_or_default()
    }

    pub(crate) fn folded(&self, entry: &Entry) -> &str {
        self.text.get(entry.folded.clone()).unwrap_or_default()
    }

    fn push(&mut self, value: Value<'_>, needs_raw: bool) {
        match value {
            Value::Missing => {}
            Value::Null => self.entries.push(Entry { kind: Kind::Null, raw: 0..0, folded: 0..0 }),
            Value::Object(_) | Value::Array(_) => {
                self.entries.push(Entry { kind: Kind::Other, raw: 0..0, folded: 0..0 });
            }
            Value::Bool(true) => self.push_text(Kind::Bool, "true", needs_raw),
            Value::Bool(false) => self.push_text(Kind::Bool, "false", needs_raw),
            Value::Number(number) => self.push_text(Kind::Number, number, needs_raw),
            Value::Text(text) => match text.as_plain() {
                Some(plain) => self.push_text(Kind::Text, plain, needs_raw),
                None => self.push_text(Kind::Text, &text.to_str(), needs_raw),
            },
        }
    }

    fn push_text(&mut self, kind: Kind, text: &str, needs_raw: bool) {
        let same = is_folded_ascii(text);
        let raw_start = self.text.len();
        if same || needs_raw {
            self.text.push_str(text);
        }
        let raw = raw_start..self.text.len();
        let folded = if same {
            raw.clone()
        } else {
            let start = self.text.len();
            fold_into(text, &mut self.text);
            start..self.text.len()
        };
        self.entries.push(Entry { kind, raw, folded });
    }
}
