//! From what a person names on the command line to the files that are read.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::decompress::Bytes;

/// A file to be read, or the standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// `None` for the standard input.
    path: Option<PathBuf>,
    size: Option<u64>,
    modified: Option<SystemTime>,
}

/// Why there is nothing to read where a person said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was named at all.
    #[error("no input: expected files, folders, patterns or `-` for the standard input")]
    Nothing,
    /// There is no such file or folder.
    #[error("{}: no such file or folder", .0.display())]
    Missing(PathBuf),
    /// A pattern that no file matches.
    #[error("{0}: no file matches this pattern")]
    NoMatch(String),
    /// A pattern that is none.
    #[error("{pattern}: not a valid pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A folder with no file in it or below it.
    #[error("{}: there are no files in this folder (hidden ones are not read)", .0.display())]
    EmptyFolder(PathBuf),
    /// A file or folder that can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Input {
    /// The standard input.
    #[must_use]
    pub fn stdin() -> Self {
        Self { path: None, size: None, modified: None }
    }

    /// The file at `path`, as far as the system tells about it.
    fn file(path: PathBuf) -> Result<Self, Error> {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(source) => return Err(Error::Unreadable { path, source }),
        };
        if metadata.is_file()
            && let Err(source) = File::open(&path)
        {
            return Err(Error::Unreadable { path, source });
        }
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Self { path: Some(path), size, modified: metadata.modified().ok() })
    }

    /// The path of the file; `None` for the standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The size of the file in bytes, where there is one: pipes have none.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// When the file was last written, as the time its events arrived.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    pub(crate) fn open(&self) -> io::Result<Bytes> {
        match &self.path {
            None => Ok(Box::new(io::stdin())),
            Some(path) => {
                let named = |error: io::Error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                };
                Ok(Box::new(File::open(path).map_err(named)?))
            }
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            None => formatter.write_str("stdin"),
            Some(path) => path.display().fmt(formatter),
        }
    }
}

/// Finds the files that `paths` name: files, folders with everything below them, patterns with
/// `*`, `?`, `[…]` and `**`, and `-` for the standard input.
///
/// The order is that of `paths`, and by name within folders and patterns. Hidden files in folders
/// are passed over, and a file that is named twice is read once.
///
/// # Errors
///
/// When one of `paths` leads to no file, or to one that can't be read.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("events.ndjson"), "{}")?;
/// let inputs = files::expand(&[folder.path()])?;
/// assert_eq!(inputs.len(), 1);
/// assert_eq!(inputs[0].size(), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn expand<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Input>, Error> {
    let mut found = Collected::default();
    for path in paths.iter().map(AsRef::as_ref) {
        if path == Path::new("-") {
            if !found.inputs.contains(&Input::stdin()) {
                found.inputs.push(Input::stdin());
            }
        } else if path.is_dir() {
            if found.folder(path, &mut HashSet::new())? == 0 {
                return Err(Error::EmptyFolder(path.to_owned()));
            }
        } else if path.exists() {
            found.file(path.to_owned())?;
        } else {
            found.pattern(path)?;
        }
    }
    if found.inputs.is_empty() {
        return Err(Error::Nothing);
    }
    Ok(found.inputs)
}

#[derive(Default)]
struct Collected {
    inputs: Vec<Input>,
    /// Where the files really are, by which the same one is recognised under two names.
    seen: HashSet<PathBuf>,
}

impl Collected {
    fn file(&mut self, path: PathBuf) -> Result<(), Error> {
        let place = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if !self.seen.contains(&place) {
            self.inputs.push(Input::file(path)?);
            self.seen.insert(place);
        }
        Ok(())
    }

    /// Adds the files in `folder` and below; returns how many there are, named before or not.
    /// `above` holds the folders this one lies in, so that a link upwards is not followed.
    fn folder(&mut self, folder: &Path, above: &mut HashSet<PathBuf>) -> Result<usize, Error> {
        let unreadable = |source| Error::Unreadable { path: folder.to_owned(), source };
        let place = fs::canonicalize(folder).map_err(unreadable)?;
        if !above.insert(place.clone()) {
            return Ok(0);
        }
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<_> =
            entries.map_err(unreadable)?.iter().map(fs::DirEntry::file_name).collect();
        names.sort();
        let mut count = 0;
        for name in names {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = folder.join(name);
            if path.is_dir() {
                count += self.folder(&path, above)?;
            } else if path.is_file() {
                self.file(path)?;
                count += 1;
            }
        }
        above.remove(&place);
        Ok(count)
    }

    fn pattern(&mut self, path: &Path) -> Result<(), Error> {
        let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
            return Err(Error::Missing(path.to_owned()));
        };
        let options = glob::MatchOptions {
            require_literal_separator: true,
            require_literal_leading_dot: true,
            ..Default::default()
        };
        let matches = glob::glob_with(pattern, options)
            .map_err(|error| Error::Pattern { pattern: pattern.to_owned(), reason: error.msg })?;
        let mut count = 0;
        for path in matches {
            let path = path.map_err(|error| Error::Unreadable {
                path: error.path().to_owned(),
                source: error.into(),
            })?;
            if path.is_dir() {
                count += self.folder(&path, &mut HashSet::new())?;
            } else {
                self.file(path)?;
                count += 1;
            }
        }
        if count == 0 { Err(Error::NoMatch(pattern.to_owned())) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, paths: &[&str]) -> Result<Vec<String>, String> {
        let place = |path: &&str| if *path == "-" { "-".into() } else { folder.join(path) };
        let paths: Vec<_> = paths.iter().map(place).collect();
        let prefix = format!("{}/", folder.display());
        let short = |text: String| text.replace(&prefix, "");
        let inputs = expand(&paths).map_err(|error| short(error.to_string()))?;
        Ok(inputs.iter().map(|input| short(input.to_string())).collect())
    }

    #[test]
    fn paths_lead_to_files() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b.json", "a.json", ".hidden", "in/c.gz", "in/.git/x", "in/deep/d[1].csv"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("..", folder.path().join("in/up")).unwrap();
            std::os::unix::fs::symlink("nowhere", folder.path().join("in/lost")).unwrap();
        }
        let in_folder = ["in/c.gz", "in/deep/d[1].csv"];
        type Case<'a> = (&'a [&'a str], Result<&'a [&'a str], &'a str>);
        let cases: [Case<'_>; 14] = [
            (&["b.json", "a.json"], Ok(&["b.json", "a.json"])),
            (&["a.json", "in/../a.json"], Ok(&["a.json"])),
            (&["in/deep/d[1].csv"], Ok(&["in/deep/d[1].csv"])),
            (&["*.json"], Ok(&["a.json", "b.json"])),
            (&["?.json", "b.json"], Ok(&["a.json", "b.json"])),
            (&["**/*.gz"], Ok(&["in/c.gz"])),
            (&["in/de*"], Ok(&["in/deep/d[1].csv"])),
            (&["in/deep"], Ok(&["in/deep/d[1].csv"])),
            (&["-", "a.json", "-"], Ok(&["stdin", "a.json"])),
            (&[".hidden"], Ok(&[".hidden"])),
            (&["none.json"], Err("none.json: no such file or folder")),
            (&["*.xml"], Err("*.xml: no file matches this pattern")),
            (
                &["empty"],
                Err("empty: there are no files in this folder (hidden ones are not read)"),
            ),
            (&[], Err("no input: expected files, folders, patterns or `-` for the standard input")),
        ];
        for (paths, expected) in cases {
            let expected = expected.map(|names| names.iter().map(ToString::to_string).collect());
            assert_eq!(names(folder.path(), paths), expected.map_err(str::to_owned), "{paths:?}");
        }
        let whole = names(folder.path(), &["in"]).unwrap();
        let inside: Vec<_> = whole.iter().filter(|name| !name.contains("/up/")).collect();
        assert_eq!(inside, in_folder, "{whole:?}");
        assert_eq!(whole.len(), 4, "the two above, found through the link, once: {whole:?}");
    }
}
