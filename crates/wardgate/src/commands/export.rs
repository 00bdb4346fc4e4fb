//! `wardgate export`: stored events into a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use store::search::Request;

use crate::cli::{DONE, FAILED};
use crate::stored::{Fields, Form, Output, SelectArgs, say_unreadable};
use crate::term::say::say;

/// Write stored events to a file, in the order in which they happened.
///
/// However many there are, only some are in memory at a time. A file name that ends with .gz or
/// .zst is compressed so. The file gets its name when it is whole.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate export --since 30d --out month.ndjson.zst\n  \
    wardgate export 'user.name:ada@example.org' --format csv --out ada.csv\n  \
    wardgate export --format raw --out okta.ndjson.gz && wardgate scan okta.ndjson.gz\n\n\
    Exit status: 0 done, 2 something could not be read.")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// The file; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    /// How to write them. Default: by the file's name, else records as NDJSON.
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Only these fields, such as @timestamp,user.name,source.ip.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fields: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Result<u8> {
    let select = &args.select;
    let query = select.query()?.root;
    let searcher = select.open()?;
    let fields = (!args.fields.is_empty()).then(|| Fields::named(&args.fields)).transpose()?;
    let form = args.format.unwrap_or_else(|| form_of(&args.out));
    let mut file = Target::create(&args.out, args.force)?;
    let mut output = Output::new(file.writer()?, form, fields);
    let request = Request {
        selection: select.selection(&query, None),
        limit: usize::MAX,
        newest_first: false,
        after: None,
    };
    let mut failure = None;
    let found = searcher.for_each(&request, |hit| match output.event(&hit) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    let found = found.map_err(|error| select.explain(error))?;
    let written = match failure {
        Some(error) => Err(error),
        None => output.finish().and_then(Compressed::finish),
    };
    written.with_context(|| format!("cannot write {}", args.out.display()))?;
    let is_whole = say_unreadable(&found.unreadable);
    file.keep()?;
    let what = if found.events == 1 { "event" } else { "events" };
    say(&format!("{} {what} written to {}", found.events, args.out.display()));
    Ok(if is_whole { DONE } else { FAILED })
}

/// What a file's name says of its form.
fn form_of(path: &Path) -> Form {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    match name.rsplit('.').next() {
        Some("csv") => Form::Csv,
        Some("json") => Form::Json,
        _ => Form::Ndjson,
    }
}

/// A file that is not there before it is whole.
struct Target {
    path: PathBuf,
    beside: Option<PathBuf>,
}

impl Target {
    fn create(path: &Path, force: bool) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { path: path.to_owned(), beside: None });
        }
        // Devices and pipes are written to as they are.
        let is_file = path.metadata().map_or(true, |metadata| metadata.is_file());
        if is_file && path.exists() && !force {
            bail!("{} exists: name another file, or replace it with --force", path.display());
        }
        let beside = is_file.then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push(".partial");
            PathBuf::from(name)
        });
        Ok(Self { path: path.to_owned(), beside })
    }

    fn writer(&self) -> Result<Compressed> {
        if self.path == Path::new("-") {
            return Ok(Compressed::Plain(Box::new(BufWriter::new(io::stdout()))));
        }
        let path = self.beside.as_ref().unwrap_or(&self.path);
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let file = BufWriter::with_capacity(256 << 10, file);
        let compressed = match self.path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Compressed::Gzip(flate2::write::GzEncoder::new(
                file,
                flate2::Compression::default(),
            )),
            Some("zst") => Compressed::Zstd(zstd::stream::write::Encoder::new(file, 3)?),
            _ => Compressed::Plain(Box::new(file)),
        };
        Ok(compressed)
    }

    /// Gives the file its name.
    fn keep(&mut self) -> Result<()> {
        if let Some(beside) = self.beside.take() {
            fs::rename(&beside, &self.path)
                .with_context(|| format!("cannot write {}", self.path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // What is not whole is of no use.
        if let Some(beside) = &self.beside {
            let _ = fs::remove_file(beside);
        }
    }
}

/// A file, compressed or not.
enum Compressed {
    Plain(Box<dyn Write>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Compressed {
    /// Writes what is left. A file is on the disk then.
    fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(mut out) => return out.flush(),
            Self::Gzip(out) => out.finish()?,
            Self::Zstd(out) => out.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_forms() {
        let cases = [
            ("a.csv", Form::Csv),
            ("a.CSV.gz", Form::Csv),
            ("a.json.zst", Form::Json),
            ("a.ndjson", Form::Ndjson),
            ("-", Form::Ndjson),
        ];
        for (name, form) in cases {
            assert_eq!(form_of(Path::new(name)), form, "{name}");
        }
    }
}
