//! Text to filter.

use super::{Filter, FilterError, Literal, Operator, Path};

/// How deep groups may be nested.
const DEEPEST: usize = 40;

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        let mut parser = Parser { text, at: 0 };
        let filter = parser.any_of(0)?;
        parser.skip_spaces();
        match parser.rest().is_empty() {
            true => Ok(filter),
            false => Err(parser.error("expected and, or, or the end")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, reason: &'static str) -> FilterError {
        FilterError { at: self.at, reason }
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_ascii_start().len();
    }

    /// Takes `mark` if it is next.
    fn mark(&mut self, mark: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(mark);
        self.at += if found { mark.len_utf8() } else { 0 };
        found
    }

    /// The characters of a word or path that are next.
    fn peek(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = self.rest();
        let is_part = |c: char| c.is_alphanumeric() || "._-$:".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a keyword, whatever its case, if it is next.
    fn keyword(&mut self, word: &str) -> bool {
        let found = self.peek().eq_ignore_ascii_case(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn any_of(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = vec![self.all_of(depth)?];
        while self.keyword("or") {
            parts.push(self.all_of(depth)?);
        }
        Ok(single(parts, Filter::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = vec![self.one(depth)?];
        while self.keyword("and") {
            parts.push(self.one(depth)?);
        }
        Ok(single(parts, Filter::And))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > DEEPEST {
            return Err(self.error("expected fewer groups inside groups"));
        }
        if self.mark('(') {
            return self.group(depth);
        }
        let start = self.at;
        if self.keyword("not") {
            if self.mark('(') {
                return Ok(Filter::Not(Box::new(self.group(depth)?)));
            }
            // There may be a member of this name.
            self.at = start;
        }
        let path = self.path()?;
        if self.keyword("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(operator) = Operator::ALL.into_iter().find(|it| self.keyword(it.name())) else {
            return Err(self.error("expected one of eq ne co sw ew gt ge lt le pr"));
        };
        let start = self.at;
        let literal = self.literal()?;
        if !operator.takes(&literal) {
            self.at = start;
            return Err(self.error("expected a value that has order or parts"));
        }
        Ok(Filter::Compare(path, operator, literal))
    }

    fn group(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let filter = self.any_of(depth + 1)?;
        match self.mark(')') {
            true => Ok(filter),
            false => Err(self.error("expected and, or, or )")),
        }
    }

    fn path(&mut self) -> Result<Path, FilterError> {
        let word = self.peek();
        let names: Vec<String> = word.split('.').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            return Err(self.error("expected a member's path such as actor.alternateId"));
        }
        self.at += word.len();
        Ok(Path(names))
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        self.skip_spaces();
        if self.rest().starts_with('"') {
            return self.string().map(Literal::Text);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_ascii_whitespace() || "()".contains(c));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let literal = match word {
            "true" => Literal::Flag(true),
            "false" => Literal::Flag(false),
            "null" => Literal::Null,
            _ => match serde_json::from_str::<f64>(word) {
                Ok(number) => Literal::Number(number),
                Err(_) => return Err(self.error("expected a text in \"quotes\", or a number")),
            },
        };
        self.at += word.len();
        Ok(literal)
    }

    fn string(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        // The first quotation mark ends nothing, as if there were a backslash before it.
        let mut is_escaped = true;
        let end = rest.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let Some(end) = end else {
            return Err(self.error("expected a quotation mark that ends the text"));
        };
        let text = rest.get(..=end).unwrap_or_default();
        let string = serde_json::from_str(text);
        let string = string.map_err(|_| self.error("expected a text in the form of JSON"))?;
        self.at += text.len();
        Ok(string)
    }
}

fn single(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}
