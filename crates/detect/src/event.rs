//! What the matcher needs to know of an event.

use std::ops::ControlFlow;

use ecs::{Lookup, Record};
use okta::json::Value;

/// Something that has fields: a [`Record`], or whatever else rules shall be tried on.
pub trait Event {
    /// Calls `visitor` with every value of a field, each element of an array by itself, until
    /// it breaks. A field that is missing has no values; one that is null has [`Value::Null`].
    fn visit(
        &self,
        lookup: &Lookup,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()>;

    /// Calls `visitor` with every string, number and boolean of the event, wherever it stands.
    fn visit_leaves(
        &self,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
}

impl Event for Record<'_> {
    fn visit(
        &self,
        lookup: &Lookup,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        Record::visit(self, lookup, &mut |value| visitor(value))
    }

    fn visit_leaves(
        &self,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        Record::visit_leaves(self, &mut |value| visitor(value))
    }
}
