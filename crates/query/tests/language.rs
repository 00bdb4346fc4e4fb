//! What the language means, by example, and what holds for every text and every tree.

use std::ops::Bound;

use proptest::prelude::*;
use query::{
    Clause, Field, MAX_BYTES, MAX_CLAUSES, MAX_DEPTH, Matcher, Node, Operand, Pattern, Piece,
    Range, Span, Test, parse,
};

#[test]
fn queries_are_read_as_they_are_meant() {
    // Each query, and the same in the one spelling that trees are shown in.
    let cases = [
        ("", "*:*"),
        ("  \t ", "*:*"),
        ("*", "*:*"),
        ("*:*", "*:*"),
        ("ada", "ada"),
        ("ada grace", "ada AND grace"),
        ("ada AND grace && alan", "ada AND grace AND alan"),
        ("ada OR grace||alan", "ada OR grace OR alan"),
        ("ada&&grace", "ada AND grace"),
        ("a AND b OR c AND d", "(a AND b) OR (c AND d)"),
        ("a OR b c", "a OR (b AND c)"),
        ("(a OR b) c", "(a OR b) AND c"),
        ("((a b) c)", "a AND b AND c"),
        ("a OR (b OR c)", "a OR b OR c"),
        ("NOT a", "NOT a"),
        ("!a -b", "NOT a AND NOT b"),
        ("NOT NOT a", "NOT NOT a"),
        ("+a -b", "a AND NOT b"),
        ("-(a OR b)", "NOT (a OR b)"),
        ("a-b", "a-b"),
        ("a!b+c", "a!b+c"),
        ("user.name:ada", "user.name:ada"),
        ("user.name: ada", "user.name:ada"),
        ("@timestamp:2026-09-01", "@timestamp:2026-09-01"),
        ("debugContext.debugData.a-b:x", "debugContext.debugData.a-b:x"),
        ("a:-5", r"a:\-5"),
        ("a:(x OR y)", "a:x OR a:y"),
        ("a:(x -(y z))", "a:x AND NOT (a:y AND a:z)"),
        ("a:(\"x y\" OR z*)", "a:\"x y\" OR a:z*"),
        ("a:(>1 AND <=5)", "a:>1 AND a:<=5"),
        ("\"x y\"", "\"x y\""),
        (r#""say \"hi\" \\ there""#, r#""say \"hi\" \\ there""#),
        ("a*b?c**", "a*b?c*"),
        (r"a\*b", r"a\*b"),
        (r"\AND", r"\AND"),
        (r"a\ b", r"a\ b"),
        ("a:*", "a:*"),
        ("a:(*)", "a:*"),
        ("_exists_:source.ip", "source.ip:*"),
        ("a:[* TO *]", "a:*"),
        ("a:[1 TO 5]", "a:[1 TO 5]"),
        ("a:{1 TO 5]", "a:{1 TO 5]"),
        ("a:[1 TO 5}", "a:[1 TO 5}"),
        ("a:{ 1  TO  5 }", "a:{1 TO 5}"),
        ("a:[* TO 5}", "a:<5"),
        ("a:{5 TO *]", "a:>5"),
        ("a:>=now-7d/d", "a:>=now-7d/d"),
        ("a:> 5", "a:>5"),
        ("a:<\"2026-09-01 08:00\"", "a:<\"2026-09-01 08:00\""),
        ("a:[\"*\" TO \"TO\"]", "a:[\"*\" TO \"TO\"]"),
        ("a:/x.*y/", "a:/x.*y/"),
        (r"/a\/b c/", r"/a\/b c/"),
        ("a:/x/ b", "a:/x/ AND b"),
        ("source.ip:10.0.0.0/8", "source.ip:10.0.0.0/8"),
        ("source.ip:2001:db8::/32", r"source.ip:2001\:db8\:\:/32"),
        ("source.ip:(fe80::1 OR ::1)", r"source.ip:fe80\:\:1 OR source.ip:\:\:1"),
        ("2001:db8::1", r"2001\:db8\:\:1"),
        ("fe80::1/64", r"fe80\:\:1/64"),
        ("https://evil.example/x", r"https\://evil.example/x"),
        ("10:20", r"10\:20"),
        ("a^2 (b c)^1.5", "a AND b AND c"),
        ("order android notable", "order AND android AND notable"),
        ("ada　grace", "ada AND grace"),
        ("名前:x", r"名前\:x"),
    ];
    for (text, expected) in cases {
        let query = parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
        assert_eq!(query.root.to_string(), expected, "{text}");
        let again = parse(expected).unwrap_or_else(|error| panic!("{}", error.render(expected)));
        assert_eq!(again.root, query.root, "{text}");
        assert_eq!(again.warnings, [], "{expected}");
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let cases = [
        (
            "(a",
            "^ the parenthesis is not closed: write a ) where the group ends, or \\( for the character",
        ),
        ("a )", "  ^ nothing is open here: leave it out, write a ( before, or escape it: \\)"),
        (
            "a AND",
            "     ^ expected something to search for after AND: write another term, or leave AND out",
        ),
        (
            "OR a",
            "^ expected something to search for before OR: write another term, or \\OR to search for the word itself",
        ),
        ("a OR AND b", "     ^ expected something to search for after OR"),
        ("NOT", "   ^ expected something to search for after NOT"),
        ("()", " ^ expected something to search for between the parentheses"),
        (
            "a - b",
            "  ^ expected something right behind -: write it without a space, or \\- to search for it",
        ),
        ("a:", "  ^ expected a value after a:: write a:* to find where it has any"),
        ("a: AND b", "   ^ expected a value after a:"),
        ("x \"ab", "  ^ the quote is not closed"),
        ("\"\"", "^^ there is nothing between the quotes"),
        ("a\\", " ^ expected a character after the backslash: write two backslashes for one"),
        ("a:[1 TO", "  ^ the range is not closed"),
        (
            "a:[1 TO ]",
            "        ^ expected a value at this end of the range: write * where it has no end",
        ),
        ("a:[1 5]", "     ^ expected TO between the ends of the range"),
        ("a:[1 TO 5 6]", "  ^ the range is not closed"),
        ("[1 TO 5]", "^ a range belongs to a field"),
        (">5", "^ a range belongs to a field"),
        ("a:>", "  ^ expected a value after >: such as >10, or >now-1d for a date"),
        ("a:>=*", "  ^^^ expected a value after >="),
        (
            "a:/x",
            "  ^ the regular expression is not closed: write a / behind it, or put a path in quotes",
        ),
        ("/api/v1/logs", "     ^ something follows the regular expression"),
        ("//", "^^ there is nothing between the slashes"),
        (
            "ada~2",
            "   ^ words cannot be searched for by likeness: use wildcards (* and ?), or write \\~ for the character",
        ),
        ("\"a b\"~3", "     ^ words cannot be searched for by how near they are"),
        ("a[0]", " ^ '[' cannot stand in a word: write \\[, or put the text in quotes"),
        (
            "okta.*:x",
            "^^^^^^ the name of a field cannot have wildcards: name one field, or write \\: for a colon in a text",
        ),
        ("a^b", " ^ expected a number after ^: write \\^ for the character"),
        (
            "+a OR b",
            "^ + says that it has to match, and OR that it need not: leave one of them out",
        ),
        ("_exists_:*", "         ^ expected the name of a field after _exists_:"),
    ];
    for (text, expected) in cases {
        let error = parse(text).expect_err(text);
        let rendered = error.render(text);
        let (line, below) = rendered.split_once('\n').unwrap();
        assert_eq!(line, text);
        assert!(below.starts_with(expected), "expected\n{text}\n{expected}\ngot\n{rendered}");
        assert!(!error.help.is_empty(), "{text}: what to do about it");
    }
}

#[test]
fn doubts_are_told() {
    let cases = [
        ("a or b", "  ^^ 'or' is searched for as a word: write OR for the operator"),
        ("a^2", " ^^ there are no scores, so that ^ means nothing: leave it out"),
        (r"CORP\ada", r"    ^^ a backslash before 'a' is left out: write two backslashes for one"),
        (r#""CORP\ada""#, r"     ^^ a backslash before 'a' is left out"),
        (
            "a b OR c",
            "^^^ these two are joined before OR is: write parentheses around what belongs together",
        ),
        (
            "user=ada",
            "^^^^^^^^ this is searched for as text: write user:value to search in a field",
        ),
        ("a:(b OR c:d)", "        ^^ this is searched for as a value: close the group before it"),
    ];
    for (text, expected) in cases {
        let query = parse(text).unwrap();
        let rendered: Vec<_> = query.warnings.iter().map(|warning| warning.render(text)).collect();
        assert_eq!(rendered.len(), 1, "{text}: {rendered:?}");
        let below = rendered[0].split_once('\n').unwrap().1;
        assert!(below.starts_with(expected), "expected\n{text}\n{expected}\ngot\n{below}");
    }
    for text in ["a AND b OR c", "(a b) OR c", r"\AND", r"a\:b", "source.ip:(::1 OR fe80::1)"] {
        assert_eq!(parse(text).unwrap().warnings, [], "{text}");
    }
}

#[test]
fn everything_has_its_place() {
    let text = "é user.name:ada OR (source.ip:[a TO \"b c\"] -x)";
    let query = parse(text).unwrap();
    let part = |span: Span| text.get(span.start..span.end).unwrap();
    let Clause::Or(either) = &query.root.clause else { panic!("{:?}", query.root) };
    assert_eq!(part(query.root.span), text);
    assert_eq!(part(either[0].span), "é user.name:ada");
    assert_eq!(part(either[1].span), "(source.ip:[a TO \"b c\"] -x)");
    let Clause::And(both) = &either[1].clause else { panic!() };
    assert_eq!(part(both[0].span), "source.ip:[a TO \"b c\"]");
    assert_eq!(part(both[1].span), "-x");
    let Clause::Test(test) = &both[0].clause else { panic!() };
    assert_eq!(part(test.field.as_ref().unwrap().span), "source.ip");
    let Matcher::Range(range) = &test.matcher else { panic!() };
    let Bound::Included(upper) = &range.upper else { panic!() };
    assert_eq!((part(upper.span), upper.text.as_str()), ("\"b c\"", "b c"));
}

#[test]
fn length_depth_and_number_are_bounded() {
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    for hostile in [
        deep(MAX_DEPTH + 1),
        "(".repeat(MAX_BYTES),
        format!("{}a", "NOT ".repeat(1_000)),
        format!("{}a", "!".repeat(MAX_BYTES - 1)),
        format!("a:{}", "(-".repeat(5_000)),
    ] {
        assert!(parse(&hostile).unwrap_err().problem.contains("nested"));
    }
    assert!(parse(&"a ".repeat(MAX_CLAUSES)).is_ok());
    assert!(parse(&"a ".repeat(MAX_CLAUSES + 1)).unwrap_err().problem.contains("1024 terms"));
    assert!(parse(&"a".repeat(MAX_BYTES)).is_ok());
    assert!(parse(&"a".repeat(MAX_BYTES + 1)).unwrap_err().problem.contains("longer"));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé]{1,6}",
        "AND|OR|NOT|TO|and|now-7d",
        "\\PC{1,6}",
        r#"[-+!(){}\[\]^"~*?:\\/&|<>= aZ0.]{1,6}"#,
        "::1|10\\.0\\.0\\.0/8|https://a",
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    text().prop_map(|text| Operand { text, span: Span::default() })
}

fn bound() -> impl Strategy<Value = Bound<Operand>> {
    prop_oneof![operand().prop_map(Bound::Included), operand().prop_map(Bound::Excluded)]
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let piece = prop_oneof![text().prop_map(Piece::Text), Just(Piece::One), Just(Piece::Many)];
    let range = prop_oneof![
        (bound(), bound()).prop_map(|(lower, upper)| Range { lower, upper }),
        bound().prop_map(|lower| Range { lower, upper: Bound::Unbounded }),
        bound().prop_map(|upper| Range { lower: Bound::Unbounded, upper }),
    ];
    prop_oneof![
        text().prop_map(Matcher::Term),
        text().prop_map(Matcher::Phrase),
        prop::collection::vec(piece, 1..5).prop_map(Pattern::new).prop_filter_map("", |pattern| {
            let is_wild = pattern.pieces().iter().any(|piece| !matches!(piece, Piece::Text(_)));
            (is_wild && pattern.pieces() != [Piece::Many]).then_some(Matcher::Wildcard(pattern))
        }),
        r"([a-z.*+]|\\/|\\d|\[a-z\]| ){1,8}".prop_map(Matcher::Regex),
        range.prop_map(Matcher::Range),
        Just(Matcher::Exists),
    ]
}

fn test() -> impl Strategy<Value = Clause> {
    let name = "[a-z@_][a-z0-9_.@-]{0,8}".prop_filter("", |name| name != "_exists_");
    (prop::option::of(name), matcher()).prop_filter_map("", |(name, matcher)| {
        let is_bare = name.is_none() && matches!(matcher, Matcher::Range(_) | Matcher::Exists);
        let field = name.map(|name| Field { name, span: Span::default() });
        (!is_bare).then_some(Clause::Test(Test { field, matcher }))
    })
}

fn node(clause: Clause) -> Node {
    Node { clause, span: Span::default() }
}

/// Trees as the parser makes them: nothing of a kind directly inside the same kind.
fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![9 => test(), 1 => Just(Clause::All)].prop_map(node);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        let flat = |nodes: Vec<Node>, is_or: bool| {
            let nodes = nodes.into_iter().flat_map(|one| match one.clause {
                Clause::And(inner) if !is_or => inner,
                Clause::Or(inner) if is_or => inner,
                clause => vec![node(clause)],
            });
            nodes.collect::<Vec<_>>()
        };
        prop_oneof![
            several.clone().prop_map(move |nodes| node(Clause::And(flat(nodes, false)))),
            several.prop_map(move |nodes| node(Clause::Or(flat(nodes, true)))),
            inner.prop_map(|inner| node(Clause::Not(Box::new(inner)))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_shown_reads_as_the_same(tree in tree()) {
        let shown = tree.to_string();
        let again = parse(&shown).map_err(|error| TestCaseError::fail(error.render(&shown)))?;
        prop_assert_eq!(&again.root, &tree, "{}", shown);
        prop_assert_eq!(again.root.to_string(), shown);
    }

    #[test]
    fn no_text_breaks_it(
        text in r#"([-+!(){}\[\]^"~*?:\\/&|<>= ]|AND|OR|NOT| TO |ada|a\.b:|_exists_:|::1|é|now|5){0,24}"#
    ) {
        check(&text)?;
    }

    #[test]
    fn no_garbage_breaks_it(text in any::<String>()) {
        check(&text)?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(query) => {
            let shown = query.root.to_string();
            let again = parse(&shown).map_err(|error| TestCaseError::fail(error.render(&shown)))?;
            prop_assert_eq!(again.root, query.root, "{}", shown);
            for warning in query.warnings {
                prop_assert!(text.get(warning.span.start..warning.span.end).is_some());
            }
        }
        Err(error) => {
            prop_assert!(error.span.start <= error.span.end && error.span.start <= text.len());
            prop_assert!(error.render(text).contains('^'));
        }
    }
    Ok(())
}
