//! Places where a test can end the process.

/// Ends the process here, as a crash would, if `WARDGATE_FAILPOINT` is `name:n` and this is the
/// nth time. Only in builds with debug assertions; elsewhere nothing.
#[cfg(debug_assertions)]
pub(crate) fn failpoint(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CHOSEN: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let chosen = std::env::var("WARDGATE_FAILPOINT").ok()?;
        let (name, count) = chosen.split_once(':')?;
        Some((name.to_owned(), AtomicU64::new(count.parse().ok()?)))
    });
    if let Some((chosen, left)) = &*CHOSEN
        && chosen == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn failpoint(_name: &str) {}
