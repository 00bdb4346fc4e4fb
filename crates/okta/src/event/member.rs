//! How the members of a LogEvent are read, and found again by name.

use std::ops::ControlFlow;

use crate::json::{Error, Scanner, Value};

/// What is called with each value found.
pub(crate) type Visitor<'v, 'a> = &'v mut dyn FnMut(Value<'a>) -> ControlFlow<()>;

/// What a visit of a path came to.
pub(crate) enum Visit {
    /// The path leads into what is known, and has been visited (perhaps nothing was there).
    Done(ControlFlow<()>),
    /// The path leaves what is known.
    Unknown,
}

/// The names of the members of an object that is known, for looking paths up without an event.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Name and, for an object (or an array of objects), what is inside.
    pub(crate) members: &'static [(&'static str, Option<&'static Schema>)],
}

/// Something that stands at a member of a known object.
pub(crate) trait Member<'a>: Sized {
    /// What is inside, where this is an object.
    const SCHEMA: Option<&'static Schema>;

    /// Reads the value the scanner stands before. A value of another shape than expected is
    /// moved over and leaves the member missing; it stays reachable in the event's text.
    fn read(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Error>;

    /// Visits what stands at `path`, which begins inside this member.
    fn visit(&self, path: &[Box<str>], visitor: Visitor<'_, 'a>) -> Visit;
}

impl<'a> Member<'a> for Value<'a> {
    const SCHEMA: Option<&'static Schema> = None;

    #[inline]
    fn read(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Error> {
        *self = scanner.value()?;
        Ok(())
    }

    fn visit(&self, path: &[Box<str>], visitor: Visitor<'_, 'a>) -> Visit {
        Visit::Done(visit_value(*self, path, visitor))
    }
}

/// Visits what stands at `path` inside a value nobody knows the members of: arrays are gone
/// through element by element (or by number, where the path has one), names are compared without
/// regard to ASCII case, and an array at the end is visited element by element.
pub fn visit_value<'a>(
    value: Value<'a>,
    path: &[Box<str>],
    visitor: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match (value, path.split_first()) {
        (Value::Missing, _) => ControlFlow::Continue(()),
        (Value::Array(raw), None) => raw.items().try_for_each(|item| match item {
            // An array in an array is one value: what it means is anybody's guess.
            Value::Array(_) => visitor(item),
            _ => visit_value(item, path, visitor),
        }),
        (Value::Array(raw), Some((first, rest))) => match first.parse::<usize>() {
            Ok(index) => raw
                .items()
                .nth(index)
                .map_or(ControlFlow::Continue(()), |item| visit_value(item, rest, visitor)),
            Err(_) => raw
                .items()
                .filter(|item| matches!(item, Value::Object(_)))
                .try_for_each(|item| visit_value(item, path, visitor)),
        },
        (value, None) => visitor(value),
        (Value::Object(raw), Some((first, rest))) => raw
            .entries()
            .filter(|(name, _)| name.to_str().eq_ignore_ascii_case(first))
            .try_for_each(|(_, value)| visit_value(value, rest, visitor)),
        // A dotted name whose path is cut short by a scalar or null.
        (_, Some(_)) => ControlFlow::Continue(()),
    }
}

/// How many objects a [`List`] holds without allocating.
const FEW: usize = 3;

/// An array of objects of one kind. A single object where the array was promised is taken as an
/// array of one.
#[derive(Clone, Debug)]
pub struct List<T>(Items<T>);

// Not a `SmallVec`: that is invariant in what it holds, and so an event would be in its lifetime.
#[derive(Clone, Debug)]
enum Items<T> {
    Few([T; FEW], usize),
    Many(Vec<T>),
}

impl<T: Default> Default for List<T> {
    fn default() -> Self {
        Self(Items::Few(Default::default(), 0))
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Items::Few(items, length) => items.get(..*length).unwrap_or_default(),
            Items::Many(items) => items,
        }
    }
}

impl<T: Default> List<T> {
    fn push(&mut self, item: T) {
        match &mut self.0 {
            Items::Few(items, length) => match items.get_mut(*length) {
                Some(slot) => {
                    *slot = item;
                    *length += 1;
                }
                None => {
                    let mut many = Vec::with_capacity(2 * FEW);
                    many.extend(items.iter_mut().map(std::mem::take));
                    many.push(item);
                    self.0 = Items::Many(many);
                }
            },
            Items::Many(items) => items.push(item),
        }
    }
}

impl<'a, T: Member<'a> + Default> Member<'a> for List<T> {
    const SCHEMA: Option<&'static Schema> = T::SCHEMA;

    fn read(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Error> {
        *self = Self::default();
        let mut item = |scanner: &mut Scanner<'a>| {
            if scanner.peek() != Some(b'{') {
                return scanner.value().map(drop);
            }
            let mut item = T::default();
            item.read(scanner)?;
            self.push(item);
            Ok(())
        };
        match scanner.peek() {
            Some(b'[') => scanner.array(item),
            _ => item(scanner),
        }
    }

    fn visit(&self, path: &[Box<str>], visitor: Visitor<'_, 'a>) -> Visit {
        if let Some((first, rest)) = path.split_first()
            && let Ok(index) = first.parse::<usize>()
        {
            return match self.get(index) {
                Some(item) => item.visit(rest, visitor),
                None => Visit::Done(ControlFlow::Continue(())),
            };
        }
        for item in self.iter() {
            match item.visit(path, visitor) {
                Visit::Done(ControlFlow::Continue(())) => {}
                other => return other,
            }
        }
        Visit::Done(ControlFlow::Continue(()))
    }
}

/// Declares an object of known members: the struct, how it is read, and how a path into it is
/// followed.
macro_rules! object {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $( $(#[$field_doc:meta])* $key:literal => $field:ident : $kind:ty, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $name<'a> {
            $(
                #[doc = concat!("`", $key, "`.")]
                ///
                $(#[$field_doc])*
                pub $field: $kind,
            )*
        }

        impl<'a> $crate::event::member::Member<'a> for $name<'a> {
            const SCHEMA: Option<&'static $crate::event::member::Schema> =
                Some(&$crate::event::member::Schema {
                    members: &[
                        $( ($key, <$kind as $crate::event::member::Member<'a>>::SCHEMA), )*
                    ],
                });

            #[inline]
            fn read(
                &mut self,
                scanner: &mut $crate::json::Scanner<'a>,
            ) -> Result<(), $crate::json::Error> {
                if scanner.peek() != Some(b'{') {
                    return scanner.value().map(drop);
                }
                scanner.object(|name, scanner| {
                    // Escapes in a member's name are rare enough to pay for.
                    let unescaped;
                    let name = match name.as_plain() {
                        Some(name) => name,
                        None => {
                            unescaped = name.to_str().into_owned();
                            unescaped.as_str()
                        }
                    };
                    match name {
                        $( $key => {
                            self.$field = Default::default();
                            $crate::event::member::Member::read(&mut self.$field, scanner)
                        } )*
                        _ => scanner.value().map(drop),
                    }
                })
            }

            fn visit(
                &self,
                path: &[Box<str>],
                visitor: $crate::event::member::Visitor<'_, 'a>,
            ) -> $crate::event::member::Visit {
                let Some((first, rest)) = path.split_first() else {
                    return $crate::event::member::Visit::Unknown;
                };
                match &**first {
                    $( $key => $crate::event::member::Member::visit(&self.$field, rest, visitor), )*
                    _ => $crate::event::member::Visit::Unknown,
                }
            }
        }
    };
}
pub(crate) use object;
