//! Answers that go on: they end when their caller may not have them any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::Frame;

use super::sessions::Shown;
use super::{Access, Role};

/// Ends an answer that goes on, such as a live tail, soon after its caller has signed out, was
/// disabled, or may not do what `needed` may any more.
pub(super) fn watch(
    access: &Arc<Access>,
    request: &Parts,
    needed: Role,
    response: Response,
) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
        return response;
    }
    let (access, request) = (Arc::clone(access), request.clone());
    let until = Box::pin(async move {
        loop {
            tokio::time::sleep(access.settings.look_again).await;
            // What only waits uses nothing: no session is kept from ending by it.
            let role = match access.identify(&request, false).await {
                Ok(Shown::Session { caller } | Shown::Token { caller }) => Some(caller.role),
                Ok(Shown::Nobody | Shown::IntakeToken) => None,
                // Of the database: the next look may tell.
                Err(_) => continue,
            };
            if role.is_none_or(|role| role < needed) {
                return;
            }
        }
    });
    response.map(|body| Body::new(Watched { body, until }))
}

struct Watched {
    body: Body,
    /// Ready when the answer has to end.
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for Watched {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}
