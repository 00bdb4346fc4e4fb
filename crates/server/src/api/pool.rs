//! Threads of their own for what takes time, so that neither the collector nor the connections
//! wait for it: a few at work, a bounded number of tasks that wait, and no more.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use axum::http::StatusCode;
use tokio::sync::oneshot;

use crate::answer::Problem;

type Task<C> = Box<dyn FnOnce(&mut C) + Send>;

/// Threads, each with a tool `C` of its own.
pub(crate) struct Pool<C> {
    tasks: SyncSender<Task<C>>,
}

impl<C: Send + 'static> Pool<C> {
    /// Starts `threads`, each with what `tool` makes. So many tasks may wait as `waiting` says.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub(crate) fn start(
        name: &str,
        threads: usize,
        waiting: usize,
        tool: impl Fn() -> C,
    ) -> io::Result<Self> {
        let (tasks, next) = sync_channel::<Task<C>>(waiting);
        let next = Arc::new(Mutex::new(next));
        for _ in 0..threads.max(1) {
            let (next, tool) = (Arc::clone(&next), tool());
            thread::Builder::new().name(name.to_owned()).spawn(move || work(&next, tool))?;
        }
        Ok(Self { tasks })
    }

    /// Does something on one of the threads. It is not begun when nobody waits for it any more.
    ///
    /// # Errors
    ///
    /// When too much waits already, or `work` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (done, result) = oneshot::channel();
        let task = Box::new(move |tool: &mut C| {
            if !done.is_closed() {
                // Nobody may be left to hear it.
                let _ = done.send(work(tool));
            }
        });
        match self.tasks.try_send(task) {
            Ok(()) => result.await.map_err(|_| Problem::internal()),
            Err(TrySendError::Full(_)) => Err(Problem::busy()),
            Err(TrySendError::Disconnected(_)) => Err(Problem::internal()),
        }
    }
}

fn work<C>(next: &Mutex<Receiver<Task<C>>>, mut tool: C) {
    loop {
        let task = next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        if catch_unwind(AssertUnwindSafe(|| task(&mut tool))).is_err() {
            tracing::error!("a task of the API ended unexpectedly");
        }
    }
}

impl Problem {
    /// Too much is being done already.
    pub(crate) fn busy() -> Self {
        let detail = "too many searches are under way: ask again in a moment";
        Self::later(StatusCode::SERVICE_UNAVAILABLE, 1, detail).code("busy")
    }

    /// Something went wrong that nobody who asks can do anything about.
    pub(crate) fn internal() -> Self {
        let detail = "something went wrong, the log says what";
        Self::coded(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_waits_is_bounded_and_a_panic_harms_nobody_else() {
        let pool = Arc::new(Pool::start("test", 1, 1, || 0).unwrap());
        let (go, wait) = mpsc::channel::<()>();
        let begin = |pool: &Arc<Pool<i32>>, work: Box<dyn FnOnce(&mut i32) -> i32 + Send>| {
            let pool = Arc::clone(pool);
            tokio::spawn(async move { pool.run(work).await })
        };
        let (begun, has_begun) = oneshot::channel();
        let first = begin(
            &pool,
            Box::new(move |tool| {
                let _ = begun.send(());
                wait.recv().unwrap();
                *tool += 1;
                *tool
            }),
        );
        has_begun.await.unwrap();
        let second = begin(&pool, Box::new(|_| panic!("on purpose")));
        while !matches!(pool.tasks.try_send(Box::new(|_| {})), Err(TrySendError::Full(_))) {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|_| 0).await.unwrap_err().status(), StatusCode::SERVICE_UNAVAILABLE);
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(1));
        let failed = second.await.unwrap();
        assert!(failed.is_err_and(|problem| problem.status() != StatusCode::OK));
        let third = loop {
            match pool.run(|tool| *tool + 10).await {
                Ok(value) => break value,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(third, 11, "the thread and its tool go on");
    }
}
