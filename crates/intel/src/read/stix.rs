//! STIX 2.1 bundles, object by object: memory is bounded by the largest object.

use std::fmt;
use std::io::BufRead;

use ecs::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::objects::{LARGEST, Objects, Piece};
use super::pattern;
use super::{Place, To};
use crate::indicator::{Indicator, Tlp};

/// How many labels an indicator may have; the others are left out.
const MOST_LABELS: usize = 50;

pub(super) fn read(text: impl BufRead, to: &mut To<'_>) {
    let mut objects = Objects::new(text);
    let mut number = 0;
    while let Some(piece) = objects.next() {
        let (text, is_own) = match piece {
            Ok(Piece::Element(text)) => (text, false),
            Ok(Piece::Own(text)) => (text, true),
            Ok(Piece::Large) => {
                number += 1;
                let place = Place::Object(number, String::new());
                let reason = format!("expected an object of at most {LARGEST} bytes");
                to.reading.problem(place, reason);
                continue;
            }
            Err(error) => {
                let reason = format!("no JSON from here on: {error}");
                return to.reading.end(Place::Line(objects.line), reason);
            }
        };
        let read = serde_json::from_slice::<Element>(&text);
        // What a bundle says of itself is no object.
        if is_own && !matches!(&read, Ok(Element(Some(own))) if own.kind == "indicator") {
            if let Err(error) = read {
                let place = Place::Line(objects.line);
                to.reading.problem(place, format!("no JSON: {error}"));
            }
            continue;
        }
        number += 1;
        match read {
            Ok(element) => object(element.0, number, to),
            Err(error) => {
                let place = Place::Object(number, String::new());
                to.reading.problem(place, format!("no JSON: {error}"));
            }
        }
    }
}

/// What an indicator has; everything else of an object is passed over.
#[derive(Default)]
struct Object {
    kind: String,
    id: String,
    name: String,
    description: String,
    pattern: Option<String>,
    pattern_type: String,
    valid_from: String,
    valid_until: String,
    modified: String,
    revoked: bool,
    confidence: Option<u64>,
    labels: Vec<String>,
    markings: Vec<String>,
    phases: Vec<String>,
}

impl Object {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let text = |map: &mut A| map.next_value::<Loose>().map(Loose::text);
        match key {
            "type" => self.kind = text(map)?,
            "id" => self.id = text(map)?,
            "name" => self.name = text(map)?,
            "description" => self.description = text(map)?,
            "pattern" => self.pattern = Some(text(map)?),
            "pattern_type" => self.pattern_type = text(map)?,
            "valid_from" => self.valid_from = text(map)?,
            "valid_until" => self.valid_until = text(map)?,
            "modified" => self.modified = text(map)?,
            "revoked" => self.revoked = matches!(map.next_value()?, Loose::Switch(true)),
            "confidence" => {
                if let Loose::Number(number) = map.next_value()? {
                    self.confidence = Some(number);
                }
            }
            "labels" | "indicator_types" => self.labels.extend(map.next_value::<Loose>()?.texts()),
            "object_marking_refs" => self.markings = map.next_value::<Loose>()?.texts(),
            "kill_chain_phases" => self.phases = map.next_value::<Loose>()?.texts(),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// An element of the array of objects, whatever it is.
struct Element(Option<Object>);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Element;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
                let mut object = Object::default();
                while let Some(key) = map.next_key::<String>()? {
                    object.member(&key, &mut map)?;
                }
                Ok(Element(Some(object)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Element, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Element(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<Element, E> {
                Ok(Element(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Element, E> {
                Ok(Element(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Element, E> {
                Ok(Element(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Element, E> {
                Ok(Element(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Element, E> {
                Ok(Element(None))
            }
            fn visit_unit<E>(self) -> Result<Element, E> {
                Ok(Element(None))
            }
        }
        json.deserialize_any(Elements)
    }
}

/// A value of any type, as far as it is of use.
enum Loose {
    Text(String),
    Texts(Vec<String>),
    Number(u64),
    Switch(bool),
    Other,
}

impl Loose {
    fn text(self) -> String {
        if let Self::Text(text) = self { text } else { String::new() }
    }

    fn texts(self) -> Vec<String> {
        if let Self::Texts(texts) = self { texts } else { Vec::new() }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Loose;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose::Text(text.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
                Ok(Loose::Switch(value))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose::Number(number))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            /// The texts of an array, and those of the objects in it.
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
                let mut texts = Vec::new();
                while let Some(item) = items.next_element::<Loose>()? {
                    if texts.len() < MOST_LABELS {
                        match item {
                            Loose::Text(text) => texts.push(text),
                            Loose::Texts(more) => {
                                texts.extend(more);
                                texts.truncate(MOST_LABELS);
                            }
                            _ => {}
                        }
                    }
                }
                Ok(Loose::Texts(texts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                let mut texts = Vec::new();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    if let Loose::Text(text) = map.next_value()?
                        && texts.len() < MOST_LABELS
                    {
                        texts.push(text);
                    }
                }
                Ok(Loose::Texts(texts))
            }
        }
        json.deserialize_any(Any)
    }
}

fn object(object: Option<Object>, number: u64, to: &mut To<'_>) {
    let Some(object) = object else {
        return to.reading.problem(Place::Object(number, String::new()), "expected an object");
    };
    if object.kind != "indicator" {
        return;
    }
    let place = Place::Object(number, object.id.chars().take(100).collect());
    // One that is taken back need not make sense any more.
    if object.revoked && !object.id.is_empty() {
        let mut indicator = Indicator::new(Vec::new());
        indicator.modified = Timestamp::parse(&object.modified);
        indicator.id = object.id;
        indicator.revoked = true;
        return to.give(indicator);
    }
    let Some(text) = &object.pattern else {
        return to.reading.problem(place, "pattern: expected one");
    };
    if !matches!(object.pattern_type.as_str(), "" | "stix") {
        let reason = format!("pattern_type: expected stix, found '{}'", object.pattern_type);
        return to.reading.problem(place, reason);
    }
    let parsed = match pattern::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => return to.reading.problem(place, format!("pattern: {error}")),
    };
    if !parsed.unsupported.is_empty() {
        to.reading.problem(place.clone(), format!("pattern: {}", parsed.unsupported.join("; ")));
    }
    if parsed.any.is_empty() {
        return;
    }
    let mut times = [None, None];
    let names = [("valid_from", &object.valid_from), ("valid_until", &object.valid_until)];
    for (time, (name, text)) in times.iter_mut().zip(names) {
        if text.is_empty() {
            continue;
        }
        *time = Timestamp::parse(text);
        if time.is_none() {
            return to.reading.problem(place, format!("{name}: expected a time, found '{text}'"));
        }
    }
    let [valid_from, valid_until] = times;
    let marking = object.markings.iter().filter_map(|id| Tlp::from_marking(id)).max();
    let says_so = |text: &String| {
        matches!(text.to_ascii_lowercase().as_str(), "command-and-control" | "c2" | "c&c")
    };
    let mut indicator = Indicator::new(parsed.any);
    indicator.command_and_control = object.phases.iter().chain(&object.labels).any(says_so);
    indicator.id = object.id;
    indicator.valid_from = valid_from;
    indicator.valid_until = valid_until;
    indicator.confidence = object.confidence.and_then(|number| u8::try_from(number.min(100)).ok());
    indicator.tlp = marking;
    indicator.labels = object.labels;
    indicator.name = object.name;
    indicator.description = object.description;
    indicator.modified = Timestamp::parse(&object.modified);
    to.give(indicator);
}
