//! Questions about events: read, checked, and asked of the store with all their limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use ecs::Timestamp;
use query::{Diagnostic, Query, Span};
use serde::Serialize;
use store::search::{SearchError, Searcher, Selection};
use utoipa::ToSchema;

use super::Desk;
use super::params::{When, bad_parameter};
use crate::answer::Problem;

/// A question about events.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    text: String,
    pub(crate) query: Query,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    now: Timestamp,
}

/// A place in the query text that may not mean what was meant.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct QueryNote {
    /// In UTF-16 code units, as JavaScript counts.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) problem: String,
    /// What to do about it; may be empty.
    pub(crate) help: String,
}

impl QueryNote {
    pub(crate) fn new(text: &str, diagnostic: &Diagnostic) -> Self {
        let (start, end) = utf16(text, diagnostic.span);
        let Diagnostic { problem, help, .. } = diagnostic.clone();
        Self { start, end, problem, help }
    }
}

/// The place of a part of a text in UTF-16 code units.
fn utf16(text: &str, span: Span) -> (usize, usize) {
    let place = |byte: usize| {
        let before = text.char_indices().take_while(|(at, _)| *at < byte);
        before.map(|(_, character)| character.len_utf16()).sum()
    };
    (place(span.start), place(span.end.max(span.start)))
}

impl Ask {
    /// Reads a question; `None` asks for everything.
    pub(crate) fn new(
        query: Option<String>,
        since: Option<When>,
        until: Option<When>,
    ) -> Result<Self, Problem> {
        let text = query.unwrap_or_default();
        let query = query::parse(&text).map_err(|error| invalid_query(&text, &error))?;
        let (since, until) = (since.map(|since| since.0), until.map(|until| until.0));
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(bad_parameter("since: expected a time that is not behind until"));
        }
        Ok(Self { text, query, since, until, now: Timestamp::now() })
    }

    /// Checks that its fields are there, and its values are of their types.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        store::search::check(&self.query.root, self.now)
            .map_err(|error| invalid_query(&self.text, &error))
    }

    /// The same question, with something more that has to hold.
    pub(crate) fn and(&self, more: &str) -> Result<Self, Problem> {
        let text = match self.text.trim() {
            "" => more.to_owned(),
            text => format!("({text}) AND {more}"),
        };
        let query = query::parse(&text).map_err(|error| invalid_query(&text, &error))?;
        Ok(Self { text, query, ..self.clone() })
    }

    /// The places that may not mean what was meant.
    pub(crate) fn warnings(&self) -> Vec<QueryNote> {
        let warnings = self.query.warnings.iter();
        warnings.map(|warning| QueryNote::new(&self.text, warning)).collect()
    }

    /// What is asked of the store, until `given_up` is set.
    pub(crate) fn selection(&self, limits: Given) -> Selection<'_> {
        Selection {
            since: self.since,
            until: self.until,
            now: self.now,
            time_limit: Some(limits.time),
            given_up: Some(limits.given_up),
            most_values: limits.values,
            ..Selection::new(&self.query.root)
        }
    }

    /// Why the store has no answer.
    pub(crate) fn refused(&self, error: SearchError) -> Problem {
        match error {
            SearchError::Query(diagnostic) => invalid_query(&self.text, &diagnostic),
            error => search_problem(error),
        }
    }
}

/// How far a search may go.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) time: Duration,
    pub(crate) given_up: Arc<AtomicBool>,
    pub(crate) values: usize,
}

fn invalid_query(text: &str, diagnostic: &Diagnostic) -> Problem {
    let note = QueryNote::new(text, diagnostic);
    Problem::coded(StatusCode::BAD_REQUEST, "invalid-query", note.problem)
        .member("position", serde_json::json!({"start": note.start, "end": note.end}))
        .member("help", note.help)
}

/// A field of a parameter cannot be used so.
pub(crate) fn bad_field(name: &str, error: SearchError) -> Problem {
    match error {
        SearchError::Query(diagnostic) => bad_parameter(format!("{name}: {diagnostic}")),
        error => search_problem(error),
    }
}

fn search_problem(error: SearchError) -> Problem {
    let costly = |detail: &'static str| {
        Problem::coded(StatusCode::UNPROCESSABLE_ENTITY, "too-costly", detail)
    };
    match error {
        SearchError::TooCostly => costly(
            "the search takes too long: narrow the time, or name a field and how its values begin",
        ),
        SearchError::TooManyValues(_) => {
            costly("the field has too many different values to count: narrow the time or the query")
        }
        SearchError::TooManyParts => costly("there would be too many parts: use a longer interval"),
        SearchError::Query(diagnostic) => bad_parameter(diagnostic.to_string()),
        SearchError::Store(error) => error.into(),
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        tracing::error!(error = %error, "the store does not answer");
        if error.may_pass() {
            let detail = "the store does not answer now, the log says why";
            return Self::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail).code("busy");
        }
        Self::internal()
    }
}

/// Sets its flag when it is dropped: when the request has gone away, its search can end.
struct Leave(Arc<AtomicBool>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    /// Asks the store something, on a thread for searches, for as long as somebody waits.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Searcher, Given) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let given_up = Arc::new(AtomicBool::new(false));
        let _leave = Leave(Arc::clone(&given_up));
        let given = Given { time: self.limits.search_time, given_up, values: self.limits.values };
        self.searches.run(move |tool: &mut super::SearchTool| work(tool.fresh()?, given)).await?
    }

    /// Does something that may take long, such as an export, on threads for that.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        time: Duration,
        work: impl FnOnce(&Searcher, Given) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let given_up = Arc::new(AtomicBool::new(false));
        let _leave = Leave(Arc::clone(&given_up));
        let given = Given { time, given_up, values: self.limits.values };
        self.long.run(move |tool: &mut super::SearchTool| work(tool.fresh()?, given)).await?
    }
}

/// A search whose results are taken bit by bit: it goes on without a request that waits for it.
pub(crate) fn unattended(time: Duration, values: usize) -> Given {
    Given { time, given_up: Arc::default(), values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_as_javascript_counts() {
        // Four bytes in UTF-8, two units in UTF-16.
        let text = "\"🦀\" AND nonsense:(";
        let error = query::parse(text).unwrap_err();
        let note = QueryNote::new(text, &error);
        assert_eq!(error.span.start, text.len());
        assert_eq!(note.start, text.encode_utf16().count());
    }

    #[test]
    fn times_have_an_order() {
        let when = |text: &str| Some(text.parse().unwrap());
        assert!(Ask::new(None, when("2026-09-01"), when("2026-09-02")).is_ok());
        assert!(Ask::new(None, when("2026-09-02"), when("2026-09-01")).is_err());
        let problem = Ask::new(Some("a:(".to_owned()), None, None).unwrap_err();
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    }
}
