//! Rule files with the tests beside them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use detect::builtin;
use detect::lint::Source;

/// The largest file that is read, in bytes; the parser takes no larger ones.
const LARGEST: u64 = (1 << 20) + 1;
/// Deeper than anybody sorts rules into folders; a link may lead back to where it came from.
const DEEPEST: usize = 16;
const TESTS: [&str; 2] = [".tests.yml", ".tests.yaml"];

/// The files of the built-in pack.
pub(super) fn of_pack() -> Vec<Source> {
    let source = |(path, text): (&str, &str)| Source {
        path: path.to_owned(),
        text: text.to_owned(),
        tests: builtin::tests(path).map(|tests| (tests_name(path), tests.to_owned())),
    };
    builtin::rules().map(source).collect()
}

/// Rule files by their names, and those in folders and below them.
///
/// # Errors
///
/// When a path cannot be read, or has no rules.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = || format!("cannot read rules from {}", path.display());
        let metadata = fs::metadata(path).with_context(unreadable)?;
        if !metadata.is_dir() {
            files.push(rule_of_tests(path));
            continue;
        }
        let mut found = Vec::new();
        collect(path, 0, &mut found).with_context(unreadable)?;
        if found.is_empty() {
            bail!("there is no .yml or .yaml file in {}", path.display());
        }
        found.sort();
        files.extend(found);
    }
    files.dedup();
    files.iter().map(|file| source(file)).collect()
}

fn source(path: &Path) -> Result<Source> {
    let text = read(path)?;
    let name = path.to_string_lossy();
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let tests = TESTS.map(|end| format!("{stem}{end}")).into_iter().find(|t| Path::new(t).exists());
    let tests = match tests {
        Some(tests) => {
            let text = read(Path::new(&tests))?;
            Some((tests, text))
        }
        None => None,
    };
    Ok(Source { path: name.into_owned(), text, tests })
}

fn read(path: &Path) -> Result<String> {
    let unreadable = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path).with_context(unreadable)?.take(LARGEST);
    file.read_to_end(&mut bytes).with_context(unreadable)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The rule's file, when `path` is that of its tests and there is one.
fn rule_of_tests(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    let stem = TESTS.iter().find_map(|end| name.strip_suffix(end));
    let rules =
        stem.into_iter().flat_map(|stem| [".yml", ".yaml"].map(|end| format!("{stem}{end}")));
    rules.map(PathBuf::from).find(|rule| rule.exists()).unwrap_or_else(|| path.to_owned())
}

fn tests_name(path: &str) -> String {
    format!("{}.tests.yml", path.strip_suffix(".yml").unwrap_or(path))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth < DEEPEST {
                collect(&path, depth + 1, files)?;
            }
        } else if (name.ends_with(".yml") || name.ends_with(".yaml"))
            && !TESTS.iter().any(|end| name.ends_with(end))
        {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_with_the_tests_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        for name in ["b.yml", "b.tests.yml", "sub/a.yaml", ".hidden.yml", "notes.txt"] {
            fs::write(path(name), name).unwrap();
        }
        let loaded = load(&[folder.path().to_owned()]).unwrap();
        let texts: Vec<&str> = loaded.iter().map(|source| source.text.as_str()).collect();
        assert_eq!(texts, ["b.yml", "sub/a.yaml"]);
        let tests = loaded[0].tests.as_ref().map(|(_, text)| text.as_str());
        assert_eq!(tests, Some("b.tests.yml"));
        assert_eq!(loaded[1].tests, None);
        assert_eq!(load(&[path("b.tests.yml")]).unwrap(), load(&[path("b.yml")]).unwrap());
        assert!(load(&[path("missing")]).is_err());
        fs::create_dir(path("empty")).unwrap();
        assert!(load(&[path("empty")]).is_err());
    }

    #[test]
    fn the_pack_is_complete() {
        let pack = of_pack();
        assert_eq!(pack.len(), detect::builtin::rules().count());
        assert!(pack.iter().all(|source| source.tests.is_some()));
    }
}
