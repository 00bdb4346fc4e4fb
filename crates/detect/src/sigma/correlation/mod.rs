//! Correlations: what several events have to have in common (specification 2.1.0, "Sigma
//! Correlation Rules"), and Wardgate's additions.

mod condition;
mod parse;
mod span;
mod weights;

use super::diagnostic::Position;
use super::rule::Rule;

pub(super) use parse::parse;
pub use span::in_words;
pub(crate) use span::milliseconds;
pub use weights::Weights;

/// The most events that a condition may ask for.
pub const MOST_EVENTS: u32 = 10_000;
/// The most rules that a correlation may name.
const MOST_RULES: usize = 64;
/// The longest time span, in milliseconds: a year.
const LONGEST: i64 = 366 * DAY;

const DAY: i64 = 86_400_000;
/// From how much of the past a spike takes what is usual, in milliseconds.
pub(crate) const BASELINE: i64 = 28 * DAY;

/// The section `correlation` of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// What is worked out of the events.
    pub kind: CorrelationKind,
    /// The rules whose matches count, by name or id.
    pub rules: Vec<Reference>,
    /// The fields that events have to share; none when all events belong together.
    pub group_by: Vec<String>,
    /// How far apart events may be, in milliseconds.
    pub timespan: i64,
    /// Names that stand for another field in each rule's events.
    pub aliases: Vec<Alias>,
    /// What the number has to be; all of it has to hold.
    pub condition: Vec<(Operator, f64)>,
    /// The fields whose values are looked at.
    pub fields: Vec<String>,
    /// Which percentile, from 0 to 100.
    pub percentile: f64,
    /// How long a group has to be known before something new or unusual about it counts, in
    /// milliseconds.
    pub learning: i64,
    /// How long before the first rule another may have matched instead of after it, in
    /// milliseconds.
    pub before: i64,
    /// What an impossible journey is.
    pub travel: Travel,
    /// How many deviations a spike is above what is usual.
    pub deviations: f64,
    /// What alerts add to a risk.
    pub risk: Risk,
    /// Whether the rules raise alerts of their own as well.
    pub generate: bool,
    /// Where the section stands.
    pub at: Position,
}

/// A rule that is named by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name or id.
    pub name: String,
    /// Where it is named.
    pub at: Position,
}

/// A name that stands for a field of each rule's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Rules and their fields.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    pub at: Position,
}

/// What makes two places of a group an impossible journey, beside its speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Travel {
    /// How far apart the places are at least, in kilometres.
    pub distance: f64,
    /// An address that so many groups have come from within the time span is no place.
    pub shared: u32,
    /// How long a group's networks are known, in milliseconds: a journey between two of them is
    /// none.
    pub memory: i64,
}

impl Default for Travel {
    fn default() -> Self {
        Self { distance: 500.0, shared: 5, memory: 30 * DAY }
    }
}

/// What alerts add to the risk of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// After how long an alert counts half, in milliseconds.
    pub half_life: i64,
    /// How much an alert counts when it is new.
    pub weights: Weights,
    /// Of how many different rules alerts have to be.
    pub rules: u32,
}

impl Default for Risk {
    fn default() -> Self {
        Self { half_life: DAY, weights: Weights::default(), rules: 1 }
    }
}

/// What a correlation works out of the events of its time span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CorrelationKind {
    /// How many there are.
    EventCount,
    /// How many different values a field has.
    ValueCount,
    /// How many of the rules have matched.
    Temporal,
    /// How many of the rules have matched in their order.
    TemporalOrdered,
    /// The sum of a field's values.
    ValueSum,
    /// The average of a field's values.
    ValueAvg,
    /// A percentile of a field's values.
    ValuePercentile,
    /// Whether a value is new for its group.
    FirstSeen,
    /// How fast a group would have had to travel between two places, in kilometres an hour.
    ImpossibleTravel,
    /// Whether the first rule has matched, and none of the others within the time span after it.
    MissingFollowup,
    /// How many there are, beside how many there usually are at that hour of the week.
    Spike,
    /// How much the alerts of a group weigh, each the less the older it is.
    Risk,
}

impl CorrelationKind {
    const ALL: [Self; 12] = [
        Self::EventCount,
        Self::ValueCount,
        Self::Temporal,
        Self::TemporalOrdered,
        Self::ValueSum,
        Self::ValueAvg,
        Self::ValuePercentile,
        Self::FirstSeen,
        Self::ImpossibleTravel,
        Self::MissingFollowup,
        Self::Spike,
        Self::Risk,
    ];

    /// The word for it in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventCount => "event_count",
            Self::ValueCount => "value_count",
            Self::Temporal => "temporal",
            Self::TemporalOrdered => "temporal_ordered",
            Self::ValueSum => "value_sum",
            Self::ValueAvg => "value_avg",
            Self::ValuePercentile => "value_percentile",
            Self::FirstSeen => "first_seen",
            Self::ImpossibleTravel => "impossible_travel",
            Self::MissingFollowup => "missing_followup",
            Self::Spike => "spike",
            Self::Risk => "risk",
        }
    }

    /// Whether it looks at the values of a field, and cannot do without.
    #[must_use]
    pub const fn has_field(self) -> bool {
        matches!(
            self,
            Self::ValueCount
                | Self::ValueSum
                | Self::ValueAvg
                | Self::ValuePercentile
                | Self::FirstSeen
        )
    }

    /// Whether it may look at the values of a field.
    const fn takes_field(self) -> bool {
        self.has_field() || matches!(self, Self::Spike)
    }

    /// Whether there is a number to compare with.
    const fn compares(self) -> bool {
        !matches!(self, Self::FirstSeen | Self::MissingFollowup)
    }

    /// Whether it can do without a condition.
    const fn needs_no_condition(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered | Self::MissingFollowup)
    }

    /// Whether it says something about rules beside each other.
    const fn is_of_several_rules(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered | Self::MissingFollowup)
    }

    /// Whether it says something about a group, and makes no sense for all events together.
    const fn is_of_a_group(self) -> bool {
        matches!(self, Self::FirstSeen | Self::ImpossibleTravel | Self::Spike | Self::Risk)
    }
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Greater than.
    Gt,
    /// At least.
    Gte,
    /// Less than.
    Lt,
    /// At most.
    Lte,
    /// Exactly.
    Eq,
    /// Anything but.
    Neq,
}

impl Operator {
    const NAMES: [(&'static str, Self); 6] = [
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("eq", Self::Eq),
        ("neq", Self::Neq),
    ];

    /// Whether it holds between two numbers.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "equality is what the rule asks for")]
    pub fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Gt => number > bound,
            Self::Gte => number >= bound,
            Self::Lt => number < bound,
            Self::Lte => number <= bound,
            Self::Eq => number == bound,
            Self::Neq => number != bound,
        }
    }

    /// What it says, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gt => "more than",
            Self::Gte => "at least",
            Self::Lt => "less than",
            Self::Lte => "at most",
            Self::Eq => "exactly",
            Self::Neq => "anything but",
        }
    }
}

impl Correlation {
    /// Whether a number is what the condition asks for.
    #[must_use]
    pub fn is_met(&self, number: f64) -> bool {
        self.condition.iter().all(|(operator, bound)| operator.holds(number, *bound))
    }

    /// Whether it names a rule.
    #[must_use]
    pub fn names(&self, rule: &Rule) -> bool {
        let is_name = |name: &String| {
            self.rules.iter().any(|reference| reference.name.eq_ignore_ascii_case(name))
        };
        rule.id.iter().chain(&rule.name).any(is_name)
    }

    /// The field that a name in `group-by` stands for in the events of a rule, which is known
    /// by these names.
    #[must_use]
    pub fn field_of<'f>(
        &'f self,
        name: &'f str,
        is_rule: impl Fn(&str) -> bool,
    ) -> Option<&'f str> {
        let Some(alias) = self.aliases.iter().find(|alias| alias.name == name) else {
            return Some(name);
        };
        alias.fields.iter().find(|(rule, _)| is_rule(rule)).map(|(_, field)| field.as_str())
    }
}
