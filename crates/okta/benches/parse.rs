//! Time per event of checking a text, and of reading an event from it, on a simulated log.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use okta::{LogEvent, json};

fn parse(criterion: &mut Criterion) {
    let mut log = Vec::new();
    let simulation = sim::Scenario::new(2_000, 5).simulate();
    let written = simulation.map(|it| it.write(&mut log, &mut std::io::sink()));
    assert!(matches!(written, Ok(Ok(_))), "the log is simulated");
    let log = String::from_utf8_lossy(&log);
    let events: Vec<&str> = log.lines().collect();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("check JSON", |bencher| {
        bencher
            .iter(|| events.iter().filter(|text| json::validate(black_box(text)).is_ok()).count());
    });
    group.bench_function("LogEvent", |bencher| {
        bencher
            .iter(|| events.iter().filter(|text| LogEvent::parse(black_box(text)).is_ok()).count());
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
