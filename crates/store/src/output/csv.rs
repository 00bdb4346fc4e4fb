//! CSV for spreadsheets (RFC 4180), in which no cell can be a formula.

use std::borrow::Cow;
use std::io::{self, Write};

/// Writes a row.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write_row<'c>(
    out: &mut (impl Write + ?Sized),
    cells: impl IntoIterator<Item = &'c str>,
) -> io::Result<()> {
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        let cell = harmless(cell);
        if cell.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe
/// in front, which spreadsheets hide.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let cases: [(&[&str], &str); 5] = [
            (&["a", "b"], "a,b\r\n"),
            (&["a,b", "say \"hi\"", "two\nlines"], "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"),
            (&["=HYPERLINK(\"http://x\")"], "\"'=HYPERLINK(\"\"http://x\"\")\"\r\n"),
            (&["+1", "-1", "@SUM(A1)", "\tx"], "'+1,'-1,'@SUM(A1),'\tx\r\n"),
            (&[""], "\r\n"),
        ];
        for (cells, row) in cases {
            let mut out = Vec::new();
            super::write_row(&mut out, cells.iter().copied()).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), row);
        }
    }
}
