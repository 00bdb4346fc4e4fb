//! Any text, read as a configuration.
#![no_main]

use config::{Config, Severity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.split('\n').count();
    let problems = match Config::parse(text, "wardgate.toml") {
        Ok(config) => {
            let again = Config::parse(text, "wardgate.toml");
            assert_eq!(again.as_ref(), Ok(&config), "the same text means the same");
            assert!(config.warnings.iter().all(|one| one.severity == Severity::Warning));
            config.warnings
        }
        Err(problems) => {
            assert!(problems.iter().any(|one| one.severity == Severity::Error));
            problems
        }
    };
    for problem in problems {
        assert!(problem.line <= lines, "{problem}");
        assert_eq!(problem.line == 0, problem.column == 0, "{problem}");
        assert!(!problem.message.is_empty());
        // What it repeats of the text is cut.
        assert!(problem.to_string().len() < 4096, "{problem}");
    }
});
