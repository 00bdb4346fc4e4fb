//! Collects the rule pack in `rules/` into a table that the crate holds in itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let crate_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let rules = crate_dir.join("../../rules").canonicalize()?;
    let mut paths = Vec::new();
    collect(&rules, &mut paths)?;
    paths.sort();

    let mut table = String::from("&[\n");
    for path in &paths {
        let inside = path.strip_prefix(&rules).map_err(io::Error::other)?;
        let names: Vec<_> = inside.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        let _ = writeln!(table, "    ({:?}, include_str!({path:?})),", names.join("/"));
    }
    table.push_str("]\n");
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("builtin.rs"), table)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// Adds the YAML files of a folder and those below it, and has Cargo watch the folders.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}
