//! Indicators between the store, which keeps them, and the set, which finds them; and feeds, which
//! they come from.

pub(crate) mod sync;

use std::ops::ControlFlow;

use anyhow::{Context, Result};
use intel::{Builder, Indicator, IndicatorSet, Tlp, Value, pack, unpack};
use store::{Database, IndicatorFilter, StoredIndicator};

/// An indicator as the store keeps it.
pub(crate) fn to_stored(indicator: Indicator) -> StoredIndicator {
    let parts = pack(&indicator.any);
    let (kind, value) = match indicator.any.as_slice() {
        [part] if part.len() == 1 => {
            let only = part.first();
            (only.map_or("", |value| value.kind().name()), shown(&indicator))
        }
        [] => ("", String::new()),
        _ => ("pattern", shown(&indicator)),
    };
    StoredIndicator {
        kind: kind.to_owned(),
        value,
        parts,
        feed: indicator.feed,
        id: indicator.id,
        valid_from: indicator.valid_from,
        valid_until: indicator.valid_until,
        confidence: indicator.confidence,
        tlp: indicator.tlp.map(|tlp| tlp.name().to_owned()),
        labels: indicator.labels,
        name: indicator.name,
        description: indicator.description,
        command_and_control: indicator.command_and_control,
        modified: indicator.modified,
        revoked: indicator.revoked,
        first_seen: None,
    }
}

/// What it looks for, in one line.
fn shown(indicator: &Indicator) -> String {
    const MOST: usize = 20;
    let parts: Vec<String> = indicator
        .any
        .iter()
        .take(MOST)
        .map(|part| part.iter().map(Value::to_string).collect::<Vec<_>>().join(" AND "))
        .collect();
    let more = if indicator.any.len() > MOST { " OR …" } else { "" };
    parts.join(" OR ") + more
}

/// An indicator from what the store keeps; `None` when that makes no sense.
pub(crate) fn from_stored(stored: StoredIndicator) -> Option<Indicator> {
    let mut indicator = Indicator::new(unpack(&stored.parts)?);
    indicator.feed = stored.feed;
    indicator.id = stored.id;
    indicator.valid_from = stored.valid_from;
    indicator.valid_until = stored.valid_until;
    indicator.confidence = stored.confidence;
    indicator.tlp = stored.tlp.as_deref().and_then(Tlp::from_name);
    indicator.labels = stored.labels;
    indicator.name = stored.name;
    indicator.description = stored.description;
    indicator.command_and_control = stored.command_and_control;
    indicator.modified = stored.modified;
    Some(indicator)
}

/// Adds what the store has to a set.
pub(crate) fn add_stored(
    builder: &mut Builder,
    database: &Database,
    filter: &IndicatorFilter,
) -> Result<()> {
    database.for_each_indicator(filter, |stored| {
        if let Some(indicator) = from_stored(stored) {
            builder.add(&indicator);
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// Notes what is never matched.
pub(crate) fn allow(builder: &mut Builder, allowed: &[String]) -> Result<()> {
    for text in allowed {
        let value = Value::recognise(text).with_context(|| format!("intel.allow: {text}"))?;
        builder.allow(value);
    }
    Ok(())
}

/// A set of the stored indicators that `filter` lets through.
pub(crate) fn stored_set(
    database: &Database,
    filter: &IndicatorFilter,
    allowed: &[String],
) -> Result<IndicatorSet> {
    let count = database.count_indicators(filter.new_after)?;
    let mut builder = Builder::with_capacity(usize::try_from(count).unwrap_or(0));
    add_stored(&mut builder, database, filter)?;
    allow(&mut builder, allowed)?;
    Ok(builder.build())
}
