//! The log itself: events in the order in which they were persisted.
//!
//! Their text is kept joined by commas, as a page has it, so that a page is a copy of one run of
//! bytes or a few. What is more than memory should hold goes to a temporary file.

use std::collections::{HashMap, VecDeque};
use std::io;

use crate::spool::{SLOT_BYTES, Spool};

/// How far from the end an event may be put into the order of time without sorting all anew.
const NEAR: usize = 1 << 16;

/// One event to be put into the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEvent<'a> {
    /// Its text, which may be anything but must not be empty.
    pub(crate) text: &'a str,
    /// `uuid`, empty when it has none.
    pub(crate) uuid: &'a str,
    /// `published`, in milliseconds since 1970.
    pub(crate) published: i64,
    /// When it was persisted, not before the event before it.
    pub(crate) persisted: i64,
}

/// What is known of an event beside its text.
#[derive(Clone, Copy, Debug)]
struct Entry {
    persisted: i64,
    /// The uuid's bits; 0 when it is none or odd, and then in `odd_uuids`.
    uuid: u128,
    /// Where the event ends in its segment, its comma not counted.
    end: u32,
}

#[derive(Debug)]
enum Text {
    Memory(Vec<u8>),
    Spooled { slot: u64, length: usize },
}

/// A run of events, each followed by a comma.
#[derive(Debug)]
struct Segment {
    first: u64,
    count: u64,
    text: Text,
}

/// A place in the order of time: `published`, then position.
pub(crate) type Moment = (i64, u64);

/// The events of an organisation. Positions count from 0, the first event ever persisted.
#[derive(Debug)]
pub(crate) struct Log {
    segments: VecDeque<Segment>,
    entries: VecDeque<Entry>,
    odd_uuids: HashMap<u64, String>,
    /// The position of the first event that is still kept.
    first: u64,
    most_events: u64,
    most_memory: usize,
    memory: usize,
    spool: Spool,
    by_time: Vec<Moment>,
    by_time_is_sorted: bool,
    digest: u64,
    bytes: u64,
}

impl Log {
    /// An empty log that keeps at most about `most_events` events, and `most_memory` bytes of text
    /// in memory, the rest in a temporary file.
    pub(crate) fn new(most_events: u64, most_memory: usize) -> Log {
        Log {
            segments: VecDeque::new(),
            entries: VecDeque::new(),
            odd_uuids: HashMap::new(),
            first: 0,
            most_events: most_events.max(1),
            most_memory,
            memory: 0,
            spool: Spool::default(),
            by_time: Vec::new(),
            by_time_is_sorted: true,
            digest: FNV_START,
            bytes: 0,
        }
    }

    /// The position of the first event that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The position after the last event: how many were ever persisted.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The bytes of all events ever persisted, commas not counted.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A digest of the uuids of all events ever persisted, in order: FNV-1a, 64 bits, a line feed
    /// after each.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// When the last event was persisted.
    pub(crate) fn last_persisted(&self) -> Option<i64> {
        self.entries.back().map(|entry| entry.persisted)
    }

    /// Persists an event.
    pub(crate) fn append(&mut self, event: NewEvent<'_>) -> io::Result<()> {
        let text = event.text.as_bytes();
        let room = match self.segments.back().map(|segment| &segment.text) {
            Some(Text::Memory(held)) => held.len() + text.len() < SLOT_BYTES,
            _ => false,
        };
        let position = self.end();
        if !room {
            self.spill()?;
            let capacity = if self.entries.len() > 1_000 { SLOT_BYTES } else { 0 };
            self.segments.push_back(Segment {
                first: position,
                count: 0,
                text: Text::Memory(Vec::with_capacity(capacity)),
            });
        }
        let Some(Segment { count, text: Text::Memory(held), .. }) = self.segments.back_mut() else {
            return Err(io::ErrorKind::OutOfMemory.into());
        };
        held.extend_from_slice(text);
        let end = u32::try_from(held.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        held.push(b',');
        *count += 1;
        self.memory += text.len() + 1;
        self.bytes += text.len() as u64;
        let bits = uuid_bits(event.uuid);
        if bits == 0 && !event.uuid.is_empty() {
            self.odd_uuids.insert(position, event.uuid.to_owned());
        }
        self.digest = fnv(self.digest, event.uuid.as_bytes());
        self.digest = fnv(self.digest, b"\n");
        let persisted = event.persisted.max(self.last_persisted().unwrap_or(i64::MIN));
        self.entries.push_back(Entry { persisted, uuid: bits, end });
        self.put_in_time((event.published, position));
        self.forget();
        Ok(())
    }

    /// Puts full segments into the file until the rest has room in memory.
    fn spill(&mut self) -> io::Result<()> {
        let mut segments = self.segments.iter_mut();
        while self.memory > self.most_memory {
            let Some(segment) = segments.next() else { break };
            let Text::Memory(held) = &mut segment.text else { continue };
            let length = held.len();
            // An event larger than a slot stays where it is.
            if length <= SLOT_BYTES {
                let slot = self.spool.put(held)?;
                segment.text = Text::Spooled { slot, length };
                self.memory -= length;
            }
        }
        Ok(())
    }

    fn put_in_time(&mut self, moment: Moment) {
        if self.by_time.last().is_none_or(|last| *last < moment) {
            self.by_time.push(moment);
            return;
        }
        let length = self.by_time.len();
        let near = self.by_time.get(length.saturating_sub(NEAR)..).unwrap_or_default();
        let place = near.partition_point(|other| *other < moment);
        if self.by_time_is_sorted && (place > 0 || length <= NEAR) {
            self.by_time.insert(length - near.len() + place, moment);
        } else {
            self.by_time.push(moment);
            self.by_time_is_sorted = false;
        }
    }

    /// Drops the oldest events, a segment at a time.
    fn forget(&mut self) {
        let mut forgotten = false;
        while let Some(segment) = self.segments.front()
            && self.entries.len() as u64 - segment.count >= self.most_events
        {
            let Some(segment) = self.segments.pop_front() else { break };
            self.entries.drain(..segment.count as usize);
            self.first += segment.count;
            match segment.text {
                Text::Memory(held) => self.memory -= held.len(),
                Text::Spooled { slot, .. } => self.spool.free(slot),
            }
            forgotten = true;
        }
        if forgotten {
            let first = self.first;
            self.by_time.retain(|&(_, position)| position >= first);
            self.odd_uuids.retain(|&position, _| position >= first);
        }
    }

    fn entry(&self, position: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }

    /// The first position of an event persisted at `time` or later.
    pub(crate) fn persisted_since(&self, time: i64) -> u64 {
        self.first + self.entries.partition_point(|entry| entry.persisted < time) as u64
    }

    /// The uuid of the event at `position`, if it has one.
    pub(crate) fn uuid(&self, position: u64) -> Option<String> {
        match self.entry(position)?.uuid {
            0 => self.odd_uuids.get(&position).cloned(),
            bits => Some(uuid_text(bits)),
        }
    }

    /// The moments from `from` to before `to`, in order, at most `limit`; the last ones before `to`
    /// and backwards if `descending`.
    pub(crate) fn in_time(
        &mut self,
        from: Moment,
        to: Moment,
        limit: usize,
        descending: bool,
    ) -> Vec<Moment> {
        if !self.by_time_is_sorted {
            self.by_time.sort_unstable();
            self.by_time_is_sorted = true;
        }
        let start = self.by_time.partition_point(|moment| *moment < from);
        let end = self.by_time.partition_point(|moment| *moment < to).max(start);
        let all = self.by_time.get(start..end).unwrap_or_default();
        match descending {
            false => all.iter().take(limit).copied().collect(),
            true => all.iter().rev().take(limit).copied().collect(),
        }
    }

    /// Appends the text of the events from position `start` to before `end` to `out`, joined by
    /// commas. Positions that are not kept are left out.
    pub(crate) fn copy(&self, start: u64, end: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let (mut start, end) = (start.max(self.first), end.min(self.end()));
        let index = self.segments.partition_point(|it| it.first + it.count <= start);
        let mut is_first = true;
        for segment in self.segments.range(index.min(self.segments.len())..) {
            if start >= end {
                break;
            }
            let stop = end.min(segment.first + segment.count);
            let from = match start == segment.first {
                true => 0,
                false => self.entry(start - 1).map_or(0, |before| before.end as usize + 1),
            };
            let to = self.entry(stop - 1).map_or(from, |last| last.end as usize);
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            match &segment.text {
                Text::Memory(held) => out.extend_from_slice(held.get(from..to).unwrap_or_default()),
                Text::Spooled { slot, length } => {
                    let to = to.min(*length);
                    self.spool.read(*slot, from, to.saturating_sub(from), out)?;
                }
            }
            start = stop;
        }
        Ok(())
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The bits of a uuid in its usual form, lower case; 0 for any other text.
fn uuid_bits(text: &str) -> u128 {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return 0;
    }
    let mut bits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = match byte {
            b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' if !matches!(at, 8 | 13 | 18 | 23) => byte - b'0',
            b'a'..=b'f' if !matches!(at, 8 | 13 | 18 | 23) => byte - b'a' + 10,
            _ => return 0,
        };
        bits = (bits << 4) | u128::from(digit);
    }
    bits
}

fn uuid_text(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(text: &str, published: i64) -> NewEvent<'_> {
        NewEvent { text, uuid: "", published, persisted: published }
    }

    fn copied(log: &Log, start: u64, end: u64) -> String {
        let mut out = Vec::new();
        log.copy(start, end, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn uuids_read_back_as_they_were() {
        let mut log = Log::new(10, 1000);
        let uuids = [
            "f790999f-fe87-467a-9880-6982a583986c",
            "F790999F-FE87-467A-9880-6982A583986C",
            "00000000-0000-0000-0000-000000000000",
            "f790999f-fe87-467a-98800-982a583986c",
            "not one",
            "",
        ];
        for uuid in uuids {
            log.append(NewEvent { uuid, ..event("{}", 0) }).unwrap();
        }
        for (at, uuid) in uuids.iter().enumerate() {
            assert_eq!(log.uuid(at as u64).unwrap_or_default(), *uuid);
        }
        assert_eq!(log.odd_uuids.len(), 4);
    }

    #[test]
    fn what_memory_does_not_hold_is_read_from_the_file() {
        let mut log = Log::new(u64::MAX, SLOT_BYTES);
        let texts: Vec<String> =
            (0..300).map(|at| format!("\"{at}{}\"", "x".repeat(100_000 + at))).collect();
        for (at, text) in texts.iter().enumerate() {
            log.append(event(text, at as i64)).unwrap();
        }
        let huge = "y".repeat(SLOT_BYTES + 5);
        log.append(event(&huge, 300)).unwrap();
        log.append(event("\"z\"", 301)).unwrap();
        assert!(log.memory < SLOT_BYTES * 3 && log.segments.len() > 6);
        assert_eq!(copied(&log, 0, 300), texts.join(","));
        assert_eq!(copied(&log, 77, 78), texts[77]);
        assert_eq!(copied(&log, 299, 400), [&texts[299], huge.as_str(), "\"z\""].join(","));
    }

    #[test]
    fn the_oldest_events_are_forgotten() {
        let mut log = Log::new(50, SLOT_BYTES);
        let text = format!("\"{}\"", "x".repeat(SLOT_BYTES / 10));
        for at in 0..400 {
            log.append(event(&text, at)).unwrap();
        }
        assert_eq!(log.end(), 400);
        let kept = log.end() - log.first();
        assert!((50..70).contains(&kept), "{kept}");
        assert!(log.memory <= 3 * SLOT_BYTES && log.spool_slots() < 12);
        assert_eq!(
            log.in_time((0, 0), (i64::MAX, 0), 1, false),
            [(log.first() as i64, log.first())]
        );
        assert_eq!(copied(&log, 0, log.first() + 1), text);
    }

    impl Log {
        fn spool_slots(&self) -> usize {
            self.segments.iter().filter(|it| matches!(it.text, Text::Spooled { .. })).count()
        }
    }

    proptest! {
        #[test]
        fn any_run_is_the_texts_joined(
            texts in prop::collection::vec("[a-z]{1,9}", 1..60),
            start in 0..60_u64,
            length in 0..60_u64,
        ) {
            let mut log = Log::new(u64::MAX, 0);
            for text in &texts {
                log.append(event(text, 0)).unwrap();
            }
            let end = (start + length).min(texts.len() as u64);
            let expected = texts.get(start as usize..end.max(start) as usize).unwrap_or_default();
            prop_assert_eq!(copied(&log, start, start + length), expected.join(","));
        }

        #[test]
        fn the_order_of_time_is_sorted_whatever_comes_when(
            times in prop::collection::vec(0..50_i64, 1..80),
            from in 0..50_i64,
            to in 0..50_i64,
            limit in 1..90_usize,
        ) {
            let mut log = Log::new(u64::MAX, usize::MAX);
            for &time in &times {
                log.append(event("1", time)).unwrap();
            }
            let mut expected: Vec<Moment> =
                times.iter().enumerate().map(|(at, &time)| (time, at as u64)).collect();
            expected.sort_unstable();
            expected.retain(|&(time, _)| (from..to).contains(&time));
            let up = log.in_time((from, 0), (to, 0), limit, false);
            let first: Vec<_> = expected.iter().take(limit).copied().collect();
            prop_assert_eq!(up, first);
            let down = log.in_time((from, 0), (to, 0), limit, true);
            let last: Vec<_> = expected.iter().rev().take(limit).copied().collect();
            prop_assert_eq!(down, last);
        }
    }
}
