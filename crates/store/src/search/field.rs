//! The fields that can be searched, by the names that people use.

use ecs::{FIELDS, FieldId, Kind, Lookup, Origin, snake_case};
use query::Diagnostic;
use tantivy::schema::Field;

use crate::index::{Schema, indexed_as, lower_cased};

/// What the name of a field leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// A row of the field table with a field of its own; it may stand in for another one.
    Row(FieldId, Field),
    /// `event.id`.
    Id,
    /// `source.geo.location.lat` or `.lon`.
    Degrees(&'static str),
    /// `source.geo.location`: no value can be searched for, only whether there is one.
    Location,
    /// `okta.system.target` and the like: the rows of its members.
    Objects(Vec<FieldId>),
    /// What debugData holds, by the name in the index, in lower case; empty for all of it.
    Debug(String),
}

/// Everything that is called `okta.system.debug_context.*` is found below `debugData`.
const DEBUG: &str = "okta.system.debug_context";
/// The name in the index of one of the two numbers of `source.geo.location`.
pub(crate) const LATITUDE: &str = "_latitude";
const OKTA_DEBUG: &str = "debugContext.debugData";

impl Target {
    /// Finds a field.
    pub(crate) fn find(field: &query::Field) -> Result<Self, Diagnostic> {
        let lookup = Lookup::resolve(&field.name);
        if let Some(below) = below(lookup.name(), DEBUG) {
            return Ok(Self::Debug(lower_cased(below)));
        }
        if let Some(below) = below(lookup.name(), OKTA_DEBUG) {
            let names: Vec<_> = below.split('.').map(snake_case).collect();
            return Ok(Self::Debug(lower_cased(&names.join("."))));
        }
        let row = lookup.field().or_else(|| equivalent(lookup.name()));
        if let Some(target) = row.and_then(Self::row) {
            return Ok(target);
        }
        match lookup.name() {
            "source.geo.location.lat" => return Ok(Self::Degrees(LATITUDE)),
            "source.geo.location.lon" => return Ok(Self::Degrees("_longitude")),
            _ => {}
        }
        if lookup.is_known() {
            let problem = format!("{} is kept, but not indexed", lookup.name());
            let help = "search for another field, or look at events with --format json";
            return Err(Diagnostic::new(field.span, problem, help));
        }
        let problem = format!("there is no field '{}'", field.name);
        let help = match Lookup::suggest(&field.name) {
            Some(name) => format!("did you mean {name}?"),
            None => "wardgate fields lists them; write \\: for a colon in a text".to_owned(),
        };
        Err(Diagnostic::new(field.span, problem, help))
    }

    fn row(id: FieldId) -> Option<Self> {
        let id = indexed_as(id);
        if let Some(field) = Schema::get().row(id) {
            return Some(Self::Row(id, field));
        }
        match id {
            FieldId::EventId => Some(Self::Id),
            FieldId::DebugContext => Some(Self::Debug(String::new())),
            FieldId::SourceGeoLocation => Some(Self::Location),
            _ => {
                let members = FIELDS.iter().filter(|row| row.part_of == Some(id));
                let members: Vec<_> = members.map(|row| row.id).collect();
                (!members.is_empty()).then_some(Self::Objects(members))
            }
        }
    }
}

/// The rest of a name that is `parent` or below it.
fn below<'n>(name: &'n str, parent: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(parent)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

/// The row that holds the same as a member of Okta's event. Several may come from it: the one
/// that keeps Okta's values as they are is preferred.
fn equivalent(okta: &str) -> Option<FieldId> {
    let rows = FIELDS.iter().filter(|row| row.source == okta);
    let row = rows.min_by_key(|row| {
        let is_oktas = row.name.starts_with("okta.system.");
        (!is_oktas, row.origin != Origin::Extracted)
    });
    row.map(|row| row.id)
}

/// The rows that free text is looked for in: keywords and addresses that are not the same in every
/// event.
pub(crate) fn free_text() -> impl Iterator<Item = (FieldId, Field)> {
    let rows = FIELDS.iter().filter(|row| row.source != "constant");
    rows.filter(|row| matches!(row.kind, Kind::Keyword | Kind::Ip))
        .filter_map(|row| Some((row.id, Schema::get().row(row.id)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Result<Target, String> {
        let field = query::Field { name: name.to_owned(), span: query::Span::default() };
        Target::find(&field).map_err(|error| error.to_string())
    }

    #[test]
    fn names_lead_to_fields() {
        let rows = [
            ("user.name", FieldId::UserName),
            ("USER.NAME", FieldId::UserName),
            ("eventType", FieldId::EventAction),
            ("actor.alternateId", FieldId::ActorAlternateId),
            ("client.ipAddress", FieldId::SourceIp),
            ("outcome.result", FieldId::OutcomeResult),
            ("target.id", FieldId::TargetId),
            ("published", FieldId::Timestamp),
            ("severity", FieldId::Severity),
            ("securityContext.asNumber", FieldId::SourceAsNumber),
            ("client.userAgent.rawUserAgent", FieldId::UserAgentOriginal),
        ];
        for (name, id) in rows {
            assert_eq!(find(name), Ok(Target::row(id).unwrap()), "{name}");
        }
        assert_eq!(find("uuid"), Ok(Target::Id));
        assert_eq!(find("event.id"), Ok(Target::Id));
        let debug = |name: &str| Ok(Target::Debug(name.to_owned()));
        assert_eq!(find("okta.system.debug_context.requestUri"), debug("request_uri"));
        assert_eq!(find("debugContext.debugData.requestUri"), debug("request_uri"));
        assert_eq!(find("okta.system.debug_context.risk.Level"), debug("risk.level"));
        assert_eq!(find("okta.system.debug_context"), debug(""));
        assert!(matches!(find("okta.system.target"), Ok(Target::Objects(rows)) if rows.len() == 4));
        assert_eq!(find("source.geo.location"), Ok(Target::Location));
    }

    #[test]
    fn other_names_are_refused_with_advice() {
        let cases = [
            ("user.nam", "there is no field 'user.nam': did you mean user.name?"),
            ("nonsense", "there is no field 'nonsense': wardgate fields lists them"),
            ("client.zone", "client.zone is kept, but not indexed"),
            ("okta.system.device.device_integrator", "kept, but not indexed"),
        ];
        for (name, expected) in cases {
            let error = find(name).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
