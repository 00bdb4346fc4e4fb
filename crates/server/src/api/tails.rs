//! Live tails: server-sent events, as <https://html.spec.whatwg.org/multipage/server-sent-events.html>
//! has them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, Sleep};

use super::Desk;
use crate::answer::Problem;

/// How often it is looked for what is new.
pub(crate) const POLLING: Duration = Duration::from_millis(700);
/// How often something is sent where nothing happens, so that a broken connection is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many events wait to be sent at the most.
const WAITING: usize = 64;

/// The end of a tail at which events are put in.
pub(crate) struct Tail {
    sender: mpsc::Sender<Event>,
}

/// Nobody listens any more.
pub(crate) struct Gone;

/// One server-sent event.
pub(crate) struct Event(Bytes);

impl Event {
    /// An event of a kind, with an id to resume behind.
    pub(crate) fn new(kind: &str, id: Option<u64>, data: &impl Serialize) -> Self {
        let mut text = format!("event: {kind}\n");
        if let Some(id) = id {
            text.push_str(&format!("id: {id}\n"));
        }
        // JSON has no line breaks outside of texts, and none inside; records are written so too.
        let data = serde_json::to_string(data).unwrap_or_default();
        for line in data.lines() {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        Self(text.into())
    }
}

impl Tail {
    /// Begins a tail: its end to put events in, and the answer.
    pub(crate) fn begin(desk: &Desk) -> Result<(Self, Response), Problem> {
        let place = Arc::clone(&desk.tails).try_acquire_owned().map_err(|_| Problem::busy())?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let heartbeat = Box::pin(tokio::time::sleep(HEARTBEAT));
        // Said at once, so that the other side knows that it listens.
        let greeting = Some(Bytes::from_static(b"retry: 3000\n: wardgate\n\n"));
        let body = Body::new(Stream { greeting, receiver, heartbeat, _place: place });
        let mut response = body.into_response();
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        let buffering = HeaderValue::from_static("no");
        response.headers_mut().insert("x-accel-buffering", buffering);
        Ok((Self { sender }, response))
    }

    /// Sends an event; waits until there is room for it.
    pub(crate) async fn send(&self, event: Event) -> Result<(), Gone> {
        self.sender.send(event).await.map_err(|_| Gone)
    }

    /// Says why it ends.
    pub(crate) async fn problem(&self, problem: &Problem) {
        let _ = self.send(Event::new("problem", None, &problem.document())).await;
    }

    /// Waits until nobody listens any more.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// Where a tail that was broken off had come to.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

struct Stream {
    greeting: Option<Bytes>,
    receiver: mpsc::Receiver<Event>,
    heartbeat: Pin<Box<Sleep>>,
    /// As long as it runs, nobody else has its place.
    _place: OwnedSemaphorePermit,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let beat_again = |stream: &mut Self| {
            stream.heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        };
        if let Some(greeting) = self.greeting.take() {
            return Poll::Ready(Some(Ok(Frame::data(greeting))));
        }
        match self.receiver.poll_recv(context) {
            Poll::Ready(Some(Event(bytes))) => {
                beat_again(&mut self);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        if self.heartbeat.as_mut().poll(context).is_ready() {
            beat_again(&mut self);
            // Asked once more, so that it is woken again.
            let _ = self.heartbeat.as_mut().poll(context);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": \n\n")))));
        }
        Poll::Pending
    }
}
