//! The data folder: what stands where, which format it has, and who may write.
//!
//! ```text
//! FORMAT         the version of the format
//! lock           held by the one process that collects
//! wardgate.db    SQLite: everything but the indexed events
//! days/DATE/     the events of a UTC day: a Tantivy index
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Day, Error};

/// The version of the format that this version writes, and the latest that it reads.
pub const FORMAT: u32 = 1;

/// A data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// The right to write, held as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Folder {
    /// The data folder at `root`, which has to exist.
    ///
    /// # Errors
    ///
    /// When it is none, or was written by a newer version.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let folder = Self { root: root.to_owned() };
        let format = folder.root.join("FORMAT");
        let text = match fs::read_to_string(&format) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoFolder(root.to_owned()));
            }
            Err(error) => return Err(Error::io(format)(error)),
        };
        let found = text.trim().parse().map_err(|_| Error::NoFolder(root.to_owned()))?;
        if found > FORMAT {
            return Err(Error::Newer { folder: folder.root, found, known: FORMAT });
        }
        Ok(folder)
    }

    /// The data folder at `root`, made if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened.
    pub fn create(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(Error::io(root))?;
        let days = root.join("days");
        fs::create_dir_all(&days).map_err(Error::io(&days))?;
        restrict(root)?;
        let format = root.join("FORMAT");
        if !format.exists() {
            let other = root.join("wardgate.db").exists();
            if other {
                // A folder whose format is not known is not touched.
                return Err(Error::NoFolder(root.to_owned()));
            }
            write_whole(&format, format!("{FORMAT}\n").as_bytes())?;
        }
        Self::open(root)
    }

    /// Takes the right to write.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let path = self.root.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(self.root.clone())),
            Err(TryLockError::Error(error)) => Err(Error::io(path)(error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("wardgate.db")
    }

    /// The folder of a day's events.
    #[must_use]
    pub fn day(&self, day: Day) -> PathBuf {
        self.root.join("days").join(day.to_string())
    }

    /// The days that have events, oldest first, those without a date at the front.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn days(&self) -> Result<Vec<Day>, Error> {
        let path = self.root.join("days");
        let mut days = Vec::new();
        for entry in fs::read_dir(&path).map_err(Error::io(&path))? {
            let entry = entry.map_err(Error::io(&path))?;
            let name = entry.file_name();
            if let Some(day) = name.to_str().and_then(|name| name.parse().ok())
                && entry.path().join("meta.json").exists()
            {
                days.push(day);
            }
        }
        days.sort_unstable();
        Ok(days)
    }
}

/// Only the owner reads what is stored.
fn restrict(root: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(Error::io(root))?;
    }
    Ok(())
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).map_err(Error::io(&beside))?;
    file.write_all(bytes).map_err(Error::io(&beside))?;
    file.sync_all().map_err(Error::io(&beside))?;
    fs::rename(&beside, path).map_err(Error::io(path))?;
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))?;
    }
    Ok(())
}

/// The bytes of all files below `path`.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
