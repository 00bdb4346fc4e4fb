//! Moving over an object or array nobody looks into, checking every byte of it.

use super::Expected;
use super::scanner::{Error, Scanner};

/// Which of the open brackets are braces, the innermost last: a bit each, the first 64 of them
/// in a register.
#[derive(Default)]
struct Nesting {
    depth: usize,
    top: u64,
    below: Vec<u64>,
}

impl Nesting {
    #[inline]
    fn open(&mut self, is_object: bool) {
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.below.push(self.top);
        }
        self.top = (self.top << 1) | u64::from(is_object);
        self.depth += 1;
    }

    #[inline]
    fn close(&mut self) {
        self.depth -= 1;
        self.top >>= 1;
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.top = self.below.pop().unwrap_or_default();
        }
    }

    #[inline]
    fn in_object(&self) -> bool {
        self.top & 1 == 1
    }
}

/// Moves `scanner`, which stands on `{` or `[`, behind the bracket that closes it.
#[inline(never)]
pub(super) fn container(scanner: &mut Scanner<'_>) -> Result<(), Error> {
    let mut nesting = Nesting::default();
    loop {
        // A value begins here.
        match scanner.peek() {
            Some(b'"') => {
                scanner.string()?;
            }
            Some(open @ (b'{' | b'[')) => {
                scanner.advance();
                nesting.open(open == b'{');
                let close = if open == b'{' { b'}' } else { b']' };
                if scanner.peek() != Some(close) {
                    if open == b'{' {
                        scanner.name()?;
                    }
                    continue;
                }
                scanner.advance();
                nesting.close();
            }
            Some(b'-' | b'0'..=b'9') => {
                scanner.number()?;
            }
            Some(b'n') => {
                scanner.literal("null", super::Value::Null)?;
            }
            Some(b't') => {
                scanner.literal("true", super::Value::Null)?;
            }
            Some(b'f') => {
                scanner.literal("false", super::Value::Null)?;
            }
            _ => return Err(scanner.error(Expected::Value)),
        }
        // A value ended here.
        loop {
            if nesting.depth == 0 {
                return Ok(());
            }
            match (scanner.peek(), nesting.in_object()) {
                (Some(b','), true) => {
                    scanner.advance();
                    scanner.name()?;
                    break;
                }
                (Some(b','), false) => {
                    scanner.advance();
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    scanner.advance();
                    nesting.close();
                }
                (_, true) => return Err(scanner.error(Expected::CommaOrBrace)),
                (_, false) => return Err(scanner.error(Expected::CommaOrBracket)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate;

    #[test]
    fn nesting_of_any_depth_is_checked_without_recursion() {
        for depth in [1, 63, 64, 65, 128, 129, 200, 100_000] {
            let good = "[".repeat(depth) + &"]".repeat(depth);
            assert!(validate(&good).is_ok(), "{depth}");
            let mixed = r#"{"a":["#.repeat(depth) + &"]}".repeat(depth);
            assert!(validate(&mixed).is_ok(), "{depth}");
            let crossed = r#"{"a":["#.repeat(depth) + &"}]".repeat(depth);
            assert!(validate(&crossed).is_err(), "{depth}");
            let open = "[".repeat(depth) + &"]".repeat(depth - 1);
            assert!(validate(&open).is_err(), "{depth}");
        }
    }
}
