//! Texts that are not to be seen, and where they are kept.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::trouble::Trouble;

/// A secret of this size, in bytes, is none.
const LARGEST: u64 = 64 * 1024;

/// A token or a private key. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being printed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In the environment variable of this name.
    Env(String),
    /// In this file, which is read again when it has changed.
    File(PathBuf),
    /// Here.
    Given(Secret),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "environment variable {name}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Given(_) => formatter.write_str("given secret"),
        }
    }
}

impl SecretSource {
    /// The secret, without white space around it.
    fn read(&self) -> Result<Secret, String> {
        let text = match self {
            Self::Env(name) => {
                std::env::var(name).map_err(|_| format!("{self} is not set, or no text"))?
            }
            Self::File(path) => read_file(path).map_err(|error| format!("{self}: {error}"))?,
            Self::Given(secret) => return Ok(secret.clone()),
        };
        let text = text.trim();
        if text.is_empty() { Err(format!("{self} is empty")) } else { Ok(Secret::new(text)) }
    }

    fn stamp(&self) -> Option<Stamp> {
        let Self::File(path) = self else { return None };
        Stamp::of(path)
    }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// What tells one version of a file from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len(), inode })
    }
}

/// A secret, made into what it is used for, and made again when its file has changed.
pub(crate) struct Watched<T> {
    source: SecretSource,
    make: fn(&Secret) -> Result<T, String>,
    /// Of the file when it was last read, whatever came of it.
    stamp: Option<Stamp>,
    secret: Option<Secret>,
    value: Option<T>,
    /// To be read again even if it seems to be the same.
    suspect: bool,
}

impl<T> Watched<T> {
    pub(crate) fn new(source: SecretSource, make: fn(&Secret) -> Result<T, String>) -> Self {
        Self { source, make, stamp: None, secret: None, value: None, suspect: true }
    }

    /// Whether the file is another one than the one that was read.
    pub(crate) fn has_changed(&self) -> bool {
        self.source.stamp().is_some_and(|stamp| self.stamp.as_ref() != Some(&stamp))
    }

    /// Has it read again, because what was made of it is not taken.
    pub(crate) fn distrust(&mut self) {
        self.suspect = true;
    }

    /// Reads the file if it has changed; says whether the secret is another one.
    ///
    /// A file that can't be used, such as one that is just being written, leaves what there was:
    /// an error is returned only when there was nothing.
    pub(crate) fn refresh(&mut self) -> Result<bool, Trouble> {
        if !self.suspect && self.value.is_some() && !self.has_changed() {
            return Ok(false);
        }
        // Taken before reading: a change in between is seen as one the next time.
        let stamp = self.source.stamp();
        let made = self.source.read().and_then(|secret| {
            if self.value.is_some() && self.secret.as_ref() == Some(&secret) {
                return Ok(None);
            }
            let value = (self.make)(&secret).map_err(|why| format!("{}: {why}", self.source))?;
            Ok(Some((secret, value)))
        });
        self.stamp = stamp;
        match made {
            Ok(None) => {
                self.suspect = false;
                Ok(false)
            }
            Ok(Some((secret, value))) => {
                self.suspect = false;
                (self.secret, self.value) = (Some(secret), Some(value));
                Ok(true)
            }
            Err(why) if self.value.is_some() => {
                tracing::warn!(reason = %why, "going on with the credential read before");
                Ok(false)
            }
            Err(why) => Err(Trouble::Credential(why)),
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(secret: &Secret) -> Result<String, String> {
        let text = secret.expose();
        if text.starts_with('x') { Ok(text.to_owned()) } else { Err("no x".to_owned()) }
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut watched = Watched::new(SecretSource::File(path.clone()), make);
        let error = watched.refresh().unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");

        std::fs::write(&path, " x1\n").unwrap();
        assert!(watched.refresh().unwrap());
        assert_eq!(watched.value().map(String::as_str), Some("x1"));
        assert!(!watched.has_changed() && !watched.refresh().unwrap());

        std::fs::write(&path, "").unwrap();
        assert!(watched.has_changed() && !watched.refresh().unwrap());
        std::fs::write(&path, "broken").unwrap();
        assert!(!watched.refresh().unwrap());
        assert_eq!(watched.value().map(String::as_str), Some("x1"));

        std::fs::write(&path, "x22").unwrap();
        assert!(watched.has_changed() && watched.refresh().unwrap());
        assert_eq!(watched.value().map(String::as_str), Some("x22"));
    }

    #[test]
    fn what_is_distrusted_is_read_again_though_it_looks_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "x1").unwrap();
        let mut watched = Watched::new(SecretSource::File(path.clone()), make);
        watched.refresh().unwrap();
        // The same length, inode and time of change.
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, "x2").unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert!(!watched.has_changed() && !watched.refresh().unwrap());
        watched.distrust();
        assert!(watched.refresh().unwrap());
        assert_eq!(watched.value().map(String::as_str), Some("x2"));
    }

    #[test]
    fn nothing_prints_a_secret() {
        let source = SecretSource::Given(Secret::new("hunter2"));
        assert!(!format!("{source:?} {source}").contains("hunter2"));
        let mut refused = Watched::new(source, make);
        assert!(!refused.refresh().unwrap_err().to_string().contains("hunter2"));
    }
}
