//! Sinks, as the configuration has them.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use config::{SinkKind, WebhookFormat, WebhookSink};
use deliver::{AlertWriter, Delivery, FileTarget, Ndjson, Target, Webhook, WebhookOptions};
use detect::sigma::Level;

use crate::run::above_bottom;
use crate::term::clean::clean;
use crate::term::style::{self, QUIET, paint};

/// Makes a sink. Secrets are read now; files are opened with the first alert.
///
/// # Errors
///
/// When a secret cannot be read, or an address, header or certificate can't be used.
pub(crate) fn sink(sink: &config::Sink) -> Result<deliver::Sink> {
    let target = target(&sink.kind).with_context(|| format!("sink {}", sink.name))?;
    let severity = deliver::Severity::from_name(sink.min_severity.name()).unwrap_or_default();
    let from = match sink.from {
        config::From::Now => deliver::From::Now,
        config::From::Earliest => deliver::From::Earliest,
    };
    let made = deliver::Sink::new(&sink.name, target);
    Ok(made.min_severity(severity).repeats(sink.repeats).from(from))
}

/// The standard output: a line for people if it is a terminal, documents otherwise.
pub(crate) fn terminal() -> Target {
    if io::stdout().is_terminal() {
        Target::writer(Lines)
    } else {
        Target::writer(Ndjson::new(io::stdout()))
    }
}

fn target(kind: &SinkKind) -> Result<Target> {
    Ok(match kind {
        SinkKind::Stdout => terminal(),
        SinkKind::File(file) => {
            Target::file(FileTarget::new(&file.path, file.rotate_size, file.rotate_keep))
        }
        SinkKind::Webhook(webhook) => Target::webhook(Webhook::new(&options(webhook)?)?),
    })
}

fn options(webhook: &WebhookSink) -> Result<WebhookOptions> {
    let secret = webhook.secret.as_ref().map(config::SecretSource::read).transpose()?;
    let mut headers = Vec::new();
    for (name, value) in &webhook.headers {
        let value = value.read().with_context(|| format!("the header {name}"))?;
        headers.push((name.clone(), value.expose().to_owned()));
    }
    let read = |path| std::fs::read(path).with_context(|| format!("cannot read {path:?}"));
    Ok(WebhookOptions {
        url: webhook.url.read()?.expose().to_owned(),
        format: match webhook.format {
            WebhookFormat::Json => deliver::Format::Json,
            WebhookFormat::Slack => deliver::Format::Slack,
            WebhookFormat::Teams => deliver::Format::Teams,
        },
        secret: secret.map(|secret| secret.expose().as_bytes().to_vec()),
        headers,
        timeout: webhook.timeout,
        ca: webhook.ca_file.as_ref().map(read).transpose()?,
    })
}

/// Alerts for people at a terminal, one a line.
#[derive(Debug)]
struct Lines;

impl AlertWriter for Lines {
    fn write(&mut self, alert: &Delivery) -> io::Result<()> {
        above_bottom(|| writeln!(anstream::stdout().lock(), "{}", line(alert)))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

fn line(alert: &Delivery) -> String {
    let level = Level::from_name(&alert.severity).unwrap_or(Level::Critical);
    let time = jiff::Timestamp::from_millisecond(alert.time_ms);
    let time = time.map_or_else(|_| "-".to_owned(), |time| format!("{time:.0}"));
    let severity = format!("{:<13}", clean(&alert.severity));
    let severity = paint(style::level(level), &severity);
    let mut line = format!("{} {severity} {}", paint(QUIET, &time), clean(&alert.title));
    let details = [&alert.user, &alert.address, &alert.place];
    for detail in details.into_iter().flatten() {
        line.push_str(&paint(QUIET, &format!("  {}", clean(detail))));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_for_people_and_moves_nothing() {
        let alert = Delivery {
            severity: "high".into(),
            time_ms: 1_788_220_800_000,
            title: "API token created\u{1b}[2J".into(),
            user: Some("bob@example.com\nx".into()),
            place: Some("Paris, France".into()),
            ..Delivery::default()
        };
        let line = anstream::adapter::strip_str(&line(&alert)).to_string();
        assert_eq!(
            line,
            "2026-09-01T00:00:00Z high          API token created\u{fffd}[2J  \
             bob@example.com\u{fffd}x  Paris, France"
        );
    }
}
