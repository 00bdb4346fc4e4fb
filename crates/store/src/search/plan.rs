//! From the syntax tree to a query of the indexes.

use std::net::Ipv6Addr;
use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use ecs::{FieldId, Kind, Timestamp};
use query::{Clause, Diagnostic, Matcher, Moment, Node, Operand, Range, Test};
use regex::RegexBuilder;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, Occur, PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{DateTime, Term};

use super::budget::Budget;
use super::column::{ColumnQuery, Values};
use super::dictionary::{self, DictionaryQuery, Texts};
use super::field::{LATITUDE, Target, free_text};
use super::measure::Measurable;
use super::network;
use super::searcher::SearchError;
use super::terms::{Accept, TermsQuery, behind};
use crate::index::{Schema, WORDS, lower_cased, tokenizers};

/// The keywords that people search for by their words and that have no inverted index. Those that
/// have one are in [`Schema::text`].
const WITH_WORDS: [FieldId; 6] = [
    FieldId::EventReason,
    FieldId::EventAction,
    FieldId::OutcomeReason,
    FieldId::SourceGeoCityName,
    FieldId::SourceGeoCountryName,
    FieldId::UserAgentOriginal,
];

type Result<T> = std::result::Result<T, Diagnostic>;
type Boxed = Box<dyn Query>;

/// A query of the indexes, the same for every day.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) query: Boxed,
    /// What matches has an `@timestamp` in here: from, and before.
    pub(crate) time: (Option<i64>, Option<i64>),
}

/// Makes the query of the indexes that finds what `node` asks for at the time `now`.
///
/// # Errors
///
/// When a field is not known, or a value is not of its type.
pub(crate) fn plan(node: &Node, now: Timestamp, budget: &Arc<Budget>) -> Result<Plan> {
    let words = tokenizers().get(WORDS).unwrap_or_default();
    let mut planner = Planner { now, budget, words };
    let query = planner.node(node)?;
    let time = planner.time(node);
    Ok(Plan { query, time })
}

/// Matches the events between two times, the second excluded.
pub(crate) fn between(since: Option<i64>, until: Option<i64>) -> Boxed {
    date_range(FieldId::Timestamp.name(), since, until)
}

struct Planner<'b> {
    now: Timestamp,
    budget: &'b Arc<Budget>,
    words: TextAnalyzer,
}

impl Planner<'_> {
    fn node(&mut self, node: &Node) -> Result<Boxed> {
        Ok(match &node.clause {
            Clause::All => Box::new(AllQuery),
            Clause::And(nodes) => {
                let mut clauses = Vec::with_capacity(nodes.len());
                for node in nodes {
                    clauses.push(match &node.clause {
                        Clause::Not(inner) => (Occur::MustNot, self.node(inner)?),
                        _ => (Occur::Must, self.node(node)?),
                    });
                }
                if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
                    clauses.push((Occur::Must, Box::new(AllQuery)));
                }
                Box::new(BooleanQuery::new(clauses))
            }
            Clause::Or(nodes) => {
                let nodes: Result<Vec<_>> = nodes.iter().map(|node| self.node(node)).collect();
                any(nodes?)
            }
            Clause::Not(inner) => {
                let inner = self.node(inner)?;
                let all: Boxed = Box::new(AllQuery);
                Box::new(BooleanQuery::new(vec![(Occur::Must, all), (Occur::MustNot, inner)]))
            }
            Clause::Test(test) => self.test(test, node)?,
        })
    }

    fn test(&mut self, test: &Test, node: &Node) -> Result<Boxed> {
        let Some(field) = &test.field else { return self.free_text(&test.matcher, node) };
        let schema = Schema::get();
        match Target::find(field)? {
            Target::Row(id, field) => match id.kind() {
                Kind::Keyword if test.matcher == Matcher::Exists => Ok(exists(id.name())),
                Kind::Keyword => self.row(id, field, &test.matcher, node),
                _ if test.matcher == Matcher::Exists => Ok(exists(id.name())),
                Kind::Date => self.date(id.name(), &test.matcher, node),
                Kind::Long => long(id.name(), &test.matcher, node),
                Kind::Boolean => boolean(id.name(), &test.matcher, node),
                Kind::Ip => ip(id, &test.matcher, node),
                _ => Ok(Box::new(EmptyQuery)),
            },
            Target::Id => self.keyword(schema.id, String::new(), &test.matcher, node),
            Target::Debug(name) if test.matcher == Matcher::Exists => {
                let terms = |name: String| -> Boxed {
                    let accept = Accept::All;
                    Box::new(TermsQuery::beginning(schema.debug, name, "", accept, self.budget))
                };
                if name.is_empty() {
                    return Ok(terms(name));
                }
                Ok(any(vec![terms(format!("{name}\0")), terms(format!("{name}."))]))
            }
            Target::Debug(name) if name.is_empty() => {
                let problem = format!("{} has no values of its own", field.name);
                let help = format!("name one of its members, such as {}.request_uri", field.name);
                Err(Diagnostic::new(field.span, problem, help))
            }
            Target::Debug(name) => {
                self.keyword(schema.debug, format!("{name}\0"), &test.matcher, node)
            }
            Target::Objects(members) => {
                if test.matcher == Matcher::Exists {
                    return Ok(any(members.iter().map(|id| exists(id.name())).collect()));
                }
                let names: Vec<_> = members.iter().map(|id| id.name()).collect();
                let problem = format!("{} holds objects", field.name);
                let help = format!("name one of their members: {}", names.join(", "));
                Err(Diagnostic::new(field.span, problem, help))
            }
            Target::Location if test.matcher == Matcher::Exists => Ok(exists(LATITUDE)),
            Target::Location => {
                let problem = format!("{} holds coordinates", field.name);
                let help = "search by source.geo.location.lat and .lon, such as lat:[50 TO 51]";
                Err(Diagnostic::new(field.span, problem, help))
            }
            Target::Degrees(name) if test.matcher == Matcher::Exists => Ok(exists(name)),
            Target::Degrees(name) => degrees(name, &test.matcher, node),
        }
    }

    /// A keyword: the whole value, in any case.
    fn row(&self, id: FieldId, field: Field, matcher: &Matcher, node: &Node) -> Result<Boxed> {
        if Schema::get().has_terms(id) {
            return self.keyword(field, String::new(), matcher, node);
        }
        Ok(self.dictionary(id, dictionary::Test::Whole(texts(matcher, node)?)))
    }

    /// What passes a test in a keyword without an inverted index.
    fn dictionary(&self, id: FieldId, test: dictionary::Test) -> Boxed {
        Box::new(DictionaryQuery { name: id.name(), test, budget: Arc::clone(self.budget) })
    }

    /// A keyword with an inverted index: the whole value, in any case. Its terms begin with `name`.
    fn keyword(&self, field: Field, name: String, matcher: &Matcher, node: &Node) -> Result<Boxed> {
        let budget = Arc::clone(self.budget);
        let terms = match matcher {
            Matcher::Term(text) | Matcher::Phrase(text) => {
                return Ok(term(Term::from_field_text(field, &(name + &lower_cased(text)))));
            }
            Matcher::Wildcard(pattern) => {
                let pattern = pattern.map(lower_cased);
                let prefix = pattern.prefix().to_owned();
                TermsQuery::beginning(field, name, &prefix, Accept::Pattern(pattern), self.budget)
            }
            Matcher::Regex(text) => {
                let regex = regular(text, node)?;
                TermsQuery::beginning(field, name, "", Accept::Regex(regex), self.budget)
            }
            Matcher::Exists => TermsQuery::beginning(field, name, "", Accept::All, self.budget),
            Matcher::Range(range) => {
                let bound = |bound: &Bound<Operand>| {
                    bound.as_ref().map(|end| (name.clone() + &lower_cased(&end.text)).into_bytes())
                };
                let (mut lower, mut upper) = (bound(&range.lower), bound(&range.upper));
                if lower == Bound::Unbounded {
                    lower = Bound::Included(name.clone().into_bytes());
                }
                if upper == Bound::Unbounded {
                    upper = behind(name.as_bytes()).map_or(Bound::Unbounded, Bound::Excluded);
                }
                TermsQuery { field, lower, upper, name, accept: Accept::All, budget }
            }
        };
        Ok(Box::new(terms))
    }

    /// A word of the text that people search in, or the whole of any keyword or address.
    fn free_text(&mut self, matcher: &Matcher, node: &Node) -> Result<Boxed> {
        let schema = Schema::get();
        let mut either = Vec::new();
        match matcher {
            Matcher::Term(text) | Matcher::Phrase(text) => {
                either.extend(self.words(text));
                either.push(self.keyword(schema.id, String::new(), matcher, node)?);
                let addresses = network::addresses(text);
                for (id, field) in free_text() {
                    match (id.kind(), &addresses) {
                        (Kind::Keyword, _) => {
                            either.push(self.row(id, field, matcher, node)?);
                        }
                        (_, Some(addresses)) => either.push(address_range(id, addresses)),
                        _ => {}
                    }
                }
            }
            _ => {
                for field in [schema.text, schema.id] {
                    either.push(self.keyword(field, String::new(), matcher, node)?);
                }
                let texts = texts(matcher, node)?;
                for id in WITH_WORDS {
                    let words = self.words.clone();
                    let test = dictionary::Test::AnyWord(texts.clone(), words);
                    either.push(self.dictionary(id, test));
                }
                let keywords = free_text().filter(|(id, _)| id.kind() == Kind::Keyword);
                for (id, field) in keywords {
                    either.push(self.row(id, field, matcher, node)?);
                }
                if let Matcher::Wildcard(pattern) = matcher
                    && let Some(addresses) = network::beginning(pattern)
                {
                    let ips = free_text().filter(|(id, _)| id.kind() == Kind::Ip);
                    either.extend(ips.map(|(id, _)| address_range(id, &addresses)));
                }
            }
        }
        Ok(any(either))
    }

    /// The words of a text, in their order, in any field that has words.
    fn words(&mut self, text: &str) -> Vec<Boxed> {
        let mut words = Vec::new();
        self.words.token_stream(text).process(&mut |token| {
            words.push((token.position, token.text.clone()));
        });
        let field = Schema::get().text;
        let mut terms: Vec<(usize, Term)> = words
            .iter()
            .map(|(position, word)| (*position, Term::from_field_text(field, word)))
            .collect();
        let mut either: Vec<Boxed> = match terms.len() {
            0 => return Vec::new(),
            1 => terms.pop().map(|(_, only)| term(only)).into_iter().collect(),
            _ => vec![Box::new(PhraseQuery::new_with_offset(terms))],
        };
        for id in WITH_WORDS {
            let test = dictionary::Test::Phrase(words.clone(), self.words.clone());
            either.push(self.dictionary(id, test));
        }
        either
    }

    fn date(&self, name: &'static str, matcher: &Matcher, node: &Node) -> Result<Boxed> {
        let (since, until) = match matcher {
            Matcher::Term(text) | Matcher::Phrase(text) => {
                let moment = self.moment(text, node.span)?;
                (Some(moment.start), Some(moment.end))
            }
            Matcher::Range(range) => self.date_bounds(range)?,
            _ => {
                let problem = "dates have no wildcards";
                let help = "write 2026-09 for a month, 2026-09-01 for a day, or a range";
                return Err(Diagnostic::new(node.span, problem, help));
            }
        };
        Ok(date_range(name, since, until))
    }

    fn date_bounds(&self, range: &Range) -> Result<(Option<i64>, Option<i64>)> {
        let read = |operand: &Operand| self.moment(&operand.text, operand.span);
        let since = match &range.lower {
            Bound::Included(lower) => Some(read(lower)?.start),
            Bound::Excluded(lower) => Some(read(lower)?.end),
            Bound::Unbounded => None,
        };
        let until = match &range.upper {
            Bound::Included(upper) => Some(read(upper)?.end),
            Bound::Excluded(upper) => Some(read(upper)?.start),
            Bound::Unbounded => None,
        };
        Ok((since, until))
    }

    fn moment(&self, text: &str, span: query::Span) -> Result<Moment> {
        Moment::parse(text, self.now.0)
            .map_err(|error| Diagnostic::new(span, error.to_string(), ""))
    }

    /// Between which times everything is that matches.
    fn time(&self, node: &Node) -> (Option<i64>, Option<i64>) {
        match &node.clause {
            Clause::And(nodes) => nodes.iter().fold((None, None), |(since, until), node| {
                let (lower, upper) = self.time(node);
                let until = match (until, upper) {
                    (Some(a), Some(b)) => Some(i64::min(a, b)),
                    (a, b) => a.or(b),
                };
                (since.max(lower), until)
            }),
            Clause::Test(Test { field: Some(field), matcher }) => {
                let is_timestamp =
                    matches!(Target::find(field), Ok(Target::Row(FieldId::Timestamp, _)));
                match matcher {
                    Matcher::Range(range) if is_timestamp => {
                        self.date_bounds(range).unwrap_or_default()
                    }
                    Matcher::Term(text) | Matcher::Phrase(text) if is_timestamp => {
                        match self.moment(text, node.span) {
                            Ok(moment) => (Some(moment.start), Some(moment.end)),
                            Err(_) => (None, None),
                        }
                    }
                    _ => (None, None),
                }
            }
            _ => (None, None),
        }
    }
}

/// The texts that a matcher takes, in lower case.
fn texts(matcher: &Matcher, node: &Node) -> Result<Texts> {
    Ok(match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => Texts::only(lower_cased(text)),
        Matcher::Wildcard(pattern) => Texts::all(Accept::Pattern(pattern.map(lower_cased))),
        Matcher::Regex(text) => Texts::all(Accept::Regex(regular(text, node)?)),
        Matcher::Exists => Texts::all(Accept::All),
        Matcher::Range(range) => {
            let bound = |bound: &Bound<Operand>| bound.as_ref().map(|end| lower_cased(&end.text));
            let (lower, upper) = (bound(&range.lower), bound(&range.upper));
            Texts { lower, upper, accept: Accept::All }
        }
    })
}

fn any(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        1 => queries.pop().unwrap_or_else(|| Box::new(EmptyQuery)),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn term(term: Term) -> Boxed {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn exists(name: &str) -> Boxed {
    Box::new(ExistsQuery::new(name.to_owned(), false))
}

fn regular(text: &str, node: &Node) -> Result<regex::Regex> {
    let mut builder = RegexBuilder::new(&format!(r"\A(?:{text})\z"));
    builder.case_insensitive(true).dot_matches_new_line(true).size_limit(1 << 20).nest_limit(64);
    builder.build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            // The last line says what, the others show where.
            other => other.to_string().lines().last().unwrap_or_default().to_owned(),
        };
        let problem = format!("the regular expression cannot be used ({reason})");
        Diagnostic::new(node.span, problem, "write it as in Perl, without references back")
    })
}

/// The instants that the index can hold, in milliseconds.
fn instant(time: i64) -> DateTime {
    const MOST: i64 = i64::MAX / 1_000_000;
    DateTime::from_timestamp_millis(time.clamp(-MOST, MOST))
}

fn date_range(name: &'static str, since: Option<i64>, until: Option<i64>) -> Boxed {
    let since = instant(since.unwrap_or(i64::MIN));
    let last = instant(until.map_or(i64::MAX, |until| until.saturating_sub(1)));
    Box::new(ColumnQuery { name, values: Values::Dates(since..=last) })
}

fn address_range(id: FieldId, addresses: &RangeInclusive<Ipv6Addr>) -> Boxed {
    let schema = Schema::get();
    if addresses.start() == addresses.end()
        && let Some(field) = schema.row(id).filter(|_| schema.has_terms(id))
    {
        return term(Term::from_field_ip_addr(field, *addresses.start()));
    }
    Box::new(ColumnQuery { name: id.name(), values: Values::Addresses(addresses.clone()) })
}

/// The first and the last value of a range, both included. `next` and `previous` give the
/// neighbours of a value; without one, the range holds nothing.
fn included<T: Copy>(
    range: &Range,
    whole: RangeInclusive<T>,
    value: impl Fn(&Operand) -> Result<T>,
    next: impl Fn(T) -> Option<T>,
    previous: impl Fn(T) -> Option<T>,
) -> Result<Option<RangeInclusive<T>>> {
    let lower = match &range.lower {
        Bound::Included(lower) => Some(value(lower)?),
        Bound::Excluded(lower) => next(value(lower)?),
        Bound::Unbounded => Some(*whole.start()),
    };
    let upper = match &range.upper {
        Bound::Included(upper) => Some(value(upper)?),
        Bound::Excluded(upper) => previous(value(upper)?),
        Bound::Unbounded => Some(*whole.end()),
    };
    Ok(lower.zip(upper).map(|(lower, upper)| lower..=upper))
}

fn column(name: &'static str, values: Option<Values>) -> Boxed {
    match values {
        Some(values) => Box::new(ColumnQuery { name, values }),
        None => Box::new(EmptyQuery),
    }
}

fn ip(id: FieldId, matcher: &Matcher, node: &Node) -> Result<Boxed> {
    let wrong = |text: &str, span| {
        let problem = format!("'{text}' is no address");
        let help = "write one such as 198.51.100.7 or 2001:db8::1, or a network such as 10.0.0.0/8";
        Diagnostic::new(span, problem, help)
    };
    let addresses = match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => {
            network::addresses(text).ok_or_else(|| wrong(text, node.span))?
        }
        Matcher::Wildcard(pattern) => {
            network::beginning(pattern).ok_or_else(|| wrong(&pattern.to_string(), node.span))?
        }
        Matcher::Range(range) => {
            let read = |operand: &Operand| {
                let addresses = network::addresses(&operand.text);
                addresses.ok_or_else(|| wrong(&operand.text, operand.span))
            };
            // A network that is included is so with all its addresses.
            let lower = match &range.lower {
                Bound::Included(lower) => Some(*read(lower)?.start()),
                Bound::Excluded(lower) => {
                    u128::from(*read(lower)?.end()).checked_add(1).map(Ipv6Addr::from)
                }
                Bound::Unbounded => Some(Ipv6Addr::UNSPECIFIED),
            };
            let upper = match &range.upper {
                Bound::Included(upper) => Some(*read(upper)?.end()),
                Bound::Excluded(upper) => {
                    u128::from(*read(upper)?.start()).checked_sub(1).map(Ipv6Addr::from)
                }
                Bound::Unbounded => Some(Ipv6Addr::from(u128::MAX)),
            };
            let addresses = lower.zip(upper).map(|(lower, upper)| Values::Addresses(lower..=upper));
            return Ok(column(id.name(), addresses));
        }
        Matcher::Regex(text) => return Err(wrong(&format!("/{text}/"), node.span)),
        Matcher::Exists => return Ok(exists(id.name())),
    };
    Ok(address_range(id, &addresses))
}

fn long(name: &'static str, matcher: &Matcher, node: &Node) -> Result<Boxed> {
    let read = |text: &str, span| {
        text.trim().parse::<i64>().map_err(|_| {
            let problem = format!("'{text}' is no whole number");
            Diagnostic::new(span, problem, "write one such as 64500, or a range such as >=64500")
        })
    };
    let numbers = match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => {
            let number = read(text, node.span)?;
            Some(number..=number)
        }
        Matcher::Range(range) => included(
            range,
            i64::MIN..=i64::MAX,
            |end| read(&end.text, end.span),
            |number| number.checked_add(1),
            |number| number.checked_sub(1),
        )?,
        _ => return Err(no_pattern(node)),
    };
    Ok(column(name, numbers.map(Values::Numbers)))
}

fn degrees(name: &'static str, matcher: &Matcher, node: &Node) -> Result<Boxed> {
    let read = |text: &str, span| {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| {
            let problem = format!("'{text}' is no number of degrees");
            Diagnostic::new(span, problem, "write one such as 52.5, or a range such as [50 TO 53]")
        })
    };
    let degrees = match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => {
            let number = read(text, node.span)?;
            Some(number..=number)
        }
        Matcher::Range(range) => included(
            range,
            f64::MIN..=f64::MAX,
            |end| read(&end.text, end.span),
            |number| Some(number.next_up()),
            |number| Some(number.next_down()),
        )?,
        _ => return Err(no_pattern(node)),
    };
    Ok(column(name, degrees.map(Values::Degrees)))
}

fn no_pattern(node: &Node) -> Diagnostic {
    Diagnostic::new(node.span, "numbers have no wildcards", "write a range, such as [1 TO 9]")
}

fn boolean(name: &'static str, matcher: &Matcher, node: &Node) -> Result<Boxed> {
    if let Matcher::Term(text) | Matcher::Phrase(text) = matcher {
        let value = match &*text.to_ascii_lowercase() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        if let Some(value) = value {
            return Ok(column(name, Some(Values::Booleans(value..=value))));
        }
    }
    Err(Diagnostic::new(node.span, "expected true or false", "the field has no other values"))
}

/// The row of a field that can be counted by.
pub(crate) fn countable(field: &query::Field) -> Result<FieldId> {
    let refuse = |what: &str| {
        let problem = format!("{} {what}", field.name);
        let help = "count by a keyword, address, number or boolean; see wardgate fields";
        Err(Diagnostic::new(field.span, problem, help))
    };
    match Target::find(field)? {
        Target::Row(id, _) if id.kind() == Kind::Date => {
            refuse("is a date, which a histogram is made of")
        }
        Target::Row(id, _) => Ok(id),
        Target::Id => refuse("is different in every event"),
        Target::Objects(members) => {
            let names: Vec<_> = members.iter().map(|id| id.name()).collect();
            let problem = format!("{} holds objects", field.name);
            let help = format!("count by one of their members: {}", names.join(", "));
            Err(Diagnostic::new(field.span, problem, help))
        }
        _ => refuse("cannot be counted by"),
    }
}

/// The column of a field that has numbers or dates.
pub(crate) fn measurable(field: &query::Field) -> Result<Measurable> {
    match Target::find(field)? {
        Target::Row(id, _) if id.kind() == Kind::Date => Ok(Measurable::Date(id.name())),
        Target::Row(id, _) if id.kind() == Kind::Long => Ok(Measurable::Number(id.name())),
        Target::Degrees(name) => Ok(Measurable::Degrees(name)),
        _ => {
            let problem = format!("{} has no numbers and no dates", field.name);
            Err(Diagnostic::new(field.span, problem, "name a field of type long or date"))
        }
    }
}

/// Whether a field can be searched, and whether events can be counted by it.
#[must_use]
pub fn abilities(field: &str) -> (bool, bool) {
    let field = query::Field { name: field.to_owned(), span: query::Span::default() };
    (Target::find(&field).is_ok(), countable(&field).is_ok())
}

/// Checks what a query asks for: that its fields are there, and its values are of their types.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn check(node: &Node, now: Timestamp) -> Result<()> {
    let budget = Arc::new(Budget::new(None, None));
    plan(node, now, &budget).map(|_| ())
}

/// Checks that events can be counted by a field.
///
/// # Errors
///
/// When there is no such field, or it is of another type.
pub fn check_countable(field: &str) -> std::result::Result<(), SearchError> {
    let span = query::Span::new(0, field.len());
    countable(&query::Field { name: field.to_owned(), span })?;
    Ok(())
}

/// Checks that a field has numbers or dates.
///
/// # Errors
///
/// When there is no such field, or it is of another type.
pub fn check_measurable(field: &str) -> std::result::Result<(), SearchError> {
    let span = query::Span::new(0, field.len());
    measurable(&query::Field { name: field.to_owned(), span })?;
    Ok(())
}
