//! Writers, such as the standard output.

use std::io::{self, Write};

use crate::delivery::Delivery;

/// Writes alerts somewhere: as documents, or for people.
pub trait AlertWriter: Send + 'static {
    /// Writes an alert.
    ///
    /// # Errors
    ///
    /// When it cannot be written. The sink waits, and writes it again.
    fn write(&mut self, alert: &Delivery) -> io::Result<()>;

    /// Sees to it that what was written arrives.
    ///
    /// # Errors
    ///
    /// When it does not.
    fn flush(&mut self) -> io::Result<()>;
}

/// Writes the documents of alerts, one a line.
#[derive(Debug)]
pub struct Ndjson<W> {
    writer: W,
}

impl<W: Write + Send + 'static> Ndjson<W> {
    /// Writes to this.
    pub const fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send + 'static> AlertWriter for Ndjson<W> {
    fn write(&mut self, alert: &Delivery) -> io::Result<()> {
        // At once, so that lines of several writers do not mix.
        self.writer.write_all(&document_line(alert))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The document with a line break behind it, and none in it.
pub(crate) fn document_line(alert: &Delivery) -> Vec<u8> {
    let document = alert.document.trim().bytes();
    // In JSON, line breaks can only stand where a space can.
    let plain = document.map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte });
    plain.chain([b'\n']).collect()
}
