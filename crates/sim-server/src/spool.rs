//! Where the text of events goes when there is more of it than memory should hold.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The size of a place in the file, and so the most that is put into one.
pub(crate) const SLOT_BYTES: usize = 4 << 20;

/// A temporary file of slots, which is gone with the process.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    file: Option<File>,
    slots: u64,
    free: Vec<u64>,
}

impl Spool {
    /// Puts `bytes`, at most [`SLOT_BYTES`], into a slot and gives its number.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let mut file = match &self.file {
            Some(file) => file,
            None => self.file.insert(unnamed_file()?),
        };
        let slot = self.free.last().copied().unwrap_or(self.slots);
        file.seek(SeekFrom::Start(slot * SLOT_BYTES as u64))?;
        file.write_all(bytes)?;
        if self.free.pop().is_none() {
            self.slots += 1;
        }
        Ok(slot)
    }

    /// Appends `length` bytes from `start` on of a slot to `out`.
    pub(crate) fn read(
        &self,
        slot: u64,
        start: usize,
        length: usize,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        file.seek(SeekFrom::Start(slot * SLOT_BYTES as u64 + start as u64))?;
        let read = file.take(length as u64).read_to_end(out)?;
        if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Gives a slot back.
    pub(crate) fn free(&mut self, slot: u64) {
        self.free.push(slot);
    }
}

/// A new file in the folder for temporary files whose name is taken away at once.
fn unnamed_file() -> io::Result<File> {
    let folder = std::env::temp_dir();
    for attempt in 0..100_u32 {
        let name = format!("simulated-log-{}-{attempt}", std::process::id());
        let path = folder.join(name);
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                // Where an open file can't be removed it stays, which does no harm.
                let _ = std::fs::remove_file(&path);
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_what_they_are_given_and_are_used_again() {
        let mut spool = Spool::default();
        let first = spool.put(&[b'a'; 1000]).unwrap();
        let second = spool.put(&vec![b'b'; SLOT_BYTES]).unwrap();
        let mut out = b"x".to_vec();
        spool.read(first, 998, 2, &mut out).unwrap();
        spool.read(second, SLOT_BYTES - 1, 1, &mut out).unwrap();
        assert_eq!(out, b"xaab");
        spool.free(first);
        assert_eq!(spool.put(b"c").unwrap(), first);
        assert!(spool.read(second + 1, 0, 1, &mut out).is_err());
    }
}
