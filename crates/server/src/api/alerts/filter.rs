//! Which alerts: the parameters that lists, facets and exports share.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use detect::sigma::Level;
use serde::Deserialize;
use store::{AlertFilter, AlertPage, AlertSort, AlertState, Assignee, Verdict};
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::answer::Problem;
use crate::api::params::{List, When, bad_parameter, within};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SortBy {
    /// When they happened last.
    #[default]
    LastTime,
    /// When they happened first.
    Time,
    /// How grave they are, then when they happened last.
    Severity,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    Asc,
    #[default]
    Desc,
}

/// A level, by its name.
pub(super) struct Severity(Level);

impl std::str::FromStr for Severity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected informational, low, medium, high or critical";
        Level::from_name(text).map(Self).ok_or(expected)
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterParams {
    /// `new`, `acknowledged`, `closed`, with commas between them.
    #[param(value_type = Option<String>)]
    state: Option<List<AlertState>>,
    /// `informational`, `low`, `medium`, `high`, `critical`, with commas between them.
    #[param(value_type = Option<String>)]
    severity: Option<List<Severity>>,
    /// `true_positive`, `benign`, `false_positive`, with commas between them.
    #[param(value_type = Option<String>)]
    verdict: Option<List<Verdict>>,
    /// The id or the name of a rule.
    rule: Option<String>,
    /// An ATT&CK technique; its sub-techniques are found too.
    technique: Option<String>,
    user: Option<String>,
    address: Option<String>,
    /// A user or an address.
    entity: Option<String>,
    /// A name, `none` or `me`.
    assignee: Option<String>,
    /// A part of the title, in any case.
    text: Option<String>,
    /// Only what happened last from this time on.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    /// Only what happened first before this time.
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// Repeats one by one.
    repeats: Option<bool>,
    #[param(inline)]
    sort: Option<SortBy>,
    #[param(inline)]
    order: Option<Direction>,
    /// How many on a page, from 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
    /// Where the page before has ended: its `next`.
    cursor: Option<String>,
    /// How exports are written.
    #[param(inline)]
    pub(super) format: Option<AlertForm>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AlertForm {
    /// The alerts' documents, one JSON object a line.
    #[default]
    Ndjson,
    /// One row each, for spreadsheets.
    Csv,
}

impl FilterParams {
    /// How many alerts are on a page.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        within("limit", self.limit, 1..=500, 100)
    }

    /// The filter, for somebody who may mean themselves. What is said about pages is checked, also
    /// where there are none.
    pub(super) fn filter(&self, caller: &Caller) -> Result<AlertFilter, Problem> {
        self.limit()?;
        let sort = match self.sort.unwrap_or_default() {
            SortBy::LastTime => AlertSort::LastTime,
            SortBy::Time => AlertSort::Time,
            SortBy::Severity => AlertSort::Severity,
        };
        let severities = self.severity.iter().flat_map(|list| &list.0);
        let assignee = self.assignee.as_deref().map(|name| match name {
            "none" => Assignee::Nobody,
            "me" => Assignee::Name(caller.name.to_string()),
            name => Assignee::Name(name.to_owned()),
        });
        Ok(AlertFilter {
            states: self.state.as_ref().map_or_else(Vec::new, |list| list.0.clone()),
            severities: severities.map(|level| level.0.as_str().to_owned()).collect(),
            verdicts: self.verdict.as_ref().map_or_else(Vec::new, |list| list.0.clone()),
            rule: self.rule.clone(),
            technique: self.technique.clone(),
            user: self.user.clone(),
            address: self.address.clone(),
            entity: self.entity.clone(),
            assignee,
            text: self.text.clone().filter(|text| !text.is_empty()),
            since: self.since.map(|since| since.0),
            until: self.until.map(|until| until.0),
            repeats: self.repeats.unwrap_or_default(),
            limit: 0,
            sort,
            ascending: self.order.unwrap_or_default() == Direction::Asc,
            after: self.cursor.as_deref().map(|cursor| read_cursor(cursor, sort)).transpose()?,
        })
    }
}

const fn letter(sort: AlertSort) -> char {
    match sort {
        AlertSort::LastTime => 'l',
        AlertSort::Time => 't',
        AlertSort::Severity => 's',
    }
}

/// The place of an alert, for the page behind it.
pub(super) fn write_cursor(page: AlertPage, sort: AlertSort) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("a1{}.{}.{}", letter(sort), page.key, page.seq))
}

fn read_cursor(text: &str, sort: AlertSort) -> Result<AlertPage, Problem> {
    let read = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let rest = text.strip_prefix("a1")?.strip_prefix(letter(sort))?;
        let (key, seq) = rest.strip_prefix('.')?.split_once('.')?;
        Some(AlertPage { key: key.parse().ok()?, seq: seq.parse().ok()? })
    };
    let expected = "cursor: expected what an answer with the same sort had as next";
    read().ok_or_else(|| bad_parameter(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_for_the_same_order_only() {
        let page = AlertPage { key: i64::MIN, seq: 7 };
        let cursor = write_cursor(page, AlertSort::Time);
        assert_eq!(read_cursor(&cursor, AlertSort::Time).unwrap(), page);
        assert!(read_cursor(&cursor, AlertSort::Severity).is_err());
        assert!(read_cursor("x", AlertSort::Time).is_err());
    }
}
