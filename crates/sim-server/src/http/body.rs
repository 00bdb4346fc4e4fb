//! Response bodies: mostly a piece of memory, sometimes a piece of trouble.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

/// One step of a body that is told what to do.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Data(Bytes),
    /// Sends nothing for a while.
    Wait(Duration),
    /// Closes the connection.
    Abort,
}

/// A response body.
#[derive(Debug)]
pub(crate) enum Body {
    /// What is sent at once.
    Whole(Option<Bytes>),
    /// What is sent step by step; its length is what the headers say, true or not.
    Steps(VecDeque<Step>, Option<Pin<Box<Sleep>>>),
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body::Whole((!bytes.is_empty()).then(|| bytes.into()))
    }
}

impl FromIterator<Step> for Body {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Body {
        Body::Steps(steps.into_iter().collect(), None)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Body::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Body::Steps(steps, waiting) => loop {
                if let Some(sleep) = waiting {
                    ready!(sleep.as_mut().poll(context));
                    *waiting = None;
                }
                match steps.pop_front() {
                    None => return Poll::Ready(None),
                    Some(Step::Data(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                    Some(Step::Wait(time)) => *waiting = Some(Box::pin(tokio::time::sleep(time))),
                    Some(Step::Abort) => {
                        return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                    }
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_none(),
            Body::Steps(steps, waiting) => steps.is_empty() && waiting.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Body::Steps(..) => SizeHint::default(),
        }
    }
}

/// What a handler gives: an error closes the connection without an answer.
pub(crate) type Answer = Result<hyper::Response<Body>, io::Error>;
