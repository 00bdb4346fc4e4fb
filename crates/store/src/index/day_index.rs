//! The index of one day.

use std::fs;
use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{Index, IndexSettings, IndexWriter};

use super::document::Document;
use super::schema::{Schema, tokenizers};
use crate::failpoint::failpoint;
use crate::folder::Folder;
use crate::{Day, Error};

/// What a writer may hold in memory before it writes a segment, in bytes.
pub(crate) const WRITER_MEMORY: usize = 64 << 20;

/// Opens the index of a day.
///
/// # Errors
///
/// When it is damaged, or is not there.
pub fn open(folder: &Folder, day: Day) -> Result<Index, Error> {
    let path = folder.day(day);
    let directory = MmapDirectory::open(&path).map_err(|error| Error::index(day)(error.into()))?;
    let mut index = Index::open(directory).map_err(Error::index(day))?;
    if index.schema() != Schema::get().tantivy {
        let reason = "its fields are not those of this version".to_owned();
        return Err(Error::DamagedDay(day, reason));
    }
    index.set_tokenizers(tokenizers());
    Ok(index)
}

/// The number of the last event that is in the index of a day for certain.
pub(crate) fn indexed(index: &Index, day: Day) -> Result<u64, Error> {
    let metas = index.load_metas().map_err(Error::index(day))?;
    Ok(metas.payload.and_then(|payload| payload.parse().ok()).unwrap_or(0))
}

/// Writes the index of one day.
pub(crate) struct DayWriter {
    day: Day,
    writer: IndexWriter<Document>,
    /// All events of the day up to this number are in the last commit.
    pub(crate) indexed: u64,
    /// Events since the last commit.
    pub(crate) added: u64,
    /// When it was last written to, in rounds of the indexer.
    pub(crate) used: u64,
}

impl DayWriter {
    /// Opens the index of a day to write, and makes it if there is none.
    pub(crate) fn open(folder: &Folder, day: Day) -> Result<Self, Error> {
        let path = folder.day(day);
        let index =
            if path.join("meta.json").exists() { open(folder, day)? } else { make(&path, day)? };
        let indexed = indexed(&index, day)?;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(WRITER_MEMORY)
            .num_merge_threads(1)
            .build();
        let writer = index.writer_with_options(options).map_err(Error::index(day))?;
        let mut merging = LogMergePolicy::default();
        merging.set_min_num_segments(6);
        merging.set_max_docs_before_merge(2_000_000);
        merging.set_min_layer_size(20_000);
        writer.set_merge_policy(Box::new(merging));
        Ok(Self { day, writer, indexed, added: 0, used: 0 })
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, document: Document) -> Result<(), Error> {
        self.writer.add_document(document).map_err(Error::index(self.day))?;
        self.added += 1;
        Ok(())
    }

    /// Makes what was added durable and searchable, together with the number up to which the day
    /// is complete.
    pub(crate) fn commit(&mut self, indexed: u64) -> Result<(), Error> {
        let mut prepared = self.writer.prepare_commit().map_err(Error::index(self.day))?;
        failpoint("index_prepared");
        prepared.set_payload(&indexed.to_string());
        prepared.commit().map_err(Error::index(self.day))?;
        failpoint("index_committed");
        self.indexed = indexed;
        self.added = 0;
        Ok(())
    }

    /// Ends writing; waits for merges that are under way.
    pub(crate) fn close(self) -> Result<(), Error> {
        self.writer.wait_merging_threads().map_err(Error::index(self.day))
    }
}

fn make(path: &Path, day: Day) -> Result<Index, Error> {
    // What a crash left before the first commit is nothing.
    if path.exists() {
        fs::remove_dir_all(path).map_err(Error::io(path))?;
    }
    fs::create_dir_all(path).map_err(Error::io(path))?;
    if let Some(parent) = path.parent() {
        let synced = fs::File::open(parent).and_then(|folder| folder.sync_all());
        synced.map_err(Error::io(parent))?;
    }
    let directory = MmapDirectory::open(path).map_err(|error| Error::index(day)(error.into()))?;
    let settings = IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor { compression_level: Some(1) }),
        docstore_blocksize: 48 << 10,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let schema = Schema::get().tantivy.clone();
    let builder = Index::builder().schema(schema).settings(settings).tokenizers(tokenizers());
    builder.open_or_create(directory).map_err(Error::index(day))
}
