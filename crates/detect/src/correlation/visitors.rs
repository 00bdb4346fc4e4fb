//! The groups that come from an address, or travel to a network: what many share is no place.

/// Groups and when each was there last.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    groups: Vec<(u64, i64)>,
}

impl Visitors {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.groups.capacity() * size_of::<(u64, i64)>()
    }

    /// Notes that a group was there.
    pub(super) fn note(&mut self, group: u64, time: i64, most: usize) {
        if let Some((_, last)) = self.groups.iter_mut().find(|(known, _)| *known == group) {
            *last = (*last).max(time);
        } else if self.groups.len() < most {
            self.groups.reserve_exact(1);
            self.groups.push((group, time));
        } else {
            let oldest = self.groups.iter_mut().min_by_key(|(group, last)| (*last, *group));
            if let Some(oldest) = oldest.filter(|(_, last)| *last < time) {
                *oldest = (group, time);
            }
        }
    }

    /// Whether so many groups were there within the time span before or after.
    pub(super) fn are_many(&self, time: i64, span: i64, most: usize) -> bool {
        let is_close = |(_, last): &&(u64, i64)| {
            time.saturating_sub(*last) <= span && last.saturating_sub(time) <= span
        };
        self.groups.iter().filter(is_close).count() >= most
    }
}
