//! Reads inputs one after another and cuts them into chunks.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::chunk::{self, Chunk, Kind, Mark};
use crate::decompress::{self, Bytes};
use crate::form::{self, Form, Found};
use crate::resync::{Wholeness, wholeness};
use crate::split::{Splitter, Window};
use crate::{Input, Reason};

/// How inputs are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The size of a chunk in bytes, as long as no event is longer.
    pub chunk: usize,
    /// The size in bytes from which on something is too long to be an event.
    pub limit: usize,
}

impl Default for Options {
    /// Chunks of 512 KiB, and events of up to 64 MiB.
    fn default() -> Self {
        Self { chunk: 512 * 1024, limit: 64 * 1024 * 1024 }
    }
}

/// How far the reading has come, for all to see while it goes on.
#[derive(Debug, Default)]
pub struct ReadProgress {
    read: AtomicU64,
    total: Option<u64>,
}

impl ReadProgress {
    /// Bytes read so far, as they are in the files, compressed or not.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The sizes of all files together; `None` when one is a pipe.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

/// The inputs, read one after another and cut into chunks that end where an event ends.
///
/// Several workers share it behind a mutex: what happens under the lock is reading, taking off
/// compression and finding where events begin and end. At most one input is open at a time, and
/// the memory needed does not depend on its size.
pub struct Chunks {
    inputs: Arc<[Input]>,
    options: Options,
    progress: Arc<ReadProgress>,
    next_input: usize,
    sequence: u64,
    current: Option<Current>,
}

/// The input that is being read.
struct Current {
    input: usize,
    /// `None` at its end.
    bytes: Option<Bytes>,
    /// `None` as long as nothing has been read.
    splitter: Option<Splitter>,
    /// Read, but not part of a chunk yet.
    rest: Vec<u8>,
    offset: u64,
    /// Bytes that have been read from the file itself.
    read: Arc<AtomicU64>,
    /// What ended it before its time.
    broken: Option<Reason>,
}

/// Counts what is read of a file.
struct Watched {
    bytes: Bytes,
    progress: Arc<ReadProgress>,
    read: Arc<AtomicU64>,
}

impl Read for Watched {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(to)?;
        self.progress.read.fetch_add(count as u64, Ordering::Relaxed);
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Chunks {
    /// A reader of `inputs`, in their order.
    #[must_use]
    pub fn new(inputs: Vec<Input>, options: Options) -> Self {
        let total = inputs.iter().map(Input::size).sum();
        let progress = Arc::new(ReadProgress { total, ..ReadProgress::default() });
        let options = Options {
            chunk: options.chunk.max(1),
            // The offsets within a chunk have to stay below this for the sums of two to be right
            // on every machine.
            limit: options.limit.clamp(1, 1 << 30),
        };
        let (next_input, sequence, current) = (0, 0, None);
        Self { inputs: inputs.into(), options, progress, next_input, sequence, current }
    }

    /// A reader of a single input that is no file of its own, such as a part of an archive.
    ///
    /// # Errors
    ///
    /// When there is not enough memory for decompressing it.
    pub fn of_bytes(bytes: impl Read + Send + 'static, options: Options) -> io::Result<Self> {
        let mut chunks = Self::new(vec![Input::stdin()], options);
        chunks.next_input = 1;
        chunks.current = Some(chunks.begin(0, Box::new(bytes))?);
        Ok(chunks)
    }

    /// The inputs, by the index that [`Chunk::input`] gives.
    #[must_use]
    pub fn inputs(&self) -> Arc<[Input]> {
        Arc::clone(&self.inputs)
    }

    /// How far the reading has come; stays up to date.
    #[must_use]
    pub fn progress(&self) -> Arc<ReadProgress> {
        Arc::clone(&self.progress)
    }

    /// The next chunk, in the buffers of `reuse`; `None` when everything has been read.
    ///
    /// A file that breaks off in the middle, or whose compression is damaged, does not end in an
    /// error: the last item of its last chunk is a reject that says so.
    ///
    /// # Errors
    ///
    /// When an input can't be opened. The next call goes on with the one behind it.
    pub fn next_chunk(&mut self, reuse: Chunk) -> io::Result<Option<Chunk>> {
        let mut chunk = reuse;
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => {
                    let Some(input) = self.inputs.get(self.next_input) else {
                        return Ok(None);
                    };
                    let bytes = input.open();
                    self.next_input += 1;
                    self.begin(self.next_input - 1, bytes?)?
                }
            };
            let is_over = current.fill(&mut chunk, self.options, &self.progress, &self.inputs);
            if !is_over {
                self.current = Some(current);
            }
            if !chunk.marks.is_empty() {
                chunk.sequence = self.sequence;
                self.sequence += 1;
                return Ok(Some(chunk));
            }
        }
    }

    fn begin(&self, input: usize, bytes: Bytes) -> io::Result<Current> {
        let read = Arc::new(AtomicU64::new(0));
        let progress = Arc::clone(&self.progress);
        let bytes = Box::new(Watched { bytes, progress, read: Arc::clone(&read) });
        Ok(Current {
            input,
            bytes: Some(decompress::decode(bytes)?),
            splitter: None,
            rest: Vec::new(),
            offset: 0,
            read,
            broken: None,
        })
    }
}

impl Current {
    /// Fills `chunk` with what comes next; returns whether that was the last of this input.
    fn fill(
        &mut self,
        chunk: &mut Chunk,
        options: Options,
        progress: &ReadProgress,
        inputs: &[Input],
    ) -> bool {
        // Room for more than what is left over, or nothing would be won.
        let mut goal = options.chunk.max(self.rest.len().saturating_mul(2));
        chunk.reset(goal);
        chunk.append(&self.rest);
        self.rest.clear();
        chunk.input = self.input;
        let done = loop {
            self.read_up_to(goal, chunk);
            let mut splitter = match self.splitter.take() {
                Some(splitter) => splitter,
                None => self.recognise(chunk, progress, inputs),
            };
            let window = Window {
                bytes: chunk.buffer.get(..chunk.len).unwrap_or_default(),
                eof: self.bytes.is_none(),
                full: chunk.len >= options.chunk,
                limit: options.limit,
            };
            let done = splitter.split(&window, &mut chunk.marks);
            chunk.form = splitter.form();
            chunk.columns = splitter.columns();
            let line = splitter.line();
            self.splitter = Some(splitter);
            if window.eof && done == chunk.len {
                self.finish(chunk, line);
                return true;
            }
            if done > 0 {
                break done;
            }
            goal = goal.saturating_mul(2);
        };
        self.rest.extend_from_slice(chunk.bytes().get(done..).unwrap_or_default());
        chunk.len = done;
        chunk.offset = self.offset;
        self.offset += done as u64;
        false
    }

    /// Reads until `chunk` is `goal` bytes long, or there is no more.
    fn read_up_to(&mut self, goal: usize, chunk: &mut Chunk) {
        chunk.reserve(goal);
        while let Some(bytes) = &mut self.bytes {
            let room = chunk.buffer.get_mut(chunk.len..goal).unwrap_or_default();
            if room.is_empty() {
                return;
            }
            match bytes.read(room) {
                Ok(0) => self.bytes = None,
                Ok(count) => chunk.len += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes = None;
                    self.broken = Some(Reason::Broken(error.to_string().into()));
                }
            }
        }
    }

    /// Finds out what this is, by its first bytes.
    fn recognise(
        &mut self,
        chunk: &mut Chunk,
        progress: &ReadProgress,
        inputs: &[Input],
    ) -> Splitter {
        // With tiny chunks there is not much to go by.
        const ENOUGH: usize = 64 * 1024;
        /// What is kept of a file that is no log.
        const SAMPLE: usize = 256;
        self.read_up_to(ENOUGH.max(chunk.len), chunk);
        if chunk.bytes().starts_with(b"\xEF\xBB\xBF") {
            chunk.buffer.copy_within(3..chunk.len, 0);
            chunk.len -= 3;
            self.offset += 3;
        }
        let found = form::recognise(chunk.bytes());
        if let Found::NotText(what) = found {
            chunk.len = chunk.len.min(SAMPLE);
            let kind = Kind::Reject(Reason::NotText(what));
            chunk.marks.push(Mark { start: 0, end: chunk.len, line: 1, kind });
            self.bytes = None;
            self.broken = None;
            let size = inputs.get(self.input).and_then(Input::size).unwrap_or_default();
            let unread = size.saturating_sub(self.read.load(Ordering::Relaxed));
            progress.read.fetch_add(unread, Ordering::Relaxed);
        }
        Splitter::new(found)
    }

    /// Says in the last chunk what broke the input off. What stands there half is part of it.
    fn finish(&mut self, chunk: &mut Chunk, line: u64) {
        chunk.offset = self.offset;
        let Some(reason) = self.broken.take() else {
            return;
        };
        let bytes = chunk.buffer.get(..chunk.len).unwrap_or_default();
        let is_unfinished = |mark: &&mut Mark| {
            let text = bytes.get(mark.start..mark.end).unwrap_or_default();
            matches!(mark.kind, Kind::Event)
                && bytes.get(mark.end..).unwrap_or_default().iter().all(chunk::is_filler)
                && bytes.last() != Some(&b'\n')
                && (chunk.form == Form::Csv || wholeness(text) != Wholeness::Whole)
        };
        match chunk.marks.last_mut().filter(is_unfinished) {
            Some(half) => half.kind = Kind::Reject(reason),
            None => {
                let (start, end) = (chunk.len, chunk.len);
                chunk.marks.push(Mark { start, end, line, kind: Kind::Reject(reason) });
            }
        }
    }
}
