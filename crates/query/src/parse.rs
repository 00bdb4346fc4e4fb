//! From text to tree.

use std::net::Ipv6Addr;
use std::ops::Bound;

use crate::scan::{OPERATORS, Scanner, ends_word};
use crate::{Clause, Diagnostic, Field, Matcher, Node, Operand, Pattern, Piece, Query, Range};
use crate::{Span, Test};

/// The longest query, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;
/// How deep parentheses and NOT may be nested.
pub const MAX_DEPTH: usize = 64;
/// The most terms, phrases, ranges and so on.
pub const MAX_CLAUSES: usize = 1024;

type Result<T> = std::result::Result<T, Diagnostic>;

/// Reads a query. Nothing, or white space, asks for everything.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Query> {
    if text.len() > MAX_BYTES {
        let problem = format!("the query is longer than {MAX_BYTES} bytes");
        return Err(Diagnostic::new(Span::new(MAX_BYTES, text.len()), problem, "ask for less"));
    }
    let mut parser =
        Parser { scanner: Scanner::new(text), warnings: Vec::new(), depth: 0, clauses: 0 };
    parser.scanner.skip_space();
    if parser.scanner.peek().is_none() {
        return Ok(Query { root: Node::all(), warnings: Vec::new() });
    }
    let root = parser.alternatives(None)?;
    if parser.scanner.peek().is_some() {
        let help = "leave it out, write a ( before, or escape it: \\)";
        return Err(Diagnostic::new(parser.scanner.here(), "nothing is open here", help));
    }
    let mut warnings = parser.warnings;
    warnings.sort_by_key(|warning| warning.span.start);
    Ok(Query { root, warnings })
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    warnings: Vec<Diagnostic>,
    depth: usize,
    clauses: usize,
}

impl<'t> Parser<'t> {
    /// Clauses with OR between them, up to a closing parenthesis or the end. `field` is the one
    /// whose group this is.
    fn alternatives(&mut self, field: Option<&Field>) -> Result<Node> {
        let start = self.scanner.at();
        let mut last_operator = None;
        let mut alternatives = Vec::new();
        let mut required = None;
        let mut joined = None;
        loop {
            alternatives.push(self.conjunction(
                field,
                last_operator,
                &mut required,
                &mut joined,
            )?);
            if self.scanner.take_word("OR") {
                last_operator = Some("OR");
            } else if self.scanner.take("||") {
                last_operator = Some("||");
            } else {
                break;
            }
            self.scanner.skip_space();
        }
        if alternatives.len() > 1 {
            if let Some(span) = required {
                let problem = "+ says that it has to match, and OR that it need not";
                return Err(Diagnostic::new(span, problem, "leave one of them out"));
            }
            if let Some(span) = joined {
                let problem = "these two are joined before OR is";
                let help = "write parentheses around what belongs together";
                self.warnings.push(Diagnostic::new(span, problem, help));
            }
        }
        Ok(join(true, alternatives, start))
    }

    /// Clauses with AND or nothing between them.
    fn conjunction(
        &mut self,
        field: Option<&Field>,
        mut last_operator: Option<&'static str>,
        required: &mut Option<Span>,
        joined: &mut Option<Span>,
    ) -> Result<Node> {
        let start = self.scanner.at();
        let mut clauses: Vec<Node> = Vec::new();
        loop {
            let clause = self.clause(field, last_operator, required)?;
            if let (Some(before), None) = (clauses.last(), last_operator) {
                joined.get_or_insert(Span::new(before.span.start, clause.span.end));
            }
            clauses.push(clause);
            self.scanner.skip_space();
            last_operator = if self.scanner.take_word("AND") {
                Some("AND")
            } else if self.scanner.take("&&") {
                Some("&&")
            } else {
                None
            };
            let is_over = self.scanner.is_word("OR") || self.scanner.rest().starts_with("||");
            if last_operator.is_none()
                && (is_over || matches!(self.scanner.peek(), None | Some(')')))
            {
                break;
            }
            self.scanner.skip_space();
        }
        Ok(join(false, clauses, start))
    }

    /// A clause with what is written before it.
    fn clause(
        &mut self,
        field: Option<&Field>,
        after: Option<&'static str>,
        required: &mut Option<Span>,
    ) -> Result<Node> {
        let start = self.scanner.at();
        let mut nots = Vec::new();
        let mut after = after;
        loop {
            let at = self.scanner.at();
            let (operator, is_not) = if self.scanner.take_word("NOT") {
                self.scanner.skip_space();
                ("NOT", true)
            } else if self.scanner.take("!") {
                ("!", true)
            } else if self.scanner.take("-") {
                ("-", true)
            } else if self.scanner.take("+") {
                ("+", false)
            } else {
                break;
            };
            after = Some(operator);
            let span = self.scanner.since(at);
            if operator != "NOT" && self.scanner.peek().is_none_or(is_nothing) {
                let problem = format!("expected something right behind {operator}");
                let help = format!("write it without a space, or \\{operator} to search for it");
                return Err(Diagnostic::new(span, problem, help));
            }
            if is_not {
                self.deeper(span)?;
                nots.push(at);
            } else {
                required.get_or_insert(span);
            }
        }
        let mut node = self.primary(field, after)?;
        self.depth -= nots.len();
        for at in nots.into_iter().rev() {
            let span = Span::new(at, node.span.end);
            node = Node { clause: Clause::Not(Box::new(node)), span };
        }
        node.span.start = start;
        self.boost()?;
        Ok(node)
    }

    fn deeper(&mut self, span: Span) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let problem = format!("parentheses and NOT are nested more than {MAX_DEPTH} deep");
            return Err(Diagnostic::new(span, problem, "take some of them out"));
        }
        Ok(())
    }

    /// A group, or a test.
    fn primary(&mut self, field: Option<&Field>, after: Option<&'static str>) -> Result<Node> {
        let scanner = &self.scanner;
        let operator = OPERATORS.iter().find(|word| scanner.is_word(word));
        let is_missing = operator.is_some()
            || scanner.rest().starts_with("&&")
            || scanner.rest().starts_with("||")
            || matches!(scanner.peek(), None | Some(')'));
        if is_missing {
            let (place, help) = match after {
                Some(after) => (format!("after {after}"), format!("or leave {after} out")),
                None => match (scanner.peek(), operator) {
                    (None, _) => ("here".to_owned(), "or leave the ( out".to_owned()),
                    (Some(')'), _) => {
                        ("between the parentheses".to_owned(), "or leave them out".to_owned())
                    }
                    (_, Some(word)) => (
                        format!("before {word}"),
                        format!("or \\{word} to search for the word itself"),
                    ),
                    _ => ("here".to_owned(), "or put the operator in quotes".to_owned()),
                },
            };
            let problem = format!("expected something to search for {place}");
            let help = format!("write another term, {help}");
            return Err(Diagnostic::new(self.scanner.here(), problem, help));
        }
        if self.scanner.peek() == Some('(') {
            return self.group(field);
        }
        if let Some(field) = field {
            return self.test(Some(field), true);
        }
        match self.field() {
            Some(field) if field.name == "_exists_" => self.exists(&field),
            Some(field) => {
                self.scanner.skip_space();
                if self.scanner.peek() == Some('(') {
                    return self.group(Some(&field));
                }
                let mut node = self.test(Some(&field), false)?;
                node.span.start = field.span.start;
                Ok(node)
            }
            None => self.test(None, false),
        }
    }

    fn group(&mut self, field: Option<&Field>) -> Result<Node> {
        let start = self.scanner.at();
        self.scanner.next();
        let opening = self.scanner.since(start);
        self.deeper(opening)?;
        self.scanner.skip_space();
        let mut node = self.alternatives(field)?;
        if !self.scanner.take(")") {
            let help = "write a ) where the group ends, or \\( for the character";
            return Err(Diagnostic::new(opening, "the parenthesis is not closed", help));
        }
        self.depth -= 1;
        node.span = self.scanner.since(field.map_or(start, |field| field.span.start.min(start)));
        Ok(node)
    }

    /// `name:`, if that comes next.
    fn field(&mut self) -> Option<Field> {
        let mut ahead = self.scanner.clone();
        let start = ahead.at();
        let word = ahead.rest().split(ends_word).next().unwrap_or_default();
        let name = ahead.take_while(is_name);
        let span = ahead.since(start);
        if !ahead.take(":") || !is_field_name(name) || is_colon_of_value(word) {
            return None;
        }
        self.scanner = ahead;
        Some(Field { name: name.to_owned(), span })
    }

    /// What is behind `_exists_:`.
    fn exists(&mut self, exists: &Field) -> Result<Node> {
        self.scanner.skip_space();
        let start = self.scanner.at();
        let name = self.scanner.take_while(is_name);
        let ends = self.scanner.peek().is_none_or(|one| ends_word(one) || one == '^');
        if !is_field_name(name) || name == exists.name || !ends {
            let problem = "expected the name of a field after _exists_:";
            let help = "such as _exists_:source.ip, the same as source.ip:*";
            return Err(Diagnostic::new(self.scanner.here(), problem, help));
        }
        let field = Field { name: name.to_owned(), span: self.scanner.since(start) };
        self.node(Some(&field), Matcher::Exists, exists.span.start)
    }

    /// A value, a phrase, a range or a regular expression.
    fn test(&mut self, field: Option<&Field>, is_in_group: bool) -> Result<Node> {
        let start = self.scanner.at();
        let matcher = match (self.scanner.peek(), field) {
            (None | Some(')'), Some(field)) => return Err(self.no_value(field)),
            (_, Some(field)) if OPERATORS.iter().any(|word| self.scanner.is_word(word)) => {
                return Err(self.no_value(field));
            }
            (Some('"'), _) => {
                let phrase = self.scanner.quoted(&mut self.warnings)?;
                self.no_proximity()?;
                Matcher::Phrase(phrase)
            }
            (Some('/'), _) => Matcher::Regex(self.regex()?),
            (Some('[' | '{' | '<' | '>'), None) => {
                let problem = "a range belongs to a field";
                let help =
                    "write the field in front, such as @timestamp:>=now-1d, or put it in quotes";
                return Err(Diagnostic::new(self.scanner.here(), problem, help));
            }
            (Some('[' | '{'), Some(_)) => self.range()?,
            (Some('<' | '>'), Some(_)) => self.comparison()?,
            _ => match self.word(field, is_in_group)? {
                Some(matcher) => matcher,
                // `*:*`, and `*` without a field.
                None => {
                    self.count(start)?;
                    return Ok(Node { clause: Clause::All, span: self.scanner.since(start) });
                }
            },
        };
        self.node(field, matcher, start)
    }

    fn node(&mut self, field: Option<&Field>, matcher: Matcher, start: usize) -> Result<Node> {
        self.count(start)?;
        let test = Test { field: field.cloned(), matcher };
        Ok(Node { clause: Clause::Test(test), span: self.scanner.since(start) })
    }

    fn count(&mut self, start: usize) -> Result<()> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            let problem = format!("there are more than {MAX_CLAUSES} terms");
            return Err(Diagnostic::new(
                self.scanner.since(start),
                problem,
                "ask in several queries",
            ));
        }
        Ok(())
    }

    fn no_value(&self, field: &Field) -> Diagnostic {
        let Field { name, .. } = field;
        let problem = format!("expected a value after {name}:");
        let help = format!("write {name}:* to find where it has any");
        Diagnostic::new(self.scanner.here(), problem, help)
    }

    /// A word, with wildcards or not; `None` when it is a `*` that stands for everything.
    fn word(&mut self, field: Option<&Field>, is_in_group: bool) -> Result<Option<Matcher>> {
        let start = self.scanner.at();
        if is_in_group {
            self.doubt_group();
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let mut text = String::new();
        while let Some(next) = self.scanner.peek().filter(|next| !ends_word(*next)) {
            let here = self.scanner.here();
            let rest = self.scanner.rest();
            if next == '^' || rest.starts_with("&&") || rest.starts_with("||") {
                break;
            }
            self.scanner.next();
            match next {
                '*' | '?' => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(if next == '*' { Piece::Many } else { Piece::One });
                }
                '\\' => text.push(self.scanner.escaped(&mut self.warnings)?),
                '~' => {
                    let help = "use wildcards (* and ?), or write \\~ for the character";
                    return Err(Diagnostic::new(
                        here,
                        "words cannot be searched for by likeness",
                        help,
                    ));
                }
                '[' | ']' | '{' | '}' => {
                    let problem = format!("'{next}' cannot stand in a word");
                    let help = format!("write \\{next}, or put the text in quotes");
                    return Err(Diagnostic::new(here, problem, help));
                }
                ':' if field.is_none() && !pieces.is_empty() => {
                    if self.scanner.since(start) == Span::new(start, start + 2)
                        && self.scanner.take("*")
                        && self.scanner.peek().is_none_or(ends_word)
                    {
                        return Ok(None);
                    }
                    let help = "name one field, or write \\: for a colon in a text";
                    return Err(Diagnostic::new(
                        Span::new(start, here.start),
                        "the name of a field cannot have wildcards",
                        help,
                    ));
                }
                other => text.push(other),
            }
        }
        if text.is_empty() && pieces.is_empty() {
            let problem = "expected something to search for";
            return Err(Diagnostic::new(self.scanner.here(), problem, "put the text in quotes"));
        }
        if pieces.is_empty() {
            self.doubt(&text, field, self.scanner.since(start));
            return Ok(Some(Matcher::Term(text)));
        }
        pieces.push(Piece::Text(text));
        let pattern = Pattern::new(pieces);
        Ok(match (pattern.pieces(), field) {
            ([Piece::Many], Some(_)) => Some(Matcher::Exists),
            ([Piece::Many], None) => None,
            _ => Some(Matcher::Wildcard(pattern)),
        })
    }

    /// Warns of what looks like another field inside the group of one.
    fn doubt_group(&mut self) {
        let mut ahead = self.scanner.clone();
        let start = ahead.at();
        let word = ahead.rest().split(ends_word).next().unwrap_or_default();
        let name = ahead.take_while(is_name);
        if ahead.take(":") && is_field_name(name) && !is_colon_of_value(word) {
            let problem = "this is searched for as a value";
            let help = "close the group before it if it names another field";
            self.warnings.push(Diagnostic::new(ahead.since(start), problem, help));
        }
    }

    /// Warns of a word that may not mean what was intended.
    fn doubt(&mut self, text: &str, field: Option<&Field>, span: Span) {
        let upper = text.to_ascii_uppercase();
        if OPERATORS.contains(&upper.as_str()) && upper != text {
            let problem = format!("'{text}' is searched for as a word");
            let help = format!("write {upper} for the operator");
            self.warnings.push(Diagnostic::new(span, problem, help));
        }
        let name = text.split_once('=').map(|(name, _)| name);
        if let (None, Some(name)) = (field, name.filter(|name| is_field_name(name))) {
            let problem = "this is searched for as text";
            let help = format!("write {name}:value to search in a field");
            self.warnings.push(Diagnostic::new(span, problem, help));
        }
    }

    /// What stands between slashes.
    fn regex(&mut self) -> Result<String> {
        let start = self.scanner.at();
        self.scanner.next();
        let mut text = String::new();
        loop {
            match self.scanner.next() {
                Some('/') => break,
                Some('\\') => {
                    text.push('\\');
                    text.extend(self.scanner.next());
                }
                Some(other) => text.push(other),
                None => {
                    let problem = "the regular expression is not closed";
                    let help = "write a / behind it, or put a path in quotes";
                    return Err(Diagnostic::new(Span::new(start, start + 1), problem, help));
                }
            }
        }
        if text.is_empty() {
            let problem = "there is nothing between the slashes";
            let help = "write a regular expression, or put a path in quotes";
            return Err(Diagnostic::new(self.scanner.since(start), problem, help));
        }
        if self.scanner.peek().is_some_and(|next| !ends_word(next) && next != '^') {
            let problem = "something follows the regular expression";
            let help = "write \\/ for a slash in it, or put a path in quotes";
            return Err(Diagnostic::new(self.scanner.here(), problem, help));
        }
        Ok(text)
    }

    /// `[a TO b]`, with either bracket at each end.
    fn range(&mut self) -> Result<Matcher> {
        let start = self.scanner.at();
        let lower_inclusive = self.scanner.next() == Some('[');
        let lower = self.end_of_range(start)?;
        if !self.scanner.take_word("TO") {
            let problem = "expected TO between the ends of the range";
            let help = "such as [10 TO 20], or [10 TO *] without an end";
            return Err(Diagnostic::new(self.scanner.here(), problem, help));
        }
        let upper = self.end_of_range(start)?;
        let upper_inclusive = match self.scanner.next() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(Self::open_range(start)),
        };
        let bound = |operand: Option<Operand>, is_inclusive| match operand {
            None => Bound::Unbounded,
            Some(operand) if is_inclusive => Bound::Included(operand),
            Some(operand) => Bound::Excluded(operand),
        };
        let lower = bound(lower, lower_inclusive);
        let upper = bound(upper, upper_inclusive);
        Ok(match (&lower, &upper) {
            (Bound::Unbounded, Bound::Unbounded) => Matcher::Exists,
            _ => Matcher::Range(Range { lower, upper }),
        })
    }

    fn open_range(start: usize) -> Diagnostic {
        let span = Span::new(start, start + 1);
        let help = "write ] behind its last value to include that, } to leave it out";
        Diagnostic::new(span, "the range is not closed", help)
    }

    /// One end of a range; `None` for `*`.
    fn end_of_range(&mut self, range: usize) -> Result<Option<Operand>> {
        self.scanner.skip_space();
        let start = self.scanner.at();
        let mut is_star = false;
        let text = if self.scanner.peek() == Some('"') {
            self.scanner.quoted(&mut self.warnings)?
        } else {
            let is_over = |one: char| one.is_whitespace() || matches!(one, ']' | '}' | '"');
            let text = self.bare(is_over)?;
            is_star = self.scanner.text_between(start, self.scanner.at()) == Some("*");
            text
        };
        let span = self.scanner.since(start);
        self.scanner.skip_space();
        if is_star {
            return Ok(None);
        }
        if text.is_empty() || (text == "TO" && span.end - span.start == 2) {
            if self.scanner.peek().is_none() && text.is_empty() {
                return Err(Self::open_range(range));
            }
            let problem = "expected a value at this end of the range";
            let help = "write * where it has no end";
            return Err(Diagnostic::new(Span::new(start, span.end.max(start + 1)), problem, help));
        }
        Ok(Some(Operand { text, span }))
    }

    /// `>10` and the like.
    fn comparison(&mut self) -> Result<Matcher> {
        let operators =
            [(">=", true, true), ("<=", false, true), (">", true, false), ("<", false, false)];
        let start = self.scanner.at();
        let taken = operators.into_iter().find(|(operator, ..)| self.scanner.take(operator));
        let (operator, is_lower, is_inclusive) = taken.unwrap_or((">", true, false));
        self.scanner.skip_space();
        let value = self.scanner.at();
        let text = if self.scanner.peek() == Some('"') {
            self.scanner.quoted(&mut self.warnings)?
        } else {
            self.bare(|one| ends_word(one) || matches!(one, '^' | '[' | ']' | '{' | '}'))?
        };
        let span = self.scanner.since(value);
        let written = self.scanner.text_between(span.start, span.end).unwrap_or_default();
        if text.is_empty() || written == "*" || OPERATORS.contains(&written) {
            let problem = format!("expected a value after {operator}");
            let help = format!("such as {operator}10, or {operator}now-1d for a date");
            return Err(Diagnostic::new(Span::new(start, span.end), problem, help));
        }
        let operand = Operand { text, span };
        let bound = if is_inclusive { Bound::Included(operand) } else { Bound::Excluded(operand) };
        let (lower, upper) =
            if is_lower { (bound, Bound::Unbounded) } else { (Bound::Unbounded, bound) };
        Ok(Matcher::Range(Range { lower, upper }))
    }

    /// Text without quotes in which only backslashes mean something.
    fn bare(&mut self, is_over: impl Fn(char) -> bool) -> Result<String> {
        let mut text = String::new();
        while let Some(next) = self.scanner.peek().filter(|next| !is_over(*next)) {
            self.scanner.next();
            text.push(if next == '\\' { self.scanner.escaped(&mut self.warnings)? } else { next });
        }
        Ok(text)
    }

    fn no_proximity(&self) -> Result<()> {
        if self.scanner.peek() != Some('~') {
            return Ok(());
        }
        let problem = "words cannot be searched for by how near they are";
        let help = "leave ~ out to find the phrase, or join the words with AND";
        Err(Diagnostic::new(self.scanner.here(), problem, help))
    }

    /// `^2`, which means nothing here.
    fn boost(&mut self) -> Result<()> {
        let start = self.scanner.at();
        if !self.scanner.take("^") {
            return Ok(());
        }
        let number = self.scanner.take_while(|one| one.is_ascii_digit() || one == '.');
        let span = self.scanner.since(start);
        if number.parse::<f64>().is_err() || self.scanner.peek() == Some('^') {
            let problem = "expected a number after ^";
            return Err(Diagnostic::new(span, problem, "write \\^ for the character"));
        }
        let problem = "there are no scores, so that ^ means nothing";
        self.warnings.push(Diagnostic::new(span, problem, "leave it out"));
        Ok(())
    }
}

/// Several clauses as one, with OR or AND; those of the same kind inside are taken out.
fn join(is_or: bool, mut clauses: Vec<Node>, start: usize) -> Node {
    if clauses.len() == 1
        && let Some(only) = clauses.pop()
    {
        return only;
    }
    let end = clauses.last().map_or(start, |last| last.span.end);
    let mut flat = Vec::with_capacity(clauses.len());
    for node in clauses {
        match node.clause {
            Clause::And(inner) if !is_or => flat.extend(inner),
            Clause::Or(inner) if is_or => flat.extend(inner),
            clause => flat.push(Node { clause, span: node.span }),
        }
    }
    let clause = if is_or { Clause::Or(flat) } else { Clause::And(flat) };
    Node { clause, span: Span::new(start, end) }
}

/// Whether an operator such as `-` has nothing behind it.
fn is_nothing(one: char) -> bool {
    one.is_whitespace() || one == ')'
}

fn is_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '@' | '.')
}

fn is_field_name(text: &str) -> bool {
    let begins = |one: char| one.is_ascii_alphabetic() || matches!(one, '_' | '@');
    text.starts_with(begins) && text.chars().all(is_name)
}

/// Whether the first colon in a word belongs to a value: to an IPv6 address or network, or to a
/// URL.
fn is_colon_of_value(word: &str) -> bool {
    let address = word.split('/').next().unwrap_or_default();
    address.parse::<Ipv6Addr>().is_ok()
        || word.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.chars().all(|one| one.is_ascii_alphanumeric())
        })
}
