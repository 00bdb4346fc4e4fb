//! Conditions: how the selections of a rule are joined.

use super::diagnostic::nearest;

/// The deepest nesting of brackets and negations in a condition.
const MAX_DEPTH: usize = 64;
/// The longest condition, in tokens.
const MAX_TOKENS: usize = 10_000;

/// A condition over the selections of a rule, which it names by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The selection with this index matches.
    Selection(usize),
    /// It does not hold.
    Not(Box<Condition>),
    /// All hold.
    And(Vec<Condition>),
    /// At least one holds.
    Or(Vec<Condition>),
    /// At least so many of these selections match.
    AtLeast(usize, Vec<usize>),
}

/// What is wrong with a condition: code, message, hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConditionError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// How many characters stand before the place.
    pub(crate) offset: usize,
}

/// Parses a condition over selections with these names.
pub(crate) fn parse(text: &str, selections: &[&str]) -> Result<Condition, ConditionError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0, selections, end: text.chars().count() };
    let condition = parser.or(0)?;
    match parser.peek() {
        None => Ok(condition),
        Some(token) => {
            let hint = "join selections with 'and' or 'or'".to_owned();
            Err(parser.error(token, format!("unexpected '{}'", token.text), Some(hint)))
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Token<'t> {
    text: &'t str,
    offset: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut offset = 0;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if c.is_whitespace() => {
                offset += 1;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                continue;
            }
            '(' | ')' => 1,
            '|' => {
                return Err(ConditionError {
                    code: "aggregation",
                    message: "aggregation expressions ('| count() …') are no longer part of sigma"
                        .to_owned(),
                    hint: Some("sigma 2 expresses them as correlation rules".to_owned()),
                    offset,
                });
            }
            _ => rest
                .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|'))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(Token { text: token, offset });
        if tokens.len() > MAX_TOKENS {
            return Err(ConditionError {
                code: "condition",
                message: format!("more than {MAX_TOKENS} words"),
                hint: None,
                offset,
            });
        }
        offset += token.chars().count();
        rest = after;
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    next: usize,
    selections: &'t [&'t str],
    end: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    /// Takes the next token when it is this word.
    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(word));
        self.next += usize::from(found);
        found
    }

    fn error(&self, token: Token<'_>, message: String, hint: Option<String>) -> ConditionError {
        ConditionError { code: "condition", message, hint, offset: token.offset }
    }

    fn error_at_end(&self, message: &str) -> ConditionError {
        let message = message.to_owned();
        ConditionError { code: "condition", message, hint: None, offset: self.end }
    }

    fn or(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        let mut alternatives = vec![self.and(depth)?];
        while self.take("or") {
            alternatives.push(self.and(depth)?);
        }
        Ok(single_or(alternatives, Condition::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.not(depth)?];
        while self.take("and") {
            parts.push(self.not(depth)?);
        }
        Ok(single_or(parts, Condition::And))
    }

    fn not(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(self.error_at_end(&message));
        }
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            if !self.take(")") {
                return Err(self.error_at_end("a ')' is missing"));
            }
            return Ok(inner);
        }
        self.selection()
    }

    fn selection(&mut self) -> Result<Condition, ConditionError> {
        let Some(token) = self.peek() else {
            return Err(self.error_at_end("the condition ends where a selection is expected"));
        };
        let followed_by_of =
            self.tokens.get(self.next + 1).is_some_and(|following| following.is("of"));
        if followed_by_of {
            return self.quantified(token);
        }
        if ["and", "or", "of", ")"].iter().any(|word| token.is(word)) {
            let message = format!("'{}' where a selection is expected", token.text);
            return Err(self.error(token, message, None));
        }
        self.next += 1;
        if let Some(index) = self.selections.iter().position(|name| *name == token.text) {
            return Ok(Condition::Selection(index));
        }
        if token.text.contains('*') {
            let hint = format!("write '1 of {0}' or 'all of {0}'", token.text);
            let message = "a name with '*' needs a count".to_owned();
            return Err(self.error(token, message, Some(hint)));
        }
        Err(self.unknown(token))
    }

    fn unknown(&self, token: Token<'_>) -> ConditionError {
        let hint = match nearest(token.text, self.selections.iter().copied()) {
            Some(name) => format!("did you mean '{name}'?"),
            None => format!("the selections are: {}", self.selections.join(", ")),
        };
        ConditionError {
            code: "unknown-selection",
            message: format!("there is no selection '{}'", token.text),
            hint: Some(hint),
            offset: token.offset,
        }
    }

    /// `1 of them`, `all of selection_*`, `2 of filter*`.
    fn quantified(&mut self, count: Token<'_>) -> Result<Condition, ConditionError> {
        self.next += 2;
        let Some(pattern) = self.peek().filter(|token| !matches!(token.text, "(" | ")")) else {
            let message = format!("'{} of' needs 'them' or a name", count.text);
            return Err(self.error(count, message, None));
        };
        self.next += 1;
        let chosen: Vec<usize> = (0..)
            .zip(self.selections)
            .filter(|(_, name)| match pattern.is("them") {
                true => !name.starts_with('_'),
                false => name_matches(pattern.text, name),
            })
            .map(|(index, _)| index)
            .collect();
        if chosen.is_empty() {
            return Err(match pattern.text.contains('*') || pattern.is("them") {
                true => ConditionError {
                    code: "unknown-selection",
                    message: format!("no selection is one of '{}'", pattern.text),
                    hint: Some(format!("the selections are: {}", self.selections.join(", "))),
                    offset: pattern.offset,
                },
                false => self.unknown(pattern),
            });
        }
        let needed = if count.is("all") {
            chosen.len()
        } else if count.is("any") {
            1
        } else {
            match count.text.parse::<usize>() {
                Ok(number) if number >= 1 => number,
                _ => {
                    let hint = "write '1 of', '2 of', 'any of' or 'all of'".to_owned();
                    let message = format!("'{}' is not a count", count.text);
                    return Err(self.error(count, message, Some(hint)));
                }
            }
        };
        if needed > chosen.len() {
            let message =
                format!("{needed} of '{}', which are only {}", pattern.text, chosen.len());
            return Err(self.error(count, message, None));
        }
        Ok(Condition::AtLeast(needed, chosen))
    }
}

fn single_or(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// Whether a selection's name fits a pattern in which `*` stands for any characters. A pattern
/// that does not itself begin with `_` never reaches names that do.
fn name_matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('_') && !pattern.starts_with('_') {
        return false;
    }
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Condition::{And, AtLeast, Not, Or, Selection};

    const NAMES: [&str; 5] = ["selection", "sel_a", "sel_b", "filter", "_hidden"];

    #[test]
    fn conditions_are_read() {
        let not = |condition| Not(Box::new(condition));
        let cases = [
            ("selection", Selection(0)),
            ("not filter", not(Selection(3))),
            ("selection and not filter", And(vec![Selection(0), not(Selection(3))])),
            (
                "sel_a or sel_b and filter",
                Or(vec![Selection(1), And(vec![Selection(2), Selection(3)])]),
            ),
            (
                "(sel_a or sel_b) AND filter",
                And(vec![Or(vec![Selection(1), Selection(2)]), Selection(3)]),
            ),
            ("not sel_a and sel_b", And(vec![not(Selection(1)), Selection(2)])),
            ("1 of them", AtLeast(1, vec![0, 1, 2, 3])),
            ("all of them", AtLeast(4, vec![0, 1, 2, 3])),
            ("any of sel_*", AtLeast(1, vec![1, 2])),
            ("2 of sel*", AtLeast(2, vec![0, 1, 2])),
            ("1 of *_a", AtLeast(1, vec![1])),
            ("1 of *", AtLeast(1, vec![0, 1, 2, 3])),
            ("1 of _*", AtLeast(1, vec![4])),
            ("all of filter", AtLeast(1, vec![3])),
            ("_hidden", Selection(4)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, &NAMES), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_conditions_say_what_is_wrong() {
        let deep = "(".repeat(200) + "selection" + &")".repeat(200);
        let cases = [
            ("", 0, "ends where"),
            ("selektion", 0, "no selection 'selektion'"),
            ("selection and", 13, "ends where"),
            ("selection filter", 10, "unexpected 'filter'"),
            ("(selection", 10, "')' is missing"),
            ("selection)", 9, "unexpected ')'"),
            ("and selection", 0, "'and' where"),
            ("sel_*", 0, "needs a count"),
            ("1 of other*", 5, "no selection is one of"),
            ("0 of sel*", 0, "not a count"),
            ("5 of sel*", 0, "only 3"),
            ("few of sel*", 0, "not a count"),
            ("1 of", 0, "needs 'them'"),
            ("selection | count() > 5", 10, "aggregation"),
            (deep.as_str(), 409, "nested deeper"),
        ];
        for (text, offset, message) in cases {
            let error = parse(text, &NAMES).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert_eq!(error.offset, offset, "{text}");
        }
        let error = parse("selektion", &NAMES).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean 'selection'?"));
    }
}
