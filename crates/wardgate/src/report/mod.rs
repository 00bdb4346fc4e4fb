//! The report of a scan as one HTML file that opens anywhere and loads nothing.
//!
//! [`Report`] borrows what a scan found and [`Report::write`] writes the page: what happened in
//! plain words, a timeline, the rules that fired, the most involved users and addresses, the
//! alerts down to the raw events, the ATT&CK matrix and the inputs. All of that but the raw
//! events is plain HTML and reads without scripts; the script adds filters, sorting, the brush
//! on the timeline and the events.
//!
//! What events say is hostile until proven otherwise. It reaches the page in two ways only:
//! through [`html::Page`], which escapes text and takes markup from string literals alone, and
//! through one JSON block that [`json`] makes safe and the script shows as text. A
//! Content-Security-Policy allows the page's own style and script by their hashes, and nothing
//! else.

mod alerts;
mod attack;
mod csp;
mod hidden;
mod html;
mod json;
mod overview;
mod severity;
mod sources;
mod table;
mod time;
mod timeline;
mod view;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;

use crate::scan::summary::Summary;
use html::Page;
use view::AlertView;

/// What one report tells. See [`Report::write`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    /// What was scanned, in a line: `examples/`, `System Log of example.okta.com`.
    pub(crate) title: &'a str,
    /// The program and its version: `wardgate 0.1.0`.
    pub(crate) generated_by: &'a str,
    /// The counts of the scan.
    pub(crate) summary: &'a Summary,
    /// Alert documents as JSON text, in order of time.
    pub(crate) alerts: &'a [Box<str>],
    /// How many alerts the summary counts that are not among `alerts`.
    pub(crate) alerts_left_out: u64,
    /// The ATT&CK tactics in their order, with the techniques that the loaded rules name.
    pub(crate) attack: &'a [Tactic],
}

/// A column of the ATT&CK matrix.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tactic {
    /// `TA0003`.
    pub(crate) id: String,
    /// `Persistence`.
    pub(crate) name: String,
    /// Techniques and sub-techniques, each sub-technique after its technique.
    pub(crate) techniques: Vec<Technique>,
}

/// A technique or sub-technique in a column of the ATT&CK matrix.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Technique {
    /// `T1098` or `T1098.001`.
    pub(crate) id: String,
    /// `Account Manipulation`.
    pub(crate) name: String,
    /// How many loaded rules cover it.
    pub(crate) rules: u64,
    /// How many alerts there are of these rules.
    pub(crate) alerts: u64,
}

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = concat!(
    include_str!("script/text.js"),
    include_str!("script/filters.js"),
    include_str!("script/timeline.js"),
    include_str!("script/opened.js"),
    include_str!("script/page.js"),
);

impl Report<'_> {
    /// Writes the page.
    ///
    /// # Errors
    ///
    /// What `out` answers, and [`io::ErrorKind::InvalidData`] when an alert document is not JSON.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let views = self.views()?;
        let style = csp::unix_lines(STYLE);
        let script = csp::unix_lines(SCRIPT);

        let mut page = Page::new();
        page.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta");
        page.attribute("http-equiv", "Content-Security-Policy");
        page.attribute("content", &csp::policy(&style, &script));
        page.markup(
            ">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        );
        page.markup("<meta name=\"referrer\" content=\"no-referrer\">\n");
        page.markup(
            "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\"",
        );
        page.attribute("content", self.generated_by);
        page.markup(">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
        page.plain(self.title);
        page.markup(" – Wardgate report</title>\n<style>");
        out.write_all(page.take().as_bytes())?;
        out.write_all(style.as_bytes())?;

        page.markup("</style>\n</head>\n<body>\n");
        page.markup("<a class=\"skip\" href=\"#alerts\">Skip to the alerts</a>\n");
        overview::header(&mut page, self);
        page.markup("<main>\n");
        overview::cards(&mut page, self.summary);
        timeline::section(&mut page, &self.summary.timeline);
        overview::rules(&mut page, self);
        overview::entities(&mut page, self.summary);
        out.write_all(page.take().as_bytes())?;
        alerts::section(&mut page, self, &views);
        attack::section(&mut page, self.attack);
        sources::section(&mut page, self);
        page.markup("</main>\n");
        sources::footer(&mut page, self);
        page.markup("<script type=\"application/json\" id=\"data\">");
        out.write_all(page.take().as_bytes())?;
        json::write_data(out, self)?;
        page.markup("</script>\n<script>");
        out.write_all(page.take().as_bytes())?;
        out.write_all(script.as_bytes())?;
        out.write_all(b"</script>\n</body>\n</html>\n")
    }

    fn views(&self) -> io::Result<Vec<AlertView<'_>>> {
        let mut views = Vec::with_capacity(self.alerts.len());
        for (number, document) in self.alerts.iter().enumerate() {
            let view = AlertView::read(number, document).map_err(|error| {
                let message = format!("alert document {number} is not json: {error}");
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            views.push(view);
        }
        Ok(views)
    }
}
