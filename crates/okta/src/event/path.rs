//! Paths into a LogEvent, as rules and people write them: `actor.alternateId`.

use super::member::{Member, Schema};
use super::objects::Members;

/// A dotted path into a LogEvent, looked up once and used for many events.
///
/// A path into the documented members is spelled as Okta spells it, whatever case it was given
/// in. A number picks one element of an array (`target.0.id`, `target[0].id`); without one, every
/// element is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    segments: Box<[Box<str>]>,
    known: bool,
}

impl Path {
    /// Looks a path up: exactly first, then without regard to ASCII case. What Okta does not
    /// document is kept as it was given.
    ///
    /// ```
    /// assert_eq!(okta::Path::resolve("actor.alternateid").name(), "actor.alternateId");
    /// assert!(okta::Path::resolve("debugContext.debugData.anything").is_known());
    /// assert!(!okta::Path::resolve("proces.name").is_known());
    /// ```
    #[must_use]
    pub fn resolve(path: &str) -> Self {
        let mut schema = <Members<'_> as Member<'_>>::SCHEMA;
        let mut known = true;
        let mut segments = Vec::new();
        for segment in split(path) {
            let is_index = segment.parse::<usize>().is_ok();
            let spelled = match schema {
                Some(inside) if !is_index => match find(inside, segment) {
                    Some((name, inside)) => {
                        schema = inside;
                        name
                    }
                    None => {
                        known = false;
                        schema = None;
                        segment
                    }
                },
                _ => segment,
            };
            segments.push(Box::from(spelled));
        }
        known &= !segments.is_empty();
        Self { segments: segments.into(), known }
    }

    /// Whether the path leads to a documented member, or into one that may hold anything.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.known
    }

    /// The path as Okta spells it, with dots.
    #[must_use]
    pub fn name(&self) -> String {
        self.segments.join(".")
    }

    /// For a path into debugData: the name of the member of debugData, and the path below it.
    #[must_use]
    pub fn in_debug_data(&self) -> Option<(&str, &[Box<str>])> {
        match &*self.segments {
            [context, data, member, rest @ ..]
                if &**context == "debugContext" && &**data == "debugData" =>
            {
                Some((member, rest))
            }
            _ => None,
        }
    }

    pub(crate) const fn segments(&self) -> &[Box<str>] {
        &self.segments
    }

    /// Every documented path that leads to a single value, as Okta spells it.
    #[must_use]
    pub fn all() -> Vec<String> {
        fn collect(schema: &Schema, prefix: &str, paths: &mut Vec<String>) {
            for (name, inside) in schema.members {
                let path =
                    if prefix.is_empty() { (*name).to_owned() } else { format!("{prefix}.{name}") };
                match inside {
                    Some(inside) => collect(inside, &path, paths),
                    None => paths.push(path),
                }
            }
        }
        let mut paths = Vec::new();
        if let Some(schema) = <Members<'_> as Member<'_>>::SCHEMA {
            collect(schema, "", &mut paths);
        }
        paths
    }
}

/// The segments of a path; `a[0].b` is the same as `a.0.b`.
fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).map(|segment| segment.strip_suffix(']').unwrap_or(segment))
}

fn find(schema: &'static Schema, segment: &str) -> Option<(&'static str, Option<&'static Schema>)> {
    let exact = schema.members.iter().find(|(name, _)| *name == segment);
    exact
        .or_else(|| schema.members.iter().find(|(name, _)| name.eq_ignore_ascii_case(segment)))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn all_documented_paths_are_known_to_themselves() {
        let all = Path::all();
        assert!(all.len() > 60, "{}", all.len());
        for name in all {
            let path = Path::resolve(&name.to_uppercase());
            assert!(path.is_known(), "{name}");
            assert_eq!(path.name(), name);
        }
    }

    #[test]
    fn an_empty_path_is_nothing() {
        for path in ["", ".", "..", "actor."] {
            assert!(!Path::resolve(path).is_known(), "{path:?}");
        }
    }
}
