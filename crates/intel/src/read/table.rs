//! CSV: `type,value,valid_until,confidence,description`, the columns in any order. Only `value`
//! has to be there; `id`, `name`, `valid_from`, `labels` (with `;` between them), `tlp`,
//! `modified` and `revoked` are understood too.

use std::io::BufRead;

use ecs::Timestamp;

use super::records::{Broken, Records};
use super::{Place, To};
use crate::indicator::{Indicator, Tlp};
use crate::value::{Kind, Value};

pub(super) fn read(text: impl BufRead, to: &mut To<'_>) {
    let mut records = Records::new(text);
    let mut columns: Vec<String> = Vec::new();
    while let Some(record) = records.next() {
        let record = match record {
            Ok(record) => record,
            Err((line, broken)) => {
                let is_end = matches!(broken, Broken::Hopeless | Broken::Unreadable(_));
                if is_end {
                    return to.reading.end(Place::Line(line), broken);
                }
                to.reading.problem(Place::Line(line), broken);
                continue;
            }
        };
        if columns.is_empty() {
            let name = |name: &Vec<u8>| String::from_utf8_lossy(name).trim().to_ascii_lowercase();
            columns = record.cells.iter().map(name).collect();
            if !columns.iter().any(|name| name == "value") {
                let place = Place::Line(record.line);
                return to.reading.end(place, "expected a header with a column 'value'");
            }
            continue;
        }
        match row(&columns, &record.cells) {
            Ok(indicator) => to.give(indicator),
            Err(reason) => to.reading.problem(Place::Line(record.line), reason),
        }
    }
}

fn row(columns: &[String], cells: &[Vec<u8>]) -> Result<Indicator, String> {
    let mut value = "";
    let mut kind = None;
    let mut indicator = Indicator::new(Vec::new());
    for (name, cell) in columns.iter().zip(cells) {
        let cell = std::str::from_utf8(cell).map_err(|_| format!("{name}: not UTF-8 text"))?.trim();
        if cell.is_empty() {
            continue;
        }
        match name.as_str() {
            "value" => value = cell,
            "type" => {
                let known = Kind::from_name(cell);
                kind = Some(known.ok_or_else(|| {
                    format!(
                        "type: expected ip, domain, email, url, user-agent or as, found '{cell}'"
                    )
                })?);
            }
            "name" => indicator.name = cell.to_owned(),
            "modified" => indicator.modified = Some(time(name, cell)?),
            "valid_from" => indicator.valid_from = Some(time(name, cell)?),
            "valid_until" => indicator.valid_until = Some(time(name, cell)?),
            "confidence" => {
                let number = cell.parse().ok().filter(|number| *number <= 100);
                let number = number
                    .ok_or_else(|| format!("confidence: expected 0 to 100, found '{cell}'"))?;
                indicator.confidence = Some(number);
            }
            "tlp" => {
                let tlp = Tlp::from_name(cell);
                indicator.tlp = Some(tlp.ok_or_else(|| {
                    format!(
                        "tlp: expected clear, green, amber, amber+strict or red, found '{cell}'"
                    )
                })?);
            }
            "id" => indicator.id = cell.to_owned(),
            "description" => indicator.description = cell.to_owned(),
            "labels" => {
                indicator.labels = cell.split(';').map(|label| label.trim().to_owned()).collect();
            }
            "revoked" => indicator.revoked = cell.eq_ignore_ascii_case("true"),
            _ => {}
        }
    }
    if value.is_empty() {
        return Err("value: expected one".to_owned());
    }
    let parsed = match kind {
        Some(kind) => Value::parse(kind, value),
        None => Value::recognise(value),
    };
    indicator.any = vec![vec![parsed.map_err(|error| format!("value: {error}, found '{value}'"))?]];
    Ok(indicator)
}

fn time(name: &str, cell: &str) -> Result<Timestamp, String> {
    let midnight = || Timestamp::parse(&format!("{cell}T00:00:00Z"));
    Timestamp::parse(cell).or_else(midnight).ok_or_else(|| {
        format!("{name}: expected a time such as 2026-09-01T00:00:00Z, found '{cell}'")
    })
}
