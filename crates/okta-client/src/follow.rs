//! From page to page: the live tail, and the backfill of what was before.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use tokio::time::{Instant, sleep_until};

use crate::client::{Answer, Client, describe};
use crate::health::{Progress, State};
use crate::limiter::{LONGEST, Priority};
use crate::links;
use crate::page::{Body, Page};
use crate::settings::{KEPT, Start, before};
use crate::trouble::Trouble;

/// How often a page that is no array of events is asked for again before the most is made of it.
const PATIENCE: u32 = 2;
/// How often a cursor has to be refused before a time is gone back to.
const REFUSALS: u32 = 2;
/// How often a credential's file is looked at while waiting for a better one.
const LOOK: Duration = Duration::from_secs(2);
/// A first request that was wrong by this much is sent again.
const SKEWED: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
/// By how much less is asked for when Okta says that it does not keep so much.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a log was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// [`Page::next`] of the last page that was stored.
    pub cursor: String,
    /// [`Page::last_seen`] of the last page that was stored.
    pub last_seen: Timestamp,
}

/// Follows a log for ever.
#[derive(Debug)]
pub struct Follower(Walk);

/// Reads a log between two times.
#[derive(Debug)]
pub struct Backfill(Walk);

impl Follower {
    pub(crate) fn new(client: Client, start: Start, resume: Option<Resume>) -> Self {
        Self(Walk::new(client, start, None, resume))
    }

    /// The next page, however long it takes: it may be empty.
    ///
    /// When the future is dropped before it is ready, the next call asks for the same page.
    pub async fn next(&mut self) -> Page {
        loop {
            if let Some(page) = self.0.next().await {
                return page;
            }
        }
    }
}

impl Backfill {
    pub(crate) fn new(
        client: Client,
        since: Start,
        until: Timestamp,
        resume: Option<Resume>,
    ) -> Self {
        Self(Walk::new(client, since, Some(until), resume))
    }

    /// The next page, however long it takes; `None` behind the last, which is the first whose
    /// [`Page::next`] is `None` and after which [`Backfill::is_finished`].
    ///
    /// When the future is dropped before it is ready, the next call asks for the same page.
    pub async fn next(&mut self) -> Option<Page> {
        self.0.next().await
    }

    /// Whether the last page has been given.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished
    }
}

/// Where the next request begins.
#[derive(Clone, Debug)]
enum Position {
    /// At a time that was not asked for yet, or came back to.
    Start(Start),
    Cursor(String),
}

#[derive(Debug)]
struct Walk {
    client: Client,
    /// A backfill ends here.
    until: Option<Timestamp>,
    position: Position,
    last_seen: Option<Timestamp>,
    /// What `Start::Now` means, by our clock, however long the first answer takes.
    began: Timestamp,
    /// Nothing older is asked for.
    kept: Duration,
    /// When the next request may be sent.
    due: Instant,
    /// Whether a changed credential is worth trying at once.
    awaits_credential: bool,
    /// In a row.
    failures: u32,
    /// Answers in a row that were no page.
    bad_pages: u32,
    /// Refusals of the cursor in a row.
    refusals: u32,
    /// How often a cursor has been given up since there was anything new.
    setbacks: u32,
    /// The latest time seen when a cursor was given up last.
    given_up_at: Option<Timestamp>,
    /// What the last page without a way on was, so that it is not given twice.
    stuck: Option<u64>,
    is_finished: bool,
}

impl Walk {
    fn new(client: Client, start: Start, until: Option<Timestamp>, resume: Option<Resume>) -> Self {
        let last_seen = resume.as_ref().map(|resume| resume.last_seen);
        let position = match resume {
            Some(resume) => Position::Cursor(resume.cursor),
            None => Position::Start(start),
        };
        Self {
            client,
            until,
            position,
            last_seen,
            began: Timestamp::now(),
            kept: KEPT,
            due: Instant::now(),
            awaits_credential: false,
            failures: 0,
            bad_pages: 0,
            refusals: 0,
            setbacks: 0,
            given_up_at: None,
            stuck: None,
            is_finished: false,
        }
    }

    fn progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        self.client.inner.health.change(|snapshot| {
            change(if self.until.is_some() { &mut snapshot.backfill } else { &mut snapshot.tail })
        })
    }

    fn priority(&self) -> Priority {
        if self.until.is_some() { Priority::Backfill } else { Priority::Tail }
    }

    /// The next page; `None` when there is none any more.
    async fn next(&mut self) -> Option<Page> {
        // Nothing that is changed here before an `await` is what a page is asked for by: that
        // changes only together with the page's return.
        while !self.is_finished {
            self.pause().await;
            let url = match self.url() {
                Ok(url) => url,
                Err(why) => {
                    self.refuse_cursor(Trouble::NextLink(why), REFUSALS);
                    continue;
                }
            };
            let started = Instant::now();
            match self.client.inner.get(&url, self.priority()).await {
                Ok(_) if self.has_begun_wrong(&url) => {}
                Ok(answer) => {
                    if let Some(page) = self.read(&url, answer, started) {
                        return Some(page);
                    }
                }
                Err(trouble) => self.handle(trouble),
            }
        }
        None
    }

    /// Waits until the next request is due, or a new credential is there.
    async fn pause(&mut self) {
        while self.awaits_credential && Instant::now() < self.due {
            if self.client.inner.auth.has_changed() {
                tracing::info!("credential has changed, trying again");
                self.due = Instant::now();
                break;
            }
            sleep_until(self.due.min(Instant::now() + LOOK)).await;
        }
        sleep_until(self.due).await;
    }

    /// The time at which the log begins, when there is no cursor.
    fn since(&self, start: Start) -> Timestamp {
        let clock = &self.client.inner.clock;
        match start {
            Start::Now => clock.theirs(self.began),
            _ => start.time(clock.now(), self.kept),
        }
    }

    /// Whether a first request was sent with a wrong idea of what time it is for Okta.
    fn has_begun_wrong(&self, url: &Url) -> bool {
        let Position::Start(Start::Now) = self.position else { return false };
        let asked = url.query_pairs().find(|(name, _)| name == "since");
        let asked = asked.and_then(|(_, since)| since.parse::<Timestamp>().ok());
        let right = self.since(Start::Now);
        asked.is_some_and(|asked| asked.duration_since(right).abs() > SKEWED)
    }

    fn url(&self) -> Result<Url, String> {
        let inner = &self.client.inner;
        let start = match &self.position {
            Position::Cursor(cursor) => return links::check(&inner.base, cursor),
            Position::Start(start) => *start,
        };
        let mut url = inner.logs();
        let mut query = url.query_pairs_mut();
        query.append_pair("since", &written(self.since(start)));
        if let Some(until) = self.until {
            query.append_pair("until", &written(until));
        }
        query.append_pair("sortOrder", "ASCENDING");
        query.append_pair("limit", &self.limit().to_string());
        drop(query);
        inner.choose(&mut url);
        Ok(url)
    }

    /// How many events to ask for: another number after each setback, so that pages end elsewhere.
    fn limit(&self) -> u32 {
        let chunk_size = u32::from(self.client.inner.settings.chunk_size);
        let fewer = self.setbacks.saturating_sub(1) % 8 * chunk_size / 16;
        (chunk_size - fewer).max(1)
    }

    /// Makes a page of an answer, and moves on.
    fn read(&mut self, url: &Url, mut answer: Answer, started: Instant) -> Option<Page> {
        let next = answer.link("next").map(str::to_owned);
        let is_ours = answer.link("self").is_some();
        let (next, wrong_link) =
            match next.as_deref().map(|it| links::check(&self.client.inner.base, it)) {
                Some(Err(why)) => (None, Some(Trouble::NextLink(why))),
                _ => (next, None),
            };
        if wrong_link.is_some() {
            self.progress(|progress| progress.refused_links += 1);
        }
        let bytes = std::mem::take(&mut answer.body);
        let hash = next.is_none().then(|| hash(&bytes));
        let body = match Body::cut(bytes) {
            Ok(body) => body,
            Err(bytes) => {
                self.progress(|progress| progress.bad_pages += 1);
                self.bad_pages += 1;
                let trouble = Trouble::Page(describe(&answer.headers, &bytes));
                if self.bad_pages <= PATIENCE {
                    self.back_off(trouble);
                    return None;
                }
                let body = Body::salvage(&bytes);
                // A page for people, put up by something on the way, is no part of the log.
                if next.is_none() && body.events.is_empty() && !is_ours {
                    self.back_off(trouble);
                    return None;
                }
                tracing::warn!(
                    events = body.events.len(), rejects = body.rejects.len(), found = %trouble,
                    "made the most of a page"
                );
                body
            }
        };
        let ends = self.until.is_some() && next.is_none() && wrong_link.is_none();
        if next.is_some() || ends {
            return Some(self.advance(url, body, next, started));
        }
        // There is no way on: what has come is given, once, and asked for again.
        self.back_off(wrong_link.unwrap_or(Trouble::NoNextLink));
        let is_known = self.stuck == hash;
        self.stuck = hash;
        let is_empty = body.events.is_empty() && body.rejects.is_empty();
        (!is_known && !is_empty).then(|| self.page(url, body, None))
    }

    fn page(&mut self, url: &Url, body: Body, next: Option<String>) -> Page {
        let inner = &self.client.inner;
        let begin = match self.position {
            Position::Start(start) => self.last_seen.or(Some(self.since(start))),
            Position::Cursor(_) => self.last_seen,
        };
        // A cursor always comes with a time.
        let begin = begin.unwrap_or(Timestamp::UNIX_EPOCH);
        let newest = body.newest(inner.clock.now() + Duration::from_secs(1));
        let last_seen = newest.map_or(begin, |newest| newest.max(begin));
        self.last_seen = Some(last_seen);
        let asked = asked(url).unwrap_or(inner.settings.chunk_size.into());
        let is_full = body.events.len() + body.rejects.len() >= asked;
        self.progress(|progress| {
            progress.last_success = Some(Timestamp::now());
            progress.pages += 1;
            progress.events += body.events.len() as u64;
            progress.newest = progress.newest.max(newest);
        });
        let Body { text, events, rejects } = body;
        let received = Timestamp::now();
        Page { text, events, rejects, next, last_seen, is_full, received }
    }

    fn advance(&mut self, url: &Url, body: Body, next: Option<String>, started: Instant) -> Page {
        let page = self.page(url, body, next);
        (self.failures, self.bad_pages, self.refusals) = (0, 0, 0);
        (self.stuck, self.awaits_credential) = (None, false);
        let is_moving = match (&self.position, &page.next) {
            (Position::Cursor(old), Some(new)) => old != new,
            _ => true,
        };
        // A backfill goes on as fast as the limits allow.
        let at_once = is_moving && (page.is_full || self.until.is_some());
        self.due =
            if at_once { Instant::now() } else { started + self.client.inner.settings.frequency };
        match &page.next {
            Some(next) => self.position = Position::Cursor(next.clone()),
            None => self.is_finished = true,
        }
        let state = match (self.is_finished, at_once) {
            (true, _) => State::Finished,
            (false, true) => State::CatchingUp,
            (false, false) => State::CaughtUp,
        };
        self.progress(|progress| progress.state = state);
        page
    }

    /// Decides how to go on after a request came to nothing.
    fn handle(&mut self, trouble: Trouble) {
        if let Trouble::Api(error) = &trouble
            && matches!(error.status, 400 | 404 | 410)
        {
            if matches!(self.position, Position::Cursor(_)) {
                return self.refuse_cursor(trouble, 1);
            }
            if error.is("E0000053") {
                self.kept = self.kept.saturating_sub(DAY).max(DAY);
            }
        }
        self.back_off(trouble);
    }

    /// Goes back from the cursor to a time when it has been refused often enough.
    fn refuse_cursor(&mut self, trouble: Trouble, weight: u32) {
        self.refusals += weight;
        if self.refusals >= REFUSALS {
            self.refusals = 0;
            let last_seen = self.last_seen.unwrap_or(Timestamp::UNIX_EPOCH);
            if self.given_up_at != Some(last_seen) {
                self.setbacks = 0;
            }
            // The same way again would end at the same cursor: a shorter one, in other steps.
            let overlap = self.client.inner.settings.overlap / (1 << self.setbacks.min(4));
            self.setbacks = self.setbacks.saturating_add(1);
            self.given_up_at = Some(last_seen);
            let since = before(last_seen, overlap);
            tracing::warn!(error = %trouble, since = %written(since), "cursor no longer taken, going back");
            self.position = Position::Start(Start::At(since));
            self.progress(|progress| progress.fallbacks += 1);
        }
        self.back_off(trouble);
    }

    fn back_off(&mut self, trouble: Trouble) {
        self.failures = self.failures.saturating_add(1);
        self.awaits_credential = trouble.is_credential();
        let wait = self.client.inner.settings.backoff.wait(self.failures);
        let wait = match &trouble {
            Trouble::RateLimited { wait: Some(said) } => wait.max((*said).min(LONGEST)),
            _ => wait,
        };
        self.due = Instant::now() + wait;
        tracing::warn!(
            error = %trouble, failures = self.failures, wait_ms = wait.as_millis() as u64,
            backfill = self.until.is_some(), "no page"
        );
        self.progress(|progress| progress.failed(trouble, self.failures, wait));
    }
}

/// A time as Okta writes it.
fn written(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// How many events a request asked for.
fn asked(url: &Url) -> Option<usize> {
    let (_, limit) = url.query_pairs().find(|(name, _)| name == "limit")?;
    limit.parse().ok().filter(|limit| *limit > 0)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
