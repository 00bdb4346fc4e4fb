//! TAXII 2.1: discovery, collections, and their objects page by page.

use std::hash::{DefaultHasher, Hash, Hasher};

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::client::{Client, place};
use crate::error::FeedError;

/// The media type (TAXII 2.1, section 1.6.8.1).
const MEDIA: &str = "application/taxii+json;version=2.1";
/// How many objects are asked for at a time.
const LIMIT: &str = "1000";
/// How many API roots are looked at.
const MOST_ROOTS: usize = 100;
/// How many pages are read at the most.
const MOST_PAGES: u32 = 100_000;
/// How many bytes of pages are read at the most.
const MOST_BYTES: u64 = 16 << 30;
/// How long the name of a page may be, in bytes.
const LONGEST_NAME: usize = 16 << 10;
/// How many pages without an object may follow each other.
const MOST_EMPTY: u32 = 20;

/// A collection that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Another name for it.
    pub alias: Option<String>,
    /// The API root that it belongs to.
    root: Url,
}

/// What there is on a server.
#[derive(Clone, Debug, Default)]
pub struct Collections {
    /// The collections that can be read.
    pub readable: Vec<Collection>,
    /// Why some API roots cannot be.
    pub problems: Vec<FeedError>,
}

impl Collections {
    /// Those that are wanted, by id, alias or title; all when none are named.
    ///
    /// # Errors
    ///
    /// When there is no such collection.
    pub fn choose(self, wanted: &[String]) -> Result<Vec<Collection>, FeedError> {
        if wanted.is_empty() {
            return Ok(self.readable);
        }
        let mut chosen: Vec<Collection> = Vec::new();
        for name in wanted {
            let is_it = |one: &&Collection| {
                one.id.eq_ignore_ascii_case(name)
                    || one.alias.as_ref() == Some(name)
                    || one.title.eq_ignore_ascii_case(name)
            };
            let Some(found) = self.readable.iter().find(is_it) else {
                let found = self.readable.iter().take(20);
                let found = found.map(|one| format!("{} ({})", one.id, one.title)).collect();
                return Err(FeedError::NoCollection { wanted: name.clone(), found });
            };
            if !chosen.contains(found) {
                chosen.push(found.clone());
            }
        }
        Ok(chosen)
    }
}

/// What stands at the address: the server's discovery, or an API root.
#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    api_roots: Option<Vec<String>>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    versions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    collections: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    title: String,
    alias: Option<String>,
    #[serde(default)]
    can_read: bool,
}

/// What stands around the objects of a page.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    more: Option<bool>,
    #[serde(default)]
    next: Option<serde_json::Value>,
    #[serde(default)]
    objects: Vec<IgnoredAny>,
}

/// Objects of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The envelope, as JSON.
    pub body: Vec<u8>,
    /// From where to go on once the page is kept; `None`: from where it was before.
    pub resume: Option<String>,
    /// Whether it is the last.
    pub is_last: bool,
}

/// The pages of a collection.
#[derive(Debug)]
pub struct Pages<'c> {
    client: &'c Client,
    collection: &'c Collection,
    /// Where reading began, or has come to.
    added_after: Option<String>,
    /// What the server calls the next page.
    next: Option<String>,
    /// Where to begin anew should it forget that.
    restart: Option<String>,
    /// A hash of the page before.
    before: Option<u64>,
    pages: u32,
    bytes: u64,
    empty: u32,
    is_done: bool,
}

impl Client {
    /// The collections of the server that can be read.
    ///
    /// # Errors
    ///
    /// When there is no TAXII server, or none of its API roots can be read.
    pub async fn collections(&self) -> Result<Collections, FeedError> {
        let start: Start = self.json(&self.url).await?;
        let mut all = Collections::default();
        let mut roots: Vec<Url> = Vec::new();
        match (start.api_roots, start.versions) {
            (None, Some(_)) => roots.push(self.url.clone()),
            (listed, _) => {
                let names = start.default.into_iter().chain(listed.unwrap_or_default());
                for name in names.take(MOST_ROOTS) {
                    let Ok(root) = self.url.join(&name) else { continue };
                    if root.origin() != self.url.origin() {
                        let (at, to) = (place(&self.url), place(&root));
                        all.problems.push(FeedError::Elsewhere { at, to });
                    } else if !roots.contains(&root) {
                        roots.push(root);
                    }
                }
            }
        }
        for root in roots {
            let root = with_slash(root);
            let Ok(url) = root.join("collections/") else { continue };
            match self.json::<Listing>(&url).await {
                Ok(listing) => {
                    let readable = listing.collections.into_iter().filter(|one| one.can_read);
                    all.readable.extend(readable.map(|one| Collection {
                        id: one.id,
                        title: one.title,
                        alias: one.alias,
                        root: root.clone(),
                    }));
                }
                Err(error) => all.problems.push(error),
            }
        }
        match (all.readable.is_empty(), all.problems.pop()) {
            (true, Some(problem)) => Err(problem),
            (_, problem) => {
                all.problems.extend(problem);
                Ok(all)
            }
        }
    }

    /// The indicators of a collection, those that were added after a time: as the server wrote it,
    /// in the `resume` of a page.
    #[must_use]
    pub fn pages<'c>(&'c self, collection: &'c Collection, added_after: Option<&str>) -> Pages<'c> {
        Pages {
            client: self,
            collection,
            added_after: added_after.map(str::to_owned),
            next: None,
            restart: None,
            before: None,
            pages: 0,
            bytes: 0,
            empty: 0,
            is_done: false,
        }
    }

    async fn json<T: for<'de> Deserialize<'de>>(&self, url: &Url) -> Result<T, FeedError> {
        let (_, body) = self.get(url, MEDIA, is_taxii).await?;
        parse(url, &body)
    }
}

fn is_taxii(kind: &str) -> bool {
    kind == "application/taxii+json"
}

fn parse<T: for<'de> Deserialize<'de>>(url: &Url, body: &[u8]) -> Result<T, FeedError> {
    serde_json::from_slice(body).map_err(|error| FeedError::Content {
        at: place(url),
        expected: "an answer as TAXII 2.1 has it",
        found: format!("{} bytes that are none ({error})", body.len()),
    })
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

impl Pages<'_> {
    /// The next page; `None` behind the last.
    ///
    /// # Errors
    ///
    /// When it cannot be read. What was handed out before can be kept: go on from its `resume`.
    pub async fn next(&mut self) -> Result<Option<Page>, FeedError> {
        if self.is_done {
            return Ok(None);
        }
        let url = self.url()?;
        let answer = self.client.get(&url, MEDIA, is_taxii).await;
        let (headers, body) = match answer {
            // Servers forget what they call pages: medallion does after half a minute.
            Err(FeedError::Status { status: 400 | 404 | 410, .. }) if self.restart.is_some() => {
                self.added_after = self.restart.take();
                self.next = None;
                self.client.get(&self.url()?, MEDIA, is_taxii).await?
            }
            answer => answer?,
        };
        let envelope: Envelope = parse(&url, &body)?;
        let has_more = envelope.more.unwrap_or(false);
        let last = text(&headers, "x-taxii-date-added-last");
        let first = text(&headers, "x-taxii-date-added-first");
        // Objects of one page may have been added at the same time as those of the next: as long
        // as there is more, reading begins anew just before this page.
        let resume = match has_more {
            false => last.clone().or_else(|| first.clone()),
            true => first.as_deref().and_then(just_before),
        };
        self.bound(&url, &envelope, has_more, &body)?;
        self.next = match envelope.next {
            Some(serde_json::Value::String(next)) if next.len() <= LONGEST_NAME => Some(next),
            Some(serde_json::Value::Number(next)) => Some(next.to_string()),
            _ => None,
        };
        if has_more && self.next.is_none() {
            let after = last.filter(|last| Some(last) != self.added_after.as_ref());
            let why = "the server neither names the next nor says when objects were added";
            let at = place(&url);
            self.added_after = Some(after.ok_or(FeedError::Endless { at, why })?);
        }
        // The requests of one run have to be the same but for `next`, so that it is not used now.
        self.restart = resume.clone().filter(|_| self.next.is_some());
        self.is_done = !has_more;
        Ok(Some(Page { body, resume, is_last: !has_more }))
    }

    fn url(&self) -> Result<Url, FeedError> {
        let id = &self.collection.id;
        let is_plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
        let path = format!("collections/{id}/objects/");
        let url = self.collection.root.join(&path).map_err(|_| FeedError::Url);
        let mut url = url.and_then(|url| match id.chars().all(is_plain) && id != ".." {
            true => Ok(url),
            false => Err(FeedError::Url),
        })?;
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("limit", LIMIT).append_pair("match[type]", "indicator");
        if let Some(added_after) = &self.added_after {
            pairs.append_pair("added_after", added_after);
        }
        if let Some(next) = &self.next {
            pairs.append_pair("next", next);
        }
        drop(pairs);
        Ok(url)
    }

    /// Gives up what has no end.
    fn bound(
        &mut self,
        url: &Url,
        envelope: &Envelope,
        has_more: bool,
        body: &[u8],
    ) -> Result<(), FeedError> {
        let endless = |why| Err(FeedError::Endless { at: place(url), why });
        self.pages += 1;
        self.bytes += body.len() as u64;
        self.empty = if envelope.objects.is_empty() { self.empty + 1 } else { 0 };
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let hash = hasher.finish();
        // The name of the next page tells nothing: some servers have one for all.
        let is_same = self.before.replace(hash) == Some(hash);
        if has_more && is_same && !envelope.objects.is_empty() {
            return endless("one is as the other");
        }
        if has_more && self.empty >= MOST_EMPTY {
            return endless("one after the other has no objects");
        }
        if self.pages > MOST_PAGES || self.bytes > MOST_BYTES {
            return endless("there are too many");
        }
        Ok(())
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let is_time = text.parse::<jiff::Timestamp>().is_ok();
    is_time.then(|| text.to_owned())
}

/// The microsecond before a time.
fn just_before(time: &str) -> Option<String> {
    let time: jiff::Timestamp = time.parse().ok()?;
    let before = time.checked_sub(jiff::SignedDuration::from_micros(1)).ok()?;
    Some(format!("{before:.6}"))
}
