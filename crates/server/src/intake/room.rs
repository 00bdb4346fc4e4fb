//! The room that requests take: so many at a time, with so many bytes among them.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Problem;

/// The unit in which room is given out, in bytes.
const UNIT: usize = 16 << 10;

/// Room for requests.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    requests: Arc<Semaphore>,
    units: Arc<Semaphore>,
}

impl Room {
    pub(crate) fn new(requests: usize, bytes: usize) -> Self {
        let units = Semaphore::new((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS));
        let requests = Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS));
        Self { requests: Arc::new(requests), units: Arc::new(units) }
    }

    /// Room for one more request, which takes no bytes yet.
    pub(crate) fn enter(&self) -> Result<Share, Problem> {
        let request = Arc::clone(&self.requests).try_acquire_owned().map_err(|_| {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::later(status, 1, "too many requests at the same time, try again later")
        })?;
        Ok(Share { units: Arc::clone(&self.units), taken: None, bytes: 0, _request: request })
    }
}

/// The room that a request takes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    units: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    bytes: usize,
    _request: OwnedSemaphorePermit,
}

impl Share {
    /// Takes room for `bytes` more.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        self.bytes = self.bytes.saturating_add(bytes);
        let taken = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = self.bytes.div_ceil(UNIT).saturating_sub(taken);
        if missing == 0 {
            return Ok(());
        }
        let more = u32::try_from(missing)
            .ok()
            .and_then(|missing| Arc::clone(&self.units).try_acquire_many_owned(missing).ok());
        let more = more.ok_or_else(|| {
            let status = StatusCode::TOO_MANY_REQUESTS;
            Problem::later(status, 1, "too much is being sent at the same time, try again later")
        })?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }

    /// Gives back the room for bytes: somebody else keeps them now.
    pub(crate) fn hand_over(&mut self) {
        self.taken = None;
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back() {
        let room = Room::new(2, 4 * UNIT);
        let mut one = room.enter().unwrap();
        let mut two = room.enter().unwrap();
        assert_eq!(room.enter().err().unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
        one.take(1).unwrap();
        one.take(UNIT - 1).unwrap();
        two.take(3 * UNIT).unwrap();
        assert_eq!(one.take(1).err().unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
        two.hand_over();
        one.take(1).unwrap();
        drop(one);
        two.take(4 * UNIT).unwrap();
        room.enter().unwrap();
    }
}
