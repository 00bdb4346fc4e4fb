use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use reqwest::header::{HeaderName, HeaderValue};

fn told(limit: u32, remaining: u32, reset: i64) -> HeaderMap {
    let values = [
        ("x-rate-limit-limit", i64::from(limit)),
        ("x-rate-limit-remaining", i64::from(remaining)),
        ("x-rate-limit-reset", reset),
    ];
    HeaderMap::from_iter(values.map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(&value.to_string()).unwrap())
    }))
}

/// Sends requests one after another for `span`; the times at which they were let through.
async fn send(limiter: &Limiter, priority: Priority, span: Duration) -> Vec<Duration> {
    let started = Instant::now();
    let mut times = Vec::new();
    while started.elapsed() < span {
        let permit = tokio::time::timeout_at(started + span, limiter.acquire(priority)).await;
        let Ok(permit) = permit else { break };
        times.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(permit);
    }
    times
}

fn most_in_a_minute(times: &[Duration]) -> usize {
    let minute = |at: usize| times[at..].iter().take_while(|it| **it < times[at] + MINUTE).count();
    (0..times.len()).map(minute).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn no_minute_has_more_requests_than_allowed() {
    for (per_minute, priority, allowed) in [
        (20, Priority::Tail, 20),
        (20, Priority::Backfill, 15),
        (1, Priority::Tail, 1),
        (1, Priority::Backfill, 1),
    ] {
        let limiter = Limiter::new(per_minute, 100);
        let times = send(&limiter, priority, 10 * MINUTE).await;
        assert_eq!(most_in_a_minute(&times), allowed);
        assert!(times.len() >= 9 * allowed, "{} of {allowed} a minute", times.len());
    }
    let limiter = Limiter::new(0, 100);
    assert!(send(&limiter, Priority::Tail, MINUTE).await.len() > 500);
}

#[tokio::test(start_paused = true)]
async fn only_the_share_of_the_organisations_limit_is_used() {
    for (limit, share, expected) in [(60, 50, 30), (60, 100, 60), (120, 25, 30), (1, 50, 1)] {
        let limiter = Limiter::new(0, share);
        let base = Timestamp::from_second(1_000_000_000).unwrap();
        let started = Instant::now();
        let mut used = std::collections::BTreeMap::<u32, u32>::new();
        while started.elapsed() < 5 * MINUTE {
            let permit = limiter.acquire(Priority::Tail).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let window = (started.elapsed().as_secs() / 60) as u32;
            let in_window = used.entry(window).or_default();
            *in_window += 1;
            let now = base + started.elapsed();
            let reset = base.as_second() + i64::from(window + 1) * 60;
            limiter.observe(&told(limit, limit - *in_window, reset), now);
            drop(permit);
        }
        assert!(used.range(..5).all(|(_, used)| *used == expected), "{limit} {share} {used:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_use_counts() {
    let limiter = Limiter::new(0, 50);
    let now = Timestamp::from_second(1_000_000_000).unwrap();
    limiter.observe(&told(60, 31, now.as_second() + 40), now);
    let times = send(&limiter, Priority::Tail, Duration::from_secs(1)).await;
    assert_eq!(times.len(), 10, "one at a time, without an answer that tells more");
    limiter.observe(&told(60, 30, now.as_second() + 40), now);
    let times = send(&limiter, Priority::Tail, Duration::from_secs(50)).await;
    assert!(times[0] >= Duration::from_secs(40), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_block_holds_all_back_and_silly_headers_do_not() {
    let limiter = Limiter::new(0, 50);
    limiter.block(Duration::from_secs(10));
    let times = send(&limiter, Priority::Tail, Duration::from_secs(12)).await;
    assert!(times[0] >= Duration::from_secs(10) && times[0] <= Duration::from_secs(11));
    let now = Timestamp::from_second(1_000_000_000).unwrap();
    for headers in [told(60, 0, i64::MAX), told(60, 0, i64::MIN), told(0, 0, 0)] {
        limiter.observe(&headers, now);
        let started = Instant::now();
        drop(limiter.acquire(Priority::Tail).await);
        assert!(started.elapsed() <= LONGEST);
    }
    for (name, value) in [("x-rate-limit-limit", "many"), ("x-rate-limit-reset", "")] {
        let mut headers = told(60, 0, 0);
        headers.insert(name, HeaderValue::from_static(value));
        assert_eq!(limiter.observe(&headers, now), None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_tail_goes_first_and_always_finds_room() {
    let limiter = Limiter::new(20, 50);
    let sent = Arc::new(AtomicUsize::new(0));
    let backfill = tokio::spawn({
        let (limiter, sent) = (Arc::clone(&limiter), Arc::clone(&sent));
        async move {
            loop {
                let permit = limiter.acquire(Priority::Backfill).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(permit);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let started = Instant::now();
        drop(limiter.acquire(Priority::Tail).await);
        assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());
    }
    backfill.abort();
    let sent = sent.load(Ordering::Relaxed);
    // Ten minutes, fifteen requests in each but those of the tail that went over its quarter.
    assert!((100..=165).contains(&sent), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_holds_nobody_up() {
    let limiter = Limiter::new(1, 50);
    drop(limiter.acquire(Priority::Tail).await);
    let waiting = limiter.acquire(Priority::Tail);
    assert!(tokio::time::timeout(Duration::from_secs(5), waiting).await.is_err());
    let started = Instant::now();
    drop(limiter.acquire(Priority::Backfill).await);
    assert!(started.elapsed() <= MINUTE);
}
