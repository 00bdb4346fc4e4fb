//! What is told on the standard error.

use std::io::Write;

use super::clean::clean;

/// Tells people something, in one line or several, with everything made fit for a terminal.
/// When nobody can hear it, there is nobody to be told so either.
pub(crate) fn say(text: &str) {
    let mut err = anstream::stderr().lock();
    for line in text.split('\n') {
        if writeln!(err, "{}", clean(line)).is_err() {
            return;
        }
    }
}
