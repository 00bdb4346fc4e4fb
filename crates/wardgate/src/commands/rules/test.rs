//! `wardgate rules test`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use detect::lint::{self, Source};
use detect::rule_test::{self, Failure, Problem, RuleTests, TestRun};
use detect::sigma::{self, Diagnostic, Filter, Rule, Severity};
use serde_json::json;

use super::{count, source};
use crate::cli::{DONE, FAILED, FOUND};
use crate::term::clean::clean;
use crate::term::style::{BAD, GOOD, HEADING, QUIET, WARNING, paint};

/// Run the tests that stand beside rules: NAME.tests.yml beside NAME.yml.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules test            the built-in rules\n  \
    wardgate rules test ours/      your own\n\n\
    Exit status: 0 all passed, 1 a test failed, 2 a rule or its tests can't be read.")]
pub(super) struct TestArgs {
    /// Rule files, and folders of them. Default: the built-in rules.
    paths: Vec<PathBuf>,
    /// How to print the results.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a rule, and what failed in full.
    Text,
    /// One JSON object a rule.
    Ndjson,
}

/// A rule and what came of its tests; `None` when it has none.
struct Tested {
    title: String,
    file: String,
    run: Option<TestRun>,
}

#[derive(Default)]
struct Results {
    rules: Vec<Tested>,
    errors: Vec<Diagnostic>,
}

pub(super) fn run(args: &TestArgs) -> Result<u8> {
    let sources = match args.paths.as_slice() {
        [] => source::of_pack(),
        paths => source::load(paths)?,
    };
    let results = run_all(&sources);
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Text => text(&mut out, &results)?,
        Format::Ndjson => ndjson(&mut out, &results)?,
    }
    out.flush()?;
    let is_unusable = |tested: &Tested| tested.run.as_ref().is_some_and(|r| !r.unusable.is_empty());
    if !results.errors.is_empty() || results.rules.iter().any(is_unusable) {
        return Ok(FAILED);
    }
    let has_failed = |tested: &Tested| tested.run.as_ref().is_some_and(|run| !run.is_ok());
    Ok(if results.rules.iter().any(has_failed) { FOUND } else { DONE })
}

fn run_all(sources: &[Source]) -> Results {
    let mut results = Results::default();
    let parsed: Vec<_> =
        sources.iter().map(|source| (source, sigma::parse(&source.text, &source.path))).collect();
    let filters: Vec<Filter> =
        parsed.iter().flat_map(|(_, parsed)| parsed.filters.iter().cloned()).collect();
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    let all: Vec<Rule> =
        parsed.iter().flat_map(|(_, parsed)| parsed.rules.iter().cloned()).collect();
    for (source, parsed) in parsed {
        // The tests beside a file with correlations are for these; its other rules serve them.
        let correlates = parsed.rules.iter().any(|rule| rule.correlation.is_some());
        results.errors.extend(parsed.diagnostics.into_iter().filter(is_error));
        let tests = source.tests.as_ref().map(|(file, text)| {
            let (tests, diagnostics) = RuleTests::parse(text, file);
            results.errors.extend(diagnostics.into_iter().filter(is_error));
            tests
        });
        for rule in &parsed.rules {
            if lint::is_served(rule, &parsed.rules) {
                continue;
            }
            let run = tests.as_ref().map(|tests| match correlates {
                true => rule_test::run_correlation(rule, &all, &filters, tests),
                false => rule_test::run(rule, &filters, tests),
            });
            let title = rule.title.clone();
            results.rules.push(Tested { title, file: source.path.clone(), run });
        }
    }
    results
}

fn text(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for tested in &results.rules {
        let title = clean(&tested.title);
        match &tested.run {
            None => writeln!(out, "{} {title} {}", paint(WARNING, "-"), paint(QUIET, "no tests"))?,
            Some(run) if run.is_ok() => {
                let cases = paint(QUIET, &count(run.cases, "case"));
                writeln!(out, "{} {title} {cases}", paint(GOOD, "✓"))?;
            }
            Some(run) => {
                let failed =
                    format!("{} of {} failed", run.failures.len(), count(run.cases, "case"));
                writeln!(out, "{} {title} {}", paint(BAD, "✗"), paint(BAD, &failed))?;
                for diagnostic in &run.unusable {
                    writeln!(out, "    {}", clean(&diagnostic.to_string()))?;
                }
                for failure in run.failures.iter().filter(|f| f.problem != Problem::Unusable) {
                    write_failure(out, failure)?;
                }
            }
        }
    }
    for error in &results.errors {
        writeln!(out, "{}", paint(BAD, &clean(&error.to_string())))?;
    }
    let runs = || results.rules.iter().filter_map(|tested| tested.run.as_ref());
    let cases: usize = runs().map(|run| run.cases).sum();
    let passed: usize = runs().map(TestRun::passed).sum();
    let untested = results.rules.iter().filter(|tested| tested.run.is_none()).count();
    let mut total = format!(
        "{}, {}: {passed} passed, {} failed",
        count(results.rules.len(), "rule"),
        count(cases, "case"),
        cases - passed
    );
    if untested > 0 {
        total.push_str(&format!("; {} without tests", count(untested, "rule")));
    }
    if !results.errors.is_empty() {
        total.push_str(&format!("; {}", count(results.errors.len(), "error")));
    }
    writeln!(out, "\n{}", paint(HEADING, &total))
}

fn write_failure(out: &mut impl Write, failure: &Failure) -> io::Result<()> {
    let Failure { file, line, case, problem, reasons } = failure;
    writeln!(out, "    {}:{line}: {}", clean(file), paint(HEADING, &clean(case)))?;
    writeln!(out, "      {}", clean(&problem.describe()))?;
    if let Problem::Title { expected, found } = problem {
        writeln!(out, "      expected  {}", clean(expected))?;
        writeln!(out, "      found     {}", clean(found))?;
    }
    for reason in reasons {
        writeln!(out, "      {}", clean(reason))?;
    }
    Ok(())
}

fn ndjson(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for tested in &results.rules {
        let run = tested.run.as_ref();
        let failures: Vec<_> = run
            .into_iter()
            .flat_map(|run| &run.failures)
            .map(|failure| {
                json!({
                    "file": &*failure.file,
                    "line": failure.line,
                    "case": failure.case,
                    "problem": failure.problem.describe(),
                    "reasons": failure.reasons,
                })
            })
            .collect();
        let rule = json!({
            "title": tested.title,
            "file": tested.file,
            "cases": run.map_or(0, |run| run.cases),
            "passed": run.map_or(0, TestRun::passed),
            "failures": failures,
        });
        writeln!(out, "{rule}")?;
    }
    for error in &results.errors {
        writeln!(out, "{}", json!({"error": error.to_string()}))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: T\nlogsource: {product: okta}\n\
        detection: {s: {event.action: a}, condition: s}\n";

    fn printed(rule: &str, tests: Option<&str>) -> String {
        let tests = tests.map(|text| ("r.tests.yml".to_owned(), text.to_owned()));
        let source = Source { path: "r.yml".to_owned(), text: rule.to_owned(), tests };
        let mut out = Vec::new();
        text(&mut out, &run_all(&[source])).unwrap();
        anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
    }

    #[test]
    fn results_read_like_those_of_a_test_runner() {
        let passing = "matches: [{name: m, event: {eventType: a}}]\n\
                       near_misses: [{name: n, event: {eventType: b}}]\n";
        let failing = "matches: [{name: m, event: {eventType: b}}]\n";
        let cases = [
            (RULE, Some(passing), "✓ T 2 cases\n\n1 rule, 2 cases: 2 passed, 0 failed\n"),
            (
                RULE,
                Some(failing),
                "✗ T 1 of 1 case failed\n    r.tests.yml:1: m\n      \
                 expected a match, but the rule does not match\n      \
                 's' does not hold: event.action is 'b', not 'a'\n\n\
                 1 rule, 1 case: 0 passed, 1 failed\n",
            ),
            (
                RULE,
                None,
                "- T no tests\n\n1 rule, 0 cases: 0 passed, 0 failed; 1 rule without tests\n",
            ),
            ("title: [", None, "0 rules, 0 cases: 0 passed, 0 failed; 1 error\n"),
        ];
        for (rule, tests, expected) in cases {
            let found = printed(rule, tests);
            assert!(found.ends_with(expected), "{found}");
        }
    }

    #[test]
    fn the_built_in_rules_pass() {
        let results = run_all(&source::of_pack());
        assert!(results.errors.is_empty());
        assert!(results.rules.iter().all(|tested| tested.run.as_ref().unwrap().is_ok()));
    }
}
