//! Plain lists: one value a line, `#` begins a comment.

use std::io::{BufRead, Read};

use super::{LONGEST_LINE, Place, To, skip_line};
use crate::indicator::Indicator;
use crate::value::Value;

pub(super) fn read(mut text: impl BufRead, to: &mut To<'_>) {
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        match (&mut text).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return to.reading.end(Place::Line(number), error),
        }
        if line.len() as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
            to.reading.problem(Place::Line(number), "expected at most 65536 bytes");
            if skip_line(&mut text).is_err() {
                return;
            }
            continue;
        }
        let Ok(value) = std::str::from_utf8(&line) else {
            to.reading.problem(Place::Line(number), "not UTF-8 text");
            continue;
        };
        let value = value.trim();
        if value.is_empty() || value.starts_with('#') {
            continue;
        }
        match Value::recognise(value) {
            Ok(value) => to.give(Indicator::new(vec![vec![value]])),
            Err(error) => to.reading.problem(Place::Line(number), format!("{error}: {value}")),
        }
    }
}
