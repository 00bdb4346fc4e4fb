//! Reads a feed once: from where it was left, or whole.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use config::{FeedCredential, FeedForm, FeedPlace, FeedSource};
use ecs::Timestamp;
use feeds::{Client, Credential, Downloaded, Options, Patience};
use intel::{Feed, Form, Reading, Tlp, read_form};
use store::{Database, Imported};

use super::to_stored;

/// What reading a feed brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Synced {
    /// What became of its indicators.
    pub(crate) imported: Imported,
    /// How many the feed's settings leave out.
    pub(crate) left_out: u64,
    /// What cannot be used: how much, and the first of it.
    pub(crate) problems: (u64, Option<String>),
    /// Whether there was nothing to read.
    pub(crate) is_unchanged: bool,
}

impl Synced {
    fn add(&mut self, imported: Imported, reading: &Reading) {
        self.imported.added += imported.added;
        self.imported.changed += imported.changed;
        self.imported.removed += imported.removed;
        self.imported.unchanged += imported.unchanged;
        self.left_out += reading.left_out;
        self.problems.0 += reading.problem_count;
        if self.problems.1.is_none() {
            self.problems.1 = reading.problems.first().map(ToString::to_string);
        }
    }

    /// In one line.
    pub(crate) fn told(&self) -> String {
        if self.is_unchanged {
            return "as it was".to_owned();
        }
        let Imported { added, changed, removed, unchanged } = self.imported;
        let mut told =
            format!("{added} new, {changed} changed, {removed} removed, {unchanged} known");
        if self.left_out > 0 {
            told += &format!(", {} left out", self.left_out);
        }
        if let (count, Some(first)) = &self.problems {
            told += &format!(", {count} cannot be used (the first: {first})");
        }
        told
    }
}

/// Reads a feed, stores what it has, and notes how it went. `on_progress` is told how many
/// indicators have been read.
pub(crate) async fn sync(
    feed: &config::Feed,
    root: &Path,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Synced> {
    let mut database = Database::create(root)?;
    let outcome = read(feed, &mut database, on_progress).await;
    match &outcome {
        Ok(_) => database.note_feed(&feed.name, Ok(()))?,
        Err(error) => database.note_feed(&feed.name, Err(&format!("{error:#}")))?,
    }
    outcome
}

async fn read(
    feed: &config::Feed,
    database: &mut Database,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Synced> {
    match &feed.source {
        FeedSource::Taxii { url, collections } => {
            let client = client(feed, url)?;
            taxii(feed, &client, collections, database, on_progress).await
        }
        FeedSource::File(form, FeedPlace::Path(path)) => {
            let named = || format!("cannot read {}", path.display());
            let file = File::open(path).with_context(named)?;
            if file.metadata().with_context(named)?.is_dir() {
                bail!("cannot read {}: it is a folder", path.display());
            }
            tokio::task::block_in_place(|| whole(feed, *form, file, database, on_progress))
        }
        FeedSource::File(form, FeedPlace::Url(url)) => {
            let client = client(feed, url)?;
            // Settings decide what is made of a file: it is read again when they change.
            let source = format!("file {}", settings_of(feed));
            let known = database.feed_cursor(&feed.name, &source)?;
            let mut file = tempfile::tempfile().context("cannot make a file to fetch into")?;
            let Downloaded::Fetched(version) = client.download(known.as_deref(), &mut file).await?
            else {
                return Ok(Synced { is_unchanged: true, ..Synced::default() });
            };
            file.rewind()?;
            let synced =
                tokio::task::block_in_place(|| whole(feed, *form, file, database, on_progress))?;
            if let Some(version) = version {
                database.set_feed_cursor(&feed.name, &source, &version)?;
            }
            Ok(synced)
        }
    }
}

fn client(feed: &config::Feed, url: &str) -> Result<Client> {
    let secret = |source: &config::SecretSource| {
        source.read().with_context(|| format!("the credential of the feed {}", feed.name))
    };
    let credential = match &feed.credential {
        None => None,
        Some(FeedCredential::Basic { username, password }) => {
            Some(Credential::Basic(username.clone(), secret(password)?.expose().to_owned()))
        }
        Some(FeedCredential::Token { scheme, token }) => {
            Some(Credential::Token(scheme.clone(), secret(token)?.expose().to_owned()))
        }
    };
    Ok(Client::new(&Options {
        url: url.to_owned(),
        credential,
        ca_file: feed.ca_file.clone(),
        timeout: feed.timeout,
        patience: Patience::default(),
    })?)
}

/// What is made of the indicators of a feed.
fn as_read(feed: &config::Feed) -> Feed {
    // By the day, so that what is read every hour does not change every hour.
    const DAY: i64 = 86_400_000;
    let now = Timestamp::now().0;
    Feed {
        name: feed.name.clone(),
        confidence: feed.confidence,
        min_confidence: feed.min_confidence,
        tlp: None,
        max_tlp: Tlp::from_name(feed.max_tlp.name()),
        labels: feed.labels.clone(),
        expiry: feed.expiry.map(|expiry| i64::try_from(expiry.as_millis()).unwrap_or(i64::MAX)),
        read_at: Some(Timestamp(now - now.rem_euclid(DAY))),
    }
}

/// The settings that decide what is made of indicators, in a few letters.
fn settings_of(feed: &config::Feed) -> String {
    let config::Feed { confidence, min_confidence, max_tlp, labels, expiry, source, .. } = feed;
    let all = format!("{confidence:?} {min_confidence} {max_tlp} {labels:?} {expiry:?} {source:?}");
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, all.as_bytes());
    digest.simple().to_string().chars().take(12).collect()
}

const fn form_of(form: FeedForm) -> Form {
    match form {
        FeedForm::Stix => Form::Stix,
        FeedForm::Csv => Form::Csv,
        FeedForm::List => Form::List,
    }
}

/// Stores all that a feed has; what it no longer has goes.
fn whole(
    feed: &config::Feed,
    form: FeedForm,
    text: impl Read,
    database: &mut Database,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Synced> {
    let as_read = as_read(feed);
    let (imported, reading) =
        import(&feed.name, true, text, (Some(form_of(form)), &as_read), database, on_progress)?;
    let mut synced = Synced::default();
    synced.add(imported, &reading);
    if reading.used == 0
        && reading.left_out == 0
        && let Some(first) = reading.problems.first()
    {
        bail!("nothing of it can be used: {first}");
    }
    if reading.is_cut {
        let last = reading.problems.last().map(ToString::to_string).unwrap_or_default();
        bail!("it was not read to its end: {last}");
    }
    Ok(synced)
}

/// Reads a text and stores its indicators. `is_whole`: those that are not in it go, if it could be
/// read to its end and something of it can be used.
pub(crate) fn import(
    name: &str,
    is_whole: bool,
    text: impl Read,
    (form, feed): (Option<Form>, &Feed),
    database: &mut Database,
    on_progress: &mut dyn FnMut(u64),
) -> Result<(Imported, Reading)> {
    let mut import = database.import_indicators(name, is_whole)?;
    let mut failed = None;
    let mut count = 0;
    let reading = read_form(text, form, feed, &mut |indicator| {
        if failed.is_none() {
            failed = import.add(to_stored(indicator)).err();
            count += 1;
            if count % 1_000 == 0 {
                on_progress(count);
            }
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let is_empty = reading.used == 0 && reading.problem_count > 0;
    let imported = import.finish(!reading.is_cut && !is_empty)?;
    on_progress(count);
    Ok((imported, reading))
}

/// Reads the collections of a server, each from where it was left.
async fn taxii(
    feed: &config::Feed,
    client: &Client,
    wanted: &[String],
    database: &mut Database,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Synced> {
    let found = client.collections().await?;
    for problem in &found.problems {
        tracing::warn!(feed = feed.name, error = %problem, "a part of the feed is not read");
    }
    let collections = found.choose(wanted)?;
    if collections.is_empty() {
        return Err(anyhow!("there is no collection that can be read"));
    }
    let as_read = as_read(feed);
    let mut synced = Synced::default();
    let mut before = 0;
    for collection in &collections {
        let source = format!("{} {}", collection.id, settings_of(feed));
        let cursor = database.feed_cursor(&feed.name, &source)?;
        let mut pages = client.pages(collection, cursor.as_deref());
        while let Some(page) = pages.next().await? {
            let form = (Some(Form::Stix), &as_read);
            let (imported, reading) = tokio::task::block_in_place(|| {
                let progress = &mut |count| on_progress(before + count);
                import(&feed.name, false, page.body.as_slice(), form, database, progress)
            })?;
            before += reading.used;
            synced.add(imported, &reading);
            if let Some(resume) = page.resume {
                database.set_feed_cursor(&feed.name, &source, &resume)?;
            }
        }
    }
    Ok(synced)
}
