//! What a configuration refers to: files, and variables of the environment.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::Config;
use crate::problem::{Place, Problem};

/// Something outside the configuration that has to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) target: Target,
    pub(crate) place: Place,
}

/// What is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Variable(String),
    FileOrFolder(PathBuf),
    File(PathBuf),
    SecretFile(PathBuf),
}

impl Config {
    /// Whether the files and variables that are named exist, can be opened, and are not open to
    /// everyone when they hold a secret. Nothing is read from them.
    #[must_use]
    pub fn check_surroundings(&self) -> Vec<Problem> {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let problem = |Reference { target, place }: &Reference| match target {
            Target::Variable(name) => (!is_set(name)).then(|| {
                place.error(format!("the environment variable {name} is not set, or empty"))
            }),
            Target::FileOrFolder(path) => unreadable(path, place, true),
            Target::File(path) => unreadable(path, place, false),
            Target::SecretFile(path) => {
                unreadable(path, place, false).or_else(|| world_readable(path, place))
            }
        };
        self.references.iter().filter_map(problem).collect()
    }
}

fn unreadable(path: &Path, place: &Place, may_be_folder: bool) -> Option<Problem> {
    let found = fs::metadata(path).and_then(|metadata| {
        if metadata.is_dir() {
            return fs::read_dir(path).map(|_| metadata);
        }
        // A pipe would wait for somebody to write.
        if metadata.is_file() { fs::File::open(path).map(|_| metadata) } else { Ok(metadata) }
    });
    match found {
        Ok(metadata) if metadata.is_dir() && !may_be_folder => {
            Some(place.error(format!("{} is a folder, expected a file", path.display())))
        }
        Ok(_) => None,
        Err(error) => Some(place.error(format!("cannot read {}: {error}", path.display()))),
    }
}

#[cfg(unix)]
fn world_readable(path: &Path, place: &Place) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o004 != 0).then(|| {
        place
            .warning(format!("everyone on this machine can read {}", path.display()))
            .help("take the right away with chmod o-rwx")
    })
}

#[cfg(not(unix))]
fn world_readable(_: &Path, _: &Place) -> Option<Problem> {
    None
}
