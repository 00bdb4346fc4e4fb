//! Fields by the names that rules and people use.

use std::ops::ControlFlow;

use okta::Path;
use okta::json::{Text, Value};

use crate::debug::{snake_case, structured};
use crate::fields::{FIELDS, FieldId, Kind, Visitor};
use crate::record::{Record, has_name, named};

/// A field's name, looked up once and used for many records.
///
/// It may be a name of the field table (`event.action`), a name below one of its objects
/// (`okta.system.debug_context.request_uri`), or a path into Okta's own event (`eventType`,
/// `debugContext.debugData.requestUri`). The exact spelling is tried first, then any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    name: Box<str>,
    way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Field(FieldId),
    Within(FieldId, Box<[Box<str>]>),
    Okta(Path),
}

impl Lookup {
    /// Looks a name up. Every name leads somewhere: one that is not known is taken as a path
    /// into the event, where Okta may have put something new.
    ///
    /// ```
    /// use ecs::Lookup;
    ///
    /// assert_eq!(Lookup::resolve("Event.Action"), Lookup::resolve("event.action"));
    /// assert!(Lookup::resolve("actor.alternateId").is_known());
    /// assert!(!Lookup::resolve("actor.alternateid2").is_known());
    /// ```
    #[must_use]
    pub fn resolve(name: &str) -> Self {
        if let Some(way) =
            find(name, |a, b| a == b).or_else(|| find(name, str::eq_ignore_ascii_case))
        {
            let name = match &way {
                Way::Field(id) => (*id).name().into(),
                Way::Within(id, rest) => format!("{}.{}", (*id).name(), rest.join(".")).into(),
                Way::Okta(path) => path.name().into(),
            };
            return Self { name, way };
        }
        let path = Path::resolve(name);
        let name = if path.is_known() { path.name().into() } else { name.into() };
        Self { name, way: Way::Okta(path) }
    }

    /// The name, spelled as the table or Okta spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the name is one that records or documented events can have.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match &self.way {
            Way::Field(_) | Way::Within(..) => true,
            Way::Okta(path) => path.is_known(),
        }
    }

    /// The row of the field table, when the name is one.
    #[must_use]
    pub fn field(&self) -> Option<FieldId> {
        match self.way {
            Way::Field(id) => Some(id),
            _ => None,
        }
    }

    /// The type of the field's values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.way {
            Way::Field(id) => id.kind(),
            _ => Kind::Unknown,
        }
    }

    /// The known name most like `name`, when one is alike enough to be what was meant.
    #[must_use]
    pub fn suggest(name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        let okta = Path::all();
        let known = FIELDS.iter().map(|field| field.name).chain(okta.iter().map(String::as_str));
        let (distance, nearest) = known
            .map(|known| (distance(&name, &known.to_ascii_lowercase()), known))
            .min_by_key(|(distance, _)| *distance)?;
        (distance <= 2 + name.len() / 8).then(|| nearest.to_owned())
    }
}

/// Finds `name` in the field table, or a row that it is below.
fn find(name: &str, same: impl Fn(&str, &str) -> bool) -> Option<Way> {
    if let Some(field) = FIELDS.iter().find(|field| same(field.name, name)) {
        return Some(Way::Field(field.id));
    }
    let objects = FIELDS.iter().filter(|field| matches!(field.kind, Kind::Object | Kind::GeoPoint));
    let (id, rest) = objects
        .filter_map(|field| {
            let (parent, rest) = name.split_at_checked(field.name.len())?;
            let rest = rest.strip_prefix('.')?;
            same(field.name, parent).then_some((field.id, rest))
        })
        .next()?;
    let segments: Box<[Box<str>]> =
        rest.split('.').map(|segment| snake_case(segment).into()).collect();
    segments.iter().all(|segment| !segment.is_empty()).then_some(Way::Within(id, segments))
}

impl<'a> Record<'a> {
    /// Calls `visitor` with each value of a field, until it breaks: one call for each element of
    /// an array, none when the field is missing. A `null` of Okta's own is visited as
    /// [`Value::Null`]; the fields of the table have no nulls.
    pub fn visit(
        &self,
        lookup: &Lookup,
        visitor: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &lookup.way {
            Way::Field(id) => self.visit_field(*id, visitor),
            Way::Within(FieldId::DebugContext, path) => self.visit_debug_context(path, visitor),
            Way::Within(id, path) => {
                self.visit_field(*id, &mut |value| visit_within(value, path, visitor))
            }
            Way::Okta(path) => match path.in_debug_data() {
                Some((member, rest)) => self
                    .debug_data()
                    .iter()
                    .filter(|(name, _)| is_named(*name, member))
                    .try_for_each(|(_, value)| okta::visit_value(*value, rest, visitor)),
                None => self.event.visit(path, visitor),
            },
        }
    }

    /// Visits what is below `okta.system.debug_context`, without making the whole of it.
    fn visit_debug_context(&self, path: &[Box<str>], visitor: Visitor<'_, 'a>) -> ControlFlow<()> {
        let Some((first, rest)) = path.split_first() else { return ControlFlow::Continue(()) };
        let mut members = self.debug_data().iter().rev();
        match members.find(|(name, _)| has_name(*name, first)) {
            Some((name, value)) => {
                let value = structured(*name, *value, &self.context.bump);
                visit_within(value, rest, visitor)
            }
            None => ControlFlow::Continue(()),
        }
    }

    /// The first value of a field as text, if there is one.
    #[must_use]
    pub fn first(&self, lookup: &Lookup) -> Option<String> {
        let mut first = None;
        let _ = self.visit(lookup, &mut |value| match value.to_str() {
            Some(text) => {
                first = Some(text.into_owned());
                ControlFlow::Break(())
            }
            None => ControlFlow::Continue(()),
        });
        first
    }
}

/// Whether a member of Okta's has a name, in any case.
fn is_named(key: Text<'_>, name: &str) -> bool {
    match key.as_plain() {
        Some(plain) => plain.eq_ignore_ascii_case(name),
        None => key.to_str().eq_ignore_ascii_case(name),
    }
}

/// Follows a path of names in ECS's spelling into a value whose names are Okta's. Empty strings
/// and nulls are not there, as they are not in the record.
fn visit_within<'a>(
    value: Value<'a>,
    path: &[Box<str>],
    visitor: Visitor<'_, 'a>,
) -> ControlFlow<()> {
    match (value, path.split_first()) {
        (Value::Missing | Value::Null, _) => ControlFlow::Continue(()),
        (Value::Text(text), None) if text.is_empty() => ControlFlow::Continue(()),
        (Value::Array(raw), _) => raw
            .items()
            .filter(|item| !matches!(item, Value::Array(_)))
            .try_for_each(|item| visit_within(item, path, visitor)),
        (value, None) => visitor(value),
        (Value::Object(_), Some((first, rest))) => match named(value, first) {
            Some(value) => visit_within(value, rest, visitor),
            None => ControlFlow::Continue(()),
        },
        _ => ControlFlow::Continue(()),
    }
}

/// How many letters have to be changed, added or left out to make one name of another
/// (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, b) in row.iter_mut().skip(1).zip(&b) {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = *slot;
            left = substituted.min(left + 1).min(*slot + 1);
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_where_they_should() {
        let cases = [
            ("event.action", Some(FieldId::EventAction), "event.action"),
            ("EVENT.ACTION", Some(FieldId::EventAction), "event.action"),
            ("okta.system.target.id", Some(FieldId::TargetId), "okta.system.target.id"),
            ("okta.system.debug_context.dtHash", None, "okta.system.debug_context.dt_hash"),
            ("source.geo.location.lat", None, "source.geo.location.lat"),
            ("debugcontext.debugdata.X", None, "debugContext.debugData.X"),
            ("securitycontext.isproxy", None, "securityContext.isProxy"),
        ];
        for (name, field, spelled) in cases {
            let lookup = Lookup::resolve(name);
            assert!(lookup.is_known(), "{name}");
            assert_eq!(lookup.field(), field, "{name}");
            assert_eq!(lookup.name(), spelled, "{name}");
        }
        for name in ["", ".", "event", "event.actio", "okta.system.debug_context.", "okta.system"] {
            assert!(!Lookup::resolve(name).is_known(), "{name}");
        }
    }

    #[test]
    fn near_misses_are_set_right() {
        assert_eq!(Lookup::suggest("event.actoin").as_deref(), Some("event.action"));
        assert_eq!(Lookup::suggest("actor.alternatId").as_deref(), Some("actor.alternateId"));
        assert_eq!(Lookup::suggest("CommandLine"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
