//! Alerts kept for the report: the gravest, and of equal ones the first.

use std::collections::{BTreeMap, VecDeque};

use detect::sigma::Level;
use ecs::Timestamp;

/// When an alert happened, its place in the order of all, and its document.
type Document = (Option<Timestamp>, u64, Box<str>);

/// A bounded number of alert documents.
pub(super) struct Kept {
    most: usize,
    count: usize,
    left_out: u64,
    by_level: BTreeMap<Level, VecDeque<Document>>,
    order: u64,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self { most, count: 0, left_out: 0, by_level: BTreeMap::new(), order: 0 }
    }

    /// Keeps an alert, if it is grave enough; another one may have to go for it.
    pub(super) fn add(&mut self, level: Level, time: Option<Timestamp>, document: &str) {
        if self.most == 0 {
            return;
        }
        if self.count == self.most {
            self.left_out += 1;
            let least = self.by_level.iter_mut().find(|(_, alerts)| !alerts.is_empty());
            match least {
                Some((least, alerts)) if *least < level => {
                    alerts.pop_back();
                    self.count -= 1;
                }
                _ => return,
            }
        }
        self.order += 1;
        let alerts = self.by_level.entry(level).or_default();
        alerts.push_back((time, self.order, document.into()));
        self.count += 1;
    }

    /// The documents in order of time, and how many alerts were not kept.
    pub(super) fn into_documents(self) -> (Vec<Box<str>>, u64) {
        let mut alerts: Vec<_> = self.by_level.into_values().flatten().collect();
        alerts.sort_by_key(|(time, order, _)| (*time, *order));
        (alerts.into_iter().map(|(_, _, document)| document).collect(), self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_are_kept_in_order_of_time() {
        let mut kept = Kept::new(3);
        let alerts = [
            (Level::Low, 5, "a"),
            (Level::Low, 4, "b"),
            (Level::High, 3, "c"),
            (Level::Medium, 2, "d"),
            (Level::Low, 1, "e"),
            (Level::High, 0, "f"),
        ];
        for (level, time, document) in alerts {
            kept.add(level, Some(Timestamp(time)), document);
        }
        let (documents, left_out) = kept.into_documents();
        assert_eq!(documents.iter().map(|text| &**text).collect::<Vec<_>>(), ["f", "d", "c"]);
        assert_eq!(left_out, 3);
    }
}
