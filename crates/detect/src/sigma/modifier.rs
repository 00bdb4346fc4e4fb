//! Value modifiers: their names, and which of them go together.

use super::diagnostic::nearest;

/// A value modifier (specification 2.1.0, appendix "Sigma Modifiers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// `all`: every value of the list has to be found, not just one.
    All,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
    /// `contains`
    Contains,
    /// `exists`: whether the event has the field at all.
    Exists,
    /// `cased`: upper and lower case differ.
    Cased,
    /// `neq`: the item does not match.
    Neq,
    /// `windash`: a dash may be any of the characters that introduce an option.
    WinDash,
    /// `re`: the value is a regular expression.
    Re,
    /// `i` or `ignorecase`, after `re`.
    IgnoreCase,
    /// `m` or `multiline`, after `re`.
    MultiLine,
    /// `s` or `dotall`, after `re`.
    DotAll,
    /// `base64`
    Base64,
    /// `base64offset`
    Base64Offset,
    /// `utf16le` or `wide`
    Utf16Le,
    /// `utf16be`
    Utf16Be,
    /// `utf16`: UTF-16LE after a byte order mark.
    Utf16,
    /// `lt`
    Lt,
    /// `lte`
    Lte,
    /// `gt`
    Gt,
    /// `gte`
    Gte,
    /// `minute` of the field's date.
    Minute,
    /// `hour`
    Hour,
    /// `day` of the month.
    Day,
    /// `week` of the year, as ISO 8601 counts them.
    Week,
    /// `month`
    Month,
    /// `year`
    Year,
    /// `cidr`: the value is a network.
    Cidr,
    /// `expand`: `%name%` stands for a list of values.
    Expand,
    /// `fieldref`: the value is another field's name.
    FieldRef,
}

use Modifier::{
    All, Base64, Base64Offset, Cased, Cidr, Contains, Day, DotAll, EndsWith, Exists, Expand,
    FieldRef, Gt, Gte, Hour, IgnoreCase, Lt, Lte, Minute, Month, MultiLine, Neq, Re, StartsWith,
    Utf16, Utf16Be, Utf16Le, Week, WinDash, Year,
};

const NAMES: [(&str, Modifier); 34] = [
    ("all", All),
    ("startswith", StartsWith),
    ("endswith", EndsWith),
    ("contains", Contains),
    ("exists", Exists),
    ("cased", Cased),
    ("neq", Neq),
    ("windash", WinDash),
    ("re", Re),
    ("i", IgnoreCase),
    ("ignorecase", IgnoreCase),
    ("m", MultiLine),
    ("multiline", MultiLine),
    ("s", DotAll),
    ("dotall", DotAll),
    ("base64", Base64),
    ("base64offset", Base64Offset),
    ("utf16le", Utf16Le),
    ("wide", Utf16Le),
    ("utf16be", Utf16Be),
    ("utf16", Utf16),
    ("lt", Lt),
    ("lte", Lte),
    ("gt", Gt),
    ("gte", Gte),
    ("minute", Minute),
    ("hour", Hour),
    ("day", Day),
    ("week", Week),
    ("month", Month),
    ("year", Year),
    ("cidr", Cidr),
    ("expand", Expand),
    ("fieldref", FieldRef),
];

impl Modifier {
    /// The modifier of this name; otherwise the name that was probably meant.
    pub(crate) fn from_name(name: &str) -> Result<Self, Option<&'static str>> {
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, modifier)) => Ok(*modifier),
            None => Err(nearest(name, NAMES.iter().map(|(known, _)| *known))),
        }
    }

    /// Its name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, modifier)| *modifier == self).map_or("", |(name, _)| *name)
    }

    /// Whether it makes an event's date into a number.
    #[must_use]
    pub fn is_date_part(self) -> bool {
        matches!(self, Minute | Hour | Day | Week | Month | Year)
    }

    /// Whether it compares numbers.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(self, Lt | Lte | Gt | Gte)
    }

    pub(crate) fn is_position(self) -> bool {
        matches!(self, StartsWith | EndsWith | Contains)
    }

    pub(crate) fn is_utf16(self) -> bool {
        matches!(self, Utf16Le | Utf16Be | Utf16)
    }

    pub(crate) fn is_base64(self) -> bool {
        matches!(self, Base64 | Base64Offset)
    }

    /// Whether it makes another text of the value.
    pub(crate) fn is_transformation(self) -> bool {
        self == WinDash || self.is_utf16() || self.is_base64()
    }

    /// The group of which an item can have one only. The groups "text" and "date" mix with what
    /// [`check`] says.
    fn kind(self) -> Option<Kind> {
        Some(match self {
            Exists => Kind::Exists,
            Re | IgnoreCase | MultiLine | DotAll => Kind::Re,
            Cidr => Kind::Cidr,
            FieldRef => Kind::FieldRef,
            modifier if modifier.is_comparison() || modifier.is_date_part() => Kind::Number,
            modifier if modifier.is_transformation() => Kind::Text,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exists,
    Re,
    Cidr,
    FieldRef,
    Number,
    Text,
}

/// Checks that the modifiers of an item go together: a message and perhaps a hint for the first
/// that does not.
pub(crate) fn check(
    modifiers: &[Modifier],
    has_field: bool,
) -> Result<(), (String, Option<&'static str>)> {
    let mut kind: Option<(Kind, Modifier)> = None;
    for (index, &modifier) in modifiers.iter().enumerate() {
        let before = modifiers.get(..index).unwrap_or_default();
        if before.contains(&modifier) {
            return Err((format!("'{}' stands twice", modifier.name()), None));
        }
        if matches!(modifier, IgnoreCase | MultiLine | DotAll) && !before.contains(&Re) {
            let hint = Some("write 're' before it");
            return Err((format!("'{}' needs 're'", modifier.name()), hint));
        }
        if let Some(new) = modifier.kind() {
            match kind {
                Some((known, earlier)) if known != new => return Err(clash(earlier, modifier)),
                _ => kind = Some((new, modifier)),
            }
        }
        let exclusive: [fn(Modifier) -> bool; 5] = [
            Modifier::is_position,
            Modifier::is_base64,
            Modifier::is_utf16,
            Modifier::is_comparison,
            Modifier::is_date_part,
        ];
        for same in exclusive {
            if same(modifier)
                && let Some(earlier) = before.iter().find(|earlier| same(**earlier))
            {
                return Err(clash(*earlier, modifier));
            }
        }
        let too_late = match modifier {
            _ if modifier.is_utf16() => before.iter().find(|earlier| earlier.is_base64()),
            WinDash => before.iter().find(|earlier| earlier.is_base64() || earlier.is_utf16()),
            _ => None,
        };
        if let Some(earlier) = too_late {
            let (name, earlier) = (modifier.name(), earlier.name());
            let hint = Some("modifiers are applied in the order in which they stand");
            return Err((format!("'{name}' after '{earlier}' has nothing left to do"), hint));
        }
    }
    let has = |modifier| modifiers.contains(&modifier);
    let position = modifiers.iter().copied().find(|modifier| modifier.is_position());
    match kind {
        Some((Kind::Exists, exists)) => {
            if let Some(other) = modifiers.iter().find(|modifier| **modifier != Exists) {
                return Err(clash(*other, exists));
            }
        }
        Some((Kind::Re, _)) => {
            if let Some(position) = position {
                let hint = Some("a regular expression is found anywhere: anchor it with ^ and $");
                return Err((clash(Re, position).0, hint));
            }
            if has(Cased) {
                let hint = Some("regular expressions differ between cases unless 're|i' is given");
                return Err((clash(Re, Cased).0, hint));
            }
            if has(Expand) {
                let hint = Some("use 'contains', 'startswith' or 'endswith' with placeholders");
                return Err((clash(Re, Expand).0, hint));
            }
        }
        Some((Kind::Cidr, cidr)) => {
            if let Some(other) = position.or(has(Cased).then_some(Cased)) {
                return Err(clash(cidr, other));
            }
        }
        Some((Kind::Number, number)) => {
            let other = position.or(has(Cased).then_some(Cased)).or(has(Expand).then_some(Expand));
            if let Some(other) = other {
                return Err(clash(number, other));
            }
        }
        Some((Kind::FieldRef, fieldref)) if has(Expand) => return Err(clash(fieldref, Expand)),
        Some((Kind::FieldRef | Kind::Text, _)) | None => {}
    }
    match kind {
        Some((Kind::Exists | Kind::Cidr | Kind::FieldRef | Kind::Number, modifier))
            if !has_field =>
        {
            Err((format!("'{}' needs a field", modifier.name()), Some("write 'field|modifier'")))
        }
        _ => Ok(()),
    }
}

fn clash(a: Modifier, b: Modifier) -> (String, Option<&'static str>) {
    (format!("'{}' and '{}' do not go together", a.name(), b.name()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(names: &str) -> Result<(), String> {
        let modifiers: Vec<_> =
            names.split('|').map(|name| Modifier::from_name(name).unwrap()).collect();
        check(&modifiers, true).map_err(|(message, _)| message)
    }

    #[test]
    fn names_are_the_specifications() {
        for (name, modifier) in NAMES {
            assert_eq!(Modifier::from_name(name), Ok(modifier));
        }
        assert_eq!(Modifier::from_name("containz"), Err(Some("contains")));
        assert_eq!(Modifier::from_name("frobnicate"), Err(None));
        assert_eq!(Utf16Le.name(), "utf16le");
    }

    #[test]
    fn what_goes_together() {
        for names in [
            "contains|all",
            "all|contains",
            "contains|expand",
            "expand|cidr",
            "cidr|expand",
            "re|i|m|s",
            "re|neq",
            "wide|base64offset|contains",
            "windash|contains|all",
            "utf16|base64",
            "hour|gte",
            "fieldref|startswith|neq",
            "fieldref|cased",
            "neq|contains",
            "lt|neq",
            "cidr|neq",
        ] {
            assert_eq!(checked(names), Ok(()), "{names}");
        }
    }

    #[test]
    fn what_does_not() {
        for (names, message) in [
            ("contains|contains", "twice"),
            ("contains|startswith", "together"),
            ("re|contains", "together"),
            ("contains|re", "together"),
            ("re|cased", "together"),
            ("re|expand", "together"),
            ("i", "needs 're'"),
            ("i|re", "needs 're'"),
            ("cidr|contains", "together"),
            ("cidr|re", "together"),
            ("lt|gt", "together"),
            ("lt|contains", "together"),
            ("hour|day", "together"),
            ("exists|neq", "together"),
            ("exists|all", "together"),
            ("base64|wide", "nothing left"),
            ("base64|windash", "nothing left"),
            ("base64|base64offset", "together"),
            ("wide|utf16be", "together"),
            ("fieldref|base64", "together"),
            ("fieldref|expand", "together"),
        ] {
            let error = checked(names).unwrap_err();
            assert!(error.contains(message), "{names}: {error}");
        }
        assert!(check(&[Cidr], false).is_err());
        assert!(check(&[Contains, All], false).is_ok());
    }
}
