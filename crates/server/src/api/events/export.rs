//! `GET /events/export`: all events that match, as a stream.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::Deserialize;
use store::output::{Form, Output};
use store::search::Request;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::search::Order;
use super::shape::named;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, unattended};
use crate::api::params::{List, Params, When, within};

/// The bytes of a part of a stream.
const PART: usize = 64 << 10;
/// How many parts wait to be sent at the most.
const WAITING: usize = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExportForm {
    /// Records, one JSON object a line.
    #[default]
    Ndjson,
    /// One row each, for spreadsheets.
    Csv,
    /// Events as Okta wrote them, one a line.
    Raw,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
    #[param(inline)]
    format: Option<ExportForm>,
    /// Default: the oldest first.
    #[param(inline)]
    order: Option<Order>,
    /// Only these fields, with commas between them.
    #[param(value_type = Option<String>)]
    fields: Option<List<String>>,
    /// How many at the most.
    #[param(minimum = 1, maximum = 1_000_000, default = 1_000_000)]
    max: Option<usize>,
}

/// All events that match, as a file. When something goes wrong on the way, the connection is cut
/// before the end, so that no part is taken for the whole.
#[utoipa::path(get, path = "/events/export", tag = "events", params(ExportParams),
    responses((status = 200, content(
        (String = "application/x-ndjson"), (String = "text/csv; charset=utf-8")))))]
pub(super) async fn export(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let limit = within("max", params.max, 1..=desk.limits.export, desk.limits.export)?;
    let ask = Ask::new(params.query, params.since, params.until)?;
    let fields = named(params.fields)?;
    let (form, kind, name) = match params.format.unwrap_or_default() {
        ExportForm::Ndjson => (Form::Ndjson, "application/x-ndjson", "events.ndjson"),
        ExportForm::Csv => (Form::Csv, "text/csv; charset=utf-8", "events.csv"),
        ExportForm::Raw => (Form::Raw, "application/x-ndjson", "events.raw.ndjson"),
    };
    let newest_first = params.order.unwrap_or(Order::Oldest) == Order::Newest;
    // What is wrong with the question is said before the first byte.
    ask.check()?;
    let given = unattended(desk.limits.export_time, 1);
    let (mut parts, body) = chunks(Arc::clone(&given.given_up));
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let desk_of_task = Arc::clone(&desk);
    tokio::spawn(async move {
        let time = given.time;
        let done = desk_of_task.long(time, move |searcher, _| {
            // From here on there is a thread for it.
            let _ = begun.send(());
            let selection = ask.selection(given);
            let request = Request { selection, limit, newest_first, after: None };
            let mut output = Output::new(&mut parts, form, fields);
            let mut failed = None;
            let found = searcher.for_each(&request, |hit| match output.event(&hit) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            });
            let written = match failed {
                Some(error) => Err(error),
                None => output.finish().map(drop),
            };
            let complete = found.is_ok_and(|found| found.unreadable.is_empty());
            match written {
                Ok(()) if complete => parts.end(),
                _ => parts.cut(),
            }
            Ok(())
        });
        done.await
    });
    if has_begun.await.is_err() {
        return Err(Problem::busy());
    }
    Ok(attachment(body, kind, name))
}

/// An answer that browsers keep as a file.
pub(crate) fn attachment(body: Body, kind: &'static str, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// The end of a stream at which a thread writes. What is written waits until there is room.
pub(crate) struct Parts {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
    ended: bool,
}

struct Stream {
    parts: mpsc::Receiver<io::Result<Bytes>>,
    gone: Arc<AtomicBool>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// The thread's end of a stream, and the body of the answer; `gone` is set when nobody reads it
/// any more.
pub(crate) fn chunks(gone: Arc<AtomicBool>) -> (Parts, Body) {
    let (sender, parts) = mpsc::channel(WAITING);
    let thread = Parts { sender, buffer: Vec::with_capacity(PART), ended: false };
    (thread, Body::new(Stream { parts, gone }))
}

impl Parts {
    /// Everything has been written.
    pub(crate) fn end(mut self) {
        self.ended = Write::flush(&mut self).is_ok();
    }

    /// Something is missing: whoever reads is told so.
    pub(crate) fn cut(self) {
        drop(self);
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if !self.ended {
            let error = io::Error::other("the export ended before its end");
            // The reader may have gone.
            let _ = self.sender.blocking_send(Err(error));
        }
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.buffer, Vec::with_capacity(PART));
        let sent = self.sender.blocking_send(Ok(part.into()));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.parts.poll_recv(context).map(|part| part.map(|part| part.map(Frame::data)))
    }
}
