//! The files of the built-in rule pack, as they stand in `rules/`.

/// Paths below `rules/`, with `/` between names, and texts; in the order of the paths.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// The end of the names of files with a rule's tests.
const TESTS: &str = ".tests.yml";

/// Every file of the pack, rules and tests: its path below `rules/`, and its text.
///
/// ```
/// let (path, text) = detect::builtin::files().next().ok_or("the pack is empty")?;
/// assert!(path.ends_with(".yml") && !text.is_empty());
/// # Ok::<(), &str>(())
/// ```
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied()
}

/// The files that hold rules.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    files().filter(|(path, _)| !path.ends_with(TESTS))
}

/// The text of the tests of the rule file with this path.
#[must_use]
pub fn tests(rule_path: &str) -> Option<&'static str> {
    let stem = rule_path.strip_suffix(".yml")?;
    let mut files = files();
    let tests = files.find(|(path, _)| path.strip_suffix(TESTS).is_some_and(|s| s == stem));
    tests.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pack_has_its_rules_with_tests() {
        let rules: Vec<&str> = super::rules().map(|(path, _)| path).collect();
        assert_eq!(rules.len(), 176);
        assert!(rules.contains(&"okta/okta_api_token_created.yml"));
        for path in rules {
            assert!(super::tests(path).is_some_and(|text| text.contains("matches:")), "{path}");
        }
        assert_eq!(super::tests("okta/none.yml"), None);
    }
}
