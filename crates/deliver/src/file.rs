//! A file of NDJSON, rotated by size.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::delivery::Delivery;
use crate::writer::document_line;

/// A file that alerts are appended to, one document a line. What is appended is on the disk before
/// it counts as delivered. A half line that a crash has left is cut off when the file is opened.
/// When the file was moved away by somebody else, a new one is begun.
#[derive(Debug)]
pub struct FileTarget {
    path: PathBuf,
    rotate_size: Option<u64>,
    rotate_keep: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    length: u64,
}

impl FileTarget {
    /// Appends to `path`. When a line would make it larger than `rotate_size` bytes, it becomes
    /// `path.1`, that one `path.2`, and so on up to `rotate_keep`; the oldest is removed.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, rotate_size: Option<u64>, rotate_keep: u32) -> Self {
        Self { path: path.into(), rotate_size, rotate_keep, open: None }
    }

    /// Appends alerts, and waits until the disk has them. On an error none of them, some or all may
    /// be there, but no half line stays.
    pub(crate) fn append(&mut self, alerts: &[Delivery]) -> io::Result<()> {
        let result = self.try_append(alerts);
        if result.is_err() {
            // What is there is looked at anew.
            self.open = None;
        }
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot write {}: {error}", self.path.display()))
        };
        result.map_err(named)
    }

    fn try_append(&mut self, alerts: &[Delivery]) -> io::Result<()> {
        let mut open = self.opened()?;
        let mut pending = Vec::new();
        for alert in alerts {
            let line = document_line(alert);
            let length = open.length + pending.len() as u64;
            let is_full = self.rotate_size.is_some_and(|most| length + line.len() as u64 > most);
            if is_full && length > 0 {
                write_durably(&mut open, &pending)?;
                pending.clear();
                drop(open);
                self.rotate()?;
                open = self.opened()?;
            }
            pending.extend_from_slice(&line);
        }
        write_durably(&mut open, &pending)?;
        self.open = Some(open);
        Ok(())
    }

    /// The file under the path, as it is now.
    fn opened(&mut self) -> io::Result<Open> {
        if let Some(open) = self.open.take()
            && is_still(&open.file, &self.path)
            && open.file.metadata()?.len() == open.length
        {
            return Ok(open);
        }
        let is_new = !self.path.exists();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Alerts are about people, and no matter for everyone on the machine.
            options.mode(0o640);
        }
        let mut file = options.open(&self.path)?;
        let length = whole_lines(&mut file)?;
        if length < file.metadata()?.len() {
            warn!(file = %self.path.display(), "half a line at the end cut off");
            file.set_len(length)?;
        }
        if is_new {
            sync_folder(&self.path)?;
        }
        Ok(Open { file, length })
    }

    fn rotate(&self) -> io::Result<()> {
        if self.rotate_keep == 0 {
            fs::remove_file(&self.path)?;
            return sync_folder(&self.path);
        }
        // From the oldest, which is overwritten. A crash between leaves a gap that the next
        // rotation closes.
        for number in (1..self.rotate_keep).rev() {
            rename(&self.numbered(number), &self.numbered(number + 1))?;
        }
        rename(&self.path, &self.numbered(1))?;
        sync_folder(&self.path)
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

/// Appends, and takes back what did not fit.
fn write_durably(open: &mut Open, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let written = open.file.write_all(bytes).and_then(|()| open.file.sync_data());
    if let Err(error) = written {
        // If that fails as well, it is done when the file is opened next.
        let _ = open.file.set_len(open.length);
        return Err(error);
    }
    open.length += bytes.len() as u64;
    Ok(())
}

/// The length up to the end of the last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const CHUNK: u64 = 64 << 10;
    let mut end = file.metadata()?.len();
    let mut chunk = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        chunk.clear();
        Read::by_ref(file).take(end - start).read_to_end(&mut chunk)?;
        if let Some(at) = chunk.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Whether the path still leads to the file.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Makes names durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(number: i64) -> Delivery {
        Delivery { seq: number, document: format!("{{\"n\":{number}}}"), ..Delivery::default() }
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_are_appended_and_half_ones_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.ndjson");
        FileTarget::new(&path, None, 3).append(&[alert(1), alert(2)]).unwrap();
        assert_eq!(read(&path), "{\"n\":1}\n{\"n\":2}\n");
        for half in ["{\"n\":", &"x".repeat(200_000)] {
            let mut text = "{\"n\":1}\n".to_owned();
            text.push_str(half);
            fs::write(&path, text).unwrap();
            FileTarget::new(&path, None, 3).append(&[alert(3)]).unwrap();
            assert_eq!(read(&path), "{\"n\":1}\n{\"n\":3}\n");
        }
        fs::write(&path, "half").unwrap();
        FileTarget::new(&path, None, 3).append(&[alert(4)]).unwrap();
        assert_eq!(read(&path), "{\"n\":4}\n");
    }

    #[test]
    fn documents_are_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.ndjson");
        let pretty = Delivery { document: "{\n \"a\": 1\r\n}\n".into(), ..Delivery::default() };
        FileTarget::new(&path, None, 3).append(&[pretty]).unwrap();
        assert_eq!(read(&path), "{  \"a\": 1  }\n");
    }

    #[test]
    fn full_files_are_numbered_and_the_oldest_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.ndjson");
        let numbered = |number: u32| folder.path().join(format!("alerts.ndjson.{number}"));
        // Two lines of eight bytes fit.
        let mut target = FileTarget::new(&path, Some(16), 2);
        for number in 1..=3 {
            target.append(&[alert(number)]).unwrap();
        }
        assert_eq!(
            (read(&path), read(&numbered(1))),
            ("{\"n\":3}\n".into(), "{\"n\":1}\n{\"n\":2}\n".into())
        );
        target.append(&[alert(4), alert(5), alert(6), alert(7), alert(8)]).unwrap();
        assert_eq!(read(&path), "{\"n\":7}\n{\"n\":8}\n");
        assert_eq!(read(&numbered(1)), "{\"n\":5}\n{\"n\":6}\n");
        assert_eq!(read(&numbered(2)), "{\"n\":3}\n{\"n\":4}\n");
        assert!(!numbered(3).exists());
        // A line that is larger than a file may be has one for itself.
        let mut target = FileTarget::new(&path, Some(4), 1);
        target.append(&[alert(9)]).unwrap();
        assert_eq!(read(&path), "{\"n\":9}\n");
        let mut target = FileTarget::new(&path, Some(8), 0);
        target.append(&[alert(1)]).unwrap();
        assert_eq!(read(&path), "{\"n\":1}\n");
        assert_eq!(read(&numbered(1)), "{\"n\":7}\n{\"n\":8}\n");
    }

    #[test]
    fn a_gap_that_a_crash_left_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "full\n").unwrap();
        fs::write(folder.path().join("a.2"), "old\n").unwrap();
        FileTarget::new(&path, Some(5), 3).append(&[alert(1)]).unwrap();
        assert_eq!(read(&folder.path().join("a.1")), "full\n");
        assert_eq!(read(&folder.path().join("a.3")), "old\n");
        assert_eq!(read(&path), "{\"n\":1}\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let moved = folder.path().join("b");
        let mut target = FileTarget::new(&path, None, 3);
        target.append(&[alert(1)]).unwrap();
        fs::rename(&path, &moved).unwrap();
        target.append(&[alert(2)]).unwrap();
        assert_eq!((read(&moved), read(&path)), ("{\"n\":1}\n".into(), "{\"n\":2}\n".into()));
        // Or emptied, or written to.
        fs::write(&path, "").unwrap();
        target.append(&[alert(3)]).unwrap();
        assert_eq!(read(&path), "{\"n\":3}\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_and_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut target = FileTarget::new(&path, None, 3);
        let error = target.append(&[alert(1)]).unwrap_err().to_string();
        assert!(error.contains("No space left on device") && error.contains("cannot write"));
        fs::remove_file(&path).unwrap();
        target.append(&[alert(1)]).unwrap();
        assert_eq!(read(&path), "{\"n\":1}\n");
    }
}
