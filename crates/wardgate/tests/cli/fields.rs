//! `wardgate fields`.

use serde_json::Value;

use crate::support::{Place, json_lines};

#[test]
fn every_format_holds_the_whole_table() {
    let place = Place::new();
    let print = |format: &str| place.run(&["fields", "--format", format]).ended(0).text();
    let ndjson = json_lines(print("ndjson").as_bytes());
    assert_eq!(ndjson.len(), ecs::FIELDS.len());
    for (field, printed) in ecs::FIELDS.iter().zip(&ndjson) {
        assert_eq!(printed["field"], field.name);
        assert_eq!(printed["type"], field.kind.name());
        assert_eq!(printed["many"], field.many);
        assert_eq!(printed["origin"], field.origin.name());
        assert_eq!(printed["from"], field.source);
        assert_eq!(printed["description"], field.description);
    }
    let json: Vec<Value> = serde_json::from_str(&print("json")).unwrap();
    assert_eq!(json, ndjson);
    assert_eq!(place.run(&["fields"]).ended(0).text(), print("ndjson"), "when nobody sees it");

    let csv = print("csv");
    assert!(csv.starts_with("field,type,many,origin,from,meaning\r\n"), "{csv}");
    assert_eq!(csv.matches("\r\n").count(), ecs::FIELDS.len() + 1);
    let table = print("table");
    for field in ecs::FIELDS {
        // `@timestamp` could be taken for a formula.
        let cell =
            format!("\r\n{}{},", if field.name.starts_with('@') { "'" } else { "" }, field.name);
        assert!(csv.contains(&cell), "{}", field.name);
        let row = table.lines().find(|line| line.split_whitespace().next() == Some(field.name));
        assert!(row.is_some_and(|row| row.contains(field.kind.name())), "{}", field.name);
    }
}

#[test]
fn fields_are_chosen_by_name_and_origin() {
    let place = Place::new();
    let count = |args: &[&str]| {
        let run = place.run(&[&["fields", "--format", "ndjson"], args].concat());
        run.ended(0).lines().len()
    };
    assert_eq!(count(&["--origin", "extracted"]), 42);
    let all = ecs::FIELDS.len();
    assert_eq!(42 + count(&["--origin", "inferred"]) + count(&["--origin", "added"]), all);
    assert_eq!(count(&["source.geo."]), 5);
    assert_eq!(count(&["@timestamp"]), 1);
    place.run(&["fields", "nobody"]).ended(2).says(&["'nobody'"]);
}
