//! Secrets, and where they are kept.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// The most that is read from a file with a secret, in bytes. A private key has a few thousand.
const LARGEST: u64 = 64 << 10;

/// A secret. It is not printed, and two are compared in a time that tells nothing but lengths.
#[derive(Clone, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text for a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever has to send or sign with it. Not for messages.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.bytes().zip(other.0.bytes());
        self.0.len() == other.0.len() && pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In the environment variable of this name.
    Env(String),
    /// In this file; a line break at its end does not count.
    File(PathBuf),
}

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no such variable.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file cannot be read.
    #[error("cannot read {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// There is nothing, or nothing but space.
    #[error("{0} is empty, expected a secret")]
    Empty(SecretSource),
    /// It is no text.
    #[error("{0} is not UTF-8 text")]
    NoText(SecretSource),
    /// It is more than a secret could be.
    #[error("{0} has more than {LARGEST} bytes, expected a secret")]
    TooLarge(PathBuf),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl SecretSource {
    /// Reads the secret, without the space around it.
    ///
    /// # Errors
    ///
    /// When there is none. The error does not hold what was read.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let text = match self {
            Self::Env(name) => match std::env::var_os(name) {
                Some(value) => {
                    value.into_string().map_err(|_| SecretError::NoText(self.clone()))?
                }
                None => return Err(SecretError::Unset(name.clone())),
            },
            Self::File(path) => {
                let unreadable = |error| SecretError::Unreadable(path.clone(), error);
                let mut bytes = Vec::new();
                let file = File::open(path).map_err(unreadable)?;
                file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
                if bytes.len() as u64 > LARGEST {
                    return Err(SecretError::TooLarge(path.clone()));
                }
                String::from_utf8(bytes).map_err(|_| SecretError::NoText(self.clone()))?
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        Ok(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(Secret(***))");
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("b"));
        assert_ne!(Secret::new("a"), Secret::new("ab"));
    }

    #[test]
    fn files_are_read_without_their_last_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = SecretSource::File(path.clone());
        let message = |source: &SecretSource| source.read().unwrap_err().to_string();
        assert!(message(&source).starts_with("cannot read "));
        fs::write(&path, "s3cret\r\n").unwrap();
        assert_eq!(source.read().unwrap().expose(), "s3cret");
        for (bytes, expected) in [
            (b" \n".to_vec(), "is empty, expected a secret"),
            (b"\xff".to_vec(), "is not UTF-8 text"),
            (vec![b'a'; 100_000], "has more than 65536 bytes, expected a secret"),
        ] {
            fs::write(&path, bytes).unwrap();
            assert!(message(&source).ends_with(expected), "{}", message(&source));
        }
    }

    #[test]
    fn variables_are_read() {
        let source = SecretSource::Env("PATH".into());
        assert_eq!(source.read().unwrap().expose(), std::env::var("PATH").unwrap().trim());
        let source = SecretSource::Env("WARDGATE_TEST_NOT_SET".into());
        let message = source.read().unwrap_err().to_string();
        assert_eq!(message, "the environment variable WARDGATE_TEST_NOT_SET is not set");
    }
}
