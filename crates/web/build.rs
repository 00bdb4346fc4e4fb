//! Builds the pages in `web/` and writes down what is to be embedded.
//!
//! `WARDGATE_WEB=off` leaves the pages out, for quick builds; `WARDGATE_WEB=require` fails when they
//! cannot be built, for releases. Unless that is said, a page that tells why takes their place.
//! Nothing is written outside of `OUT_DIR`: the sources are copied there first.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What `web/` is built from. What only checks or tests it is not among them.
const SOURCES: [&str; 9] = [
    "src",
    "public",
    "scripts",
    "index.html",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "svelte.config.js",
    "vite.config.ts",
];

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WARDGATE_WEB");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let wanted = env::var("WARDGATE_WEB").unwrap_or_default();
    let built = match wanted.as_str() {
        "off" => Err("Wardgate was built with WARDGATE_WEB=off".into()),
        _ => build(&web, &out.join("web")),
    };
    let table = match built {
        Ok(folder) => embed(&folder)?,
        Err(problem) if wanted == "require" => return Err(problem),
        Err(problem) => {
            let problem = problem.to_string();
            if wanted != "off" {
                println!("cargo::warning=the pages are left out: {}", problem.replace('\n', " "));
            }
            let page = out.join("notice.html");
            fs::write(&page, notice(&problem))?;
            entries(&[("/index.html".to_owned(), page)])?
        }
    };
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// Builds the pages in a copy of `web`; gives the folder that they are in.
fn build(web: &Path, copy: &Path) -> Result<PathBuf> {
    run(Command::new(npm()).arg("--version"))
        .map_err(|_| "npm is missing: install Node.js 20.19 or newer, and build again")?;
    fs::create_dir_all(copy)?;
    for source in SOURCES {
        replace(&web.join(source), &copy.join(source))?;
    }
    // What is installed belongs to one lock file: the same again needs no installing.
    let lock = fs::read(web.join("package-lock.json"))?;
    let installed = copy.join("installed.json");
    if fs::read(&installed).ok().as_deref() != Some(&lock) {
        let mut install = Command::new(npm());
        install.args(["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"]);
        run(install.args(["--no-audit", "--no-fund"]).current_dir(copy))?;
        fs::write(&installed, &lock)?;
    }
    run(Command::new(npm()).args(["run", "build"]).current_dir(copy))?;
    Ok(copy.join("dist"))
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
    Err(format!("{command:?} failed:\n{last}").into())
}

/// Copies a file or folder over what is there.
fn replace(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
        return Ok(());
    }
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        replace(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The table of all files below a folder.
fn embed(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, folder, &mut files)?;
    files.sort();
    entries(&files)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if !matches!(extension(&path), "gz" | "br") {
            let parts = path.strip_prefix(root)?.components();
            let name: String =
                parts.map(|part| format!("/{}", part.as_os_str().to_string_lossy())).collect();
            files.push((name, path));
        }
    }
    Ok(())
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(OsStr::to_str).unwrap_or_default()
}

fn entries(files: &[(String, PathBuf)]) -> Result<String> {
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for (name, path) in files {
        let compressed = |end: &str| {
            let path = PathBuf::from(format!("{}.{end}", path.display()));
            if path.exists() {
                format!("Some(include_bytes!({path:?}))")
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            table,
            "Asset {{ path: {name:?}, content_type: {:?}, is_hashed: {}, etag: {:?}, \
             plain: include_bytes!({path:?}), gzip: {}, brotli: {} }},",
            content_type(extension(path)),
            // Vite puts a hash of the content into the names of what it writes there.
            name.starts_with("/assets/"),
            format!("\"{:016x}\"", fingerprint(&fs::read(path)?)),
            compressed("gz"),
            compressed("br"),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "md" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// FNV-1a: tells one content from the next.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn notice(problem: &str) -> String {
    let problem = problem.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Wardgate</title>\n\
         <h1>This Wardgate has no pages</h1>\n<p>They were left out when it was built:</p>\n\
         <pre>{problem}</pre>\n<p>Everything else works: the API below <code>/api/v1</code>, and \
         the command line, such as <code>wardgate alerts list</code>.</p>\n</html>\n"
    )
}
