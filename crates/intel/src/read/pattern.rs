//! STIX patterns (STIX 2.1, part 9), as far as one event can tell.
//!
//! Comparisons with `=`, `IN`, and `ISSUBSET` on the paths below; `AND`, `OR` and `FOLLOWEDBY`
//! between them. An alternative with anything else in it cannot be decided, and is left out.

use crate::indicator::Part;
use crate::value::{Kind, Value};

/// The longest pattern, in bytes.
const LONGEST: usize = 256 << 10;
/// How deep brackets may stand in each other.
const DEEPEST: u32 = 32;
/// How many values may have to be there together.
const MOST_TOGETHER: usize = 32;
/// How many alternatives a pattern may have.
const MOST: usize = 10_000;

/// What a pattern looks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) any: Vec<Part>,
    /// Why some of it cannot be used.
    pub(super) unsupported: Vec<String>,
}

/// Alternatives; `None` in one means that it cannot be decided.
type Alternatives = Vec<Option<Part>>;

pub(super) fn parse(text: &str) -> Result<Parsed, String> {
    if text.len() > LONGEST {
        return Err(format!("expected a pattern of at most {LONGEST} bytes"));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, unsupported: Vec::new(), depth: 0 };
    let alternatives = parser.observations()?;
    if let Some(token) = parser.peek() {
        return Err(format!("expected the end of the pattern, found {token:?}"));
    }
    let mut any: Vec<Part> = alternatives.into_iter().flatten().collect();
    any.iter_mut().for_each(|part| {
        part.sort();
        part.dedup();
    });
    any.sort();
    any.dedup();
    let mut unsupported = parser.unsupported;
    unsupported.dedup();
    unsupported.truncate(5);
    Ok(Parsed { any, unsupported })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// `[`, `]`, `(`, `)`, `,`, `=`, `!=`, `<`, `>`, `<=`, `>=`
    Sign(&'static str),
    Text(String),
    /// A path, a word or a number.
    Word(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    let mut brackets = false;
    while let Some((at, c)) = rest.next() {
        match c {
            c if c.is_whitespace() => {}
            '[' => tokens.push(Token::Sign("[")),
            ']' => tokens.push(Token::Sign("]")),
            '(' => tokens.push(Token::Sign("(")),
            ')' => tokens.push(Token::Sign(")")),
            ',' => tokens.push(Token::Sign(",")),
            '=' => {
                rest.next_if(|(_, next)| *next == '=');
                tokens.push(Token::Sign("="));
            }
            '!' | '<' | '>' => {
                rest.next_if(|(_, next)| matches!(next, '=' | '>'));
                tokens.push(Token::Sign("!="));
            }
            '\'' => tokens.push(Token::Text(quoted(&mut rest, at)?)),
            c => {
                let mut word = String::from(c);
                while let Some((at, c)) = rest.peek().copied() {
                    match c {
                        '\'' if word.ends_with(['.', ':', '\'']) => {
                            rest.next();
                            word.push_str(&quoted(&mut rest, at)?);
                            continue;
                        }
                        '[' => brackets = true,
                        ']' if brackets => brackets = false,
                        c if c.is_whitespace() || "](),=!<>'".contains(c) => break,
                        _ => {}
                    }
                    word.push(c);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn quoted(
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    at: usize,
) -> Result<String, String> {
    let mut text = String::new();
    while let Some((_, c)) = rest.next() {
        match c {
            '\'' => return Ok(text),
            '\\' => text.extend(rest.next().map(|(_, c)| c)),
            c => text.push(c),
        }
    }
    Err(format!("the text that begins at byte {at} of the pattern has no end"))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    unsupported: Vec<String>,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn word(&mut self, word: &str) -> bool {
        let is =
            matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => format!("expected '{sign}' in the pattern, found {token:?}"),
            None => format!("expected '{sign}' in the pattern, found its end"),
        })
    }

    fn unsupported(&mut self, what: String) {
        if self.unsupported.len() < 100 {
            self.unsupported.push(what);
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("expected brackets at most {DEEPEST} deep"));
        }
        Ok(())
    }

    /// `FOLLOWEDBY` binds least, then `OR`, then `AND`.
    fn observations(&mut self) -> Result<Alternatives, String> {
        let mut all = self.any_observation()?;
        while self.word("FOLLOWEDBY") {
            all = both(all, self.any_observation()?)?;
        }
        Ok(all)
    }

    fn any_observation(&mut self) -> Result<Alternatives, String> {
        let mut any = self.all_observations()?;
        while self.word("OR") {
            any.extend(self.all_observations()?);
        }
        Ok(any)
    }

    fn all_observations(&mut self) -> Result<Alternatives, String> {
        let mut all = self.observation()?;
        while self.word("AND") {
            all = both(all, self.observation()?)?;
        }
        Ok(all)
    }

    fn observation(&mut self) -> Result<Alternatives, String> {
        let mut inner = if self.sign("(") {
            self.deeper()?;
            let inner = self.observations()?;
            self.expect(")")?;
            self.depth -= 1;
            inner
        } else {
            self.expect("[")?;
            let inner = self.any_comparison()?;
            self.expect("]")?;
            inner
        };
        loop {
            if self.word("WITHIN") {
                // One event is within any time.
                self.at += 2;
            } else if self.word("REPEATS") {
                let times = self.next();
                self.at += 1;
                if times != Some(Token::Word("1".to_owned())) {
                    self.unsupported("REPEATS needs several events".to_owned());
                    inner = vec![None];
                }
            } else if self.word("START") {
                // START t'…' STOP t'…'
                while matches!(self.peek(), Some(Token::Word(_) | Token::Text(_))) {
                    self.at += 1;
                }
                self.unsupported("START and STOP are not supported".to_owned());
                inner = vec![None];
            } else {
                return Ok(inner);
            }
        }
    }

    fn any_comparison(&mut self) -> Result<Alternatives, String> {
        let mut any = self.all_comparisons()?;
        while self.word("OR") {
            any.extend(self.all_comparisons()?);
        }
        Ok(any)
    }

    fn all_comparisons(&mut self) -> Result<Alternatives, String> {
        let mut all = self.comparison()?;
        while self.word("AND") {
            all = both(all, self.comparison()?)?;
        }
        Ok(all)
    }

    fn comparison(&mut self) -> Result<Alternatives, String> {
        if self.sign("(") {
            self.deeper()?;
            let inner = self.any_comparison()?;
            self.expect(")")?;
            self.depth -= 1;
            return Ok(inner);
        }
        let path = match self.next() {
            Some(Token::Word(path)) => path,
            Some(token) => return Err(format!("expected a path in the pattern, found {token:?}")),
            None => return Err("expected a path in the pattern, found its end".to_owned()),
        };
        let negated = self.word("NOT");
        let operator = match self.next() {
            Some(Token::Sign(sign)) => sign.to_owned(),
            Some(Token::Word(word)) => word.to_ascii_uppercase(),
            _ => return Err(format!("expected a comparison after {path}")),
        };
        let values = if operator == "IN" {
            self.expect("(")?;
            let mut values = vec![self.literal(&path)?];
            while self.sign(",") {
                values.push(self.literal(&path)?);
            }
            self.expect(")")?;
            values
        } else {
            vec![self.literal(&path)?]
        };
        let Some(kind) = kind_of(&path) else {
            self.unsupported(format!("the path {path} is not supported"));
            return Ok(vec![None]);
        };
        let is_supported = match operator.as_str() {
            "=" | "IN" => true,
            "ISSUBSET" => kind == Kind::Address,
            // Without wildcards it is the same as `=`.
            "LIKE" => values.iter().all(|value| !value.contains(['%', '_'])),
            _ => false,
        };
        if negated || !is_supported {
            let not = if negated { "NOT " } else { "" };
            self.unsupported(format!("{not}{operator} is not supported for {path}"));
            return Ok(vec![None]);
        }
        let mut any = Vec::new();
        for text in values {
            match Value::parse(kind, &text) {
                Ok(value) => any.push(Some(vec![value])),
                Err(error) => {
                    self.unsupported(format!("{path}: {error}, found '{text}'"));
                    any.push(None);
                }
            }
        }
        Ok(any)
    }

    fn literal(&mut self, path: &str) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            // Times and the like: t'…', b'…', h'…'.
            Some(Token::Word(word)) if matches!(self.peek(), Some(Token::Text(_))) => {
                self.at += 1;
                Ok(word)
            }
            Some(Token::Word(word)) => Ok(word),
            _ => Err(format!("expected a value for {path}")),
        }
    }
}

fn both(one: Alternatives, other: Alternatives) -> Result<Alternatives, String> {
    if one.len().saturating_mul(other.len()) > MOST {
        return Err(format!("expected at most {MOST} alternatives"));
    }
    let mut all = Vec::new();
    for one in &one {
        for other in &other {
            all.push(match (one, other) {
                (Some(one), Some(other)) if one.len() + other.len() > MOST_TOGETHER => {
                    return Err(format!("expected at most {MOST_TOGETHER} values together"));
                }
                (Some(one), Some(other)) => Some(one.iter().chain(other).cloned().collect()),
                _ => None,
            });
        }
    }
    Ok(all)
}

fn kind_of(path: &str) -> Option<Kind> {
    Some(match path {
        "ipv4-addr:value" | "ipv6-addr:value" => Kind::Address,
        "domain-name:value" => Kind::Domain,
        "email-addr:value" => Kind::Email,
        "url:value" => Kind::Url,
        "autonomous-system:number" => Kind::System,
        path if path.starts_with("network-traffic:") => {
            let name = path.to_ascii_lowercase();
            let is_agent = ["request_header.user-agent", "request_header.'user-agent'"];
            let known = is_agent.iter().any(|end| name.trim_end_matches("[*]").ends_with(end));
            return known.then_some(Kind::UserAgent);
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let any = parse(text).unwrap().any;
        any.iter()
            .map(|part| {
                let values: Vec<_> = part.iter().map(Value::to_string).collect();
                values.join(" & ")
            })
            .collect()
    }

    #[test]
    fn patterns_become_alternatives() {
        let cases: &[(&str, &[&str])] = &[
            ("[ipv4-addr:value = '198.51.100.7']", &["198.51.100.7"]),
            ("[ipv4-addr:value='198.51.100.7']", &["198.51.100.7"]),
            ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", &["198.51.100.0/24"]),
            ("[domain-name:value IN ('b.example', 'a.example')]", &["a.example", "b.example"]),
            (
                "[url:value = 'http://e.example/it\\'s' OR domain-name:value = 'e.example']",
                &["e.example", "http://e.example/it's"],
            ),
            (
                "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1']",
                &["evil/1"],
            ),
            ("[autonomous-system:number = 64500]", &["64500"]),
            (
                "[ipv4-addr:value = '198.51.100.7' AND domain-name:value = 'e.example']",
                &["198.51.100.7 & e.example"],
            ),
            (
                "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [email-addr:value = 'a@e.example'] WITHIN 300 SECONDS",
                &["198.51.100.7 & a@e.example"],
            ),
            (
                "([domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']) AND [autonomous-system:number = 1]",
                &["a.example & 1", "b.example & 1"],
            ),
            ("[file:hashes.'SHA-256' = 'ab' OR domain-name:value = 'a.example']", &["a.example"]),
            ("[ipv4-addr:value = '1.2.3.4' AND network-traffic:dst_port = 443]", &[]),
            ("[ipv4-addr:value != '1.2.3.4']", &[]),
            ("[ipv4-addr:value NOT = '1.2.3.4']", &[]),
            ("[domain-name:value LIKE '%.example']", &[]),
            ("[domain-name:resolves_to_refs[*].value = '1.2.3.4']", &[]),
            ("[domain-name:value = 'a.example'] REPEATS 5 TIMES", &[]),
        ];
        for (text, any) in cases {
            assert_eq!(shown(text), *any, "{text}");
            assert_eq!(
                any.is_empty(),
                !parse(text).unwrap().unsupported.is_empty() && any.is_empty()
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for text in [
            "",
            "[",
            "[ipv4-addr:value]",
            "[ipv4-addr:value = ]",
            "['a' = 'b']",
            "[ipv4-addr:value = '1.2.3.4'",
            "[ipv4-addr:value = '1.2.3.4",
            "198.51.100.7",
            "[ipv4-addr:value = '1.2.3.4'] x",
            &"(".repeat(1_000),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
