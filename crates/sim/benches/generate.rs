//! How fast events are generated: one core, written to nowhere.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sim::Scenario;

const EVENTS: u64 = 50_000;

fn generate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
    group.bench_function("50,000 events", |bencher| {
        bencher.iter(|| {
            let Ok(mut simulation) = Scenario::new(EVENTS, 1).simulate() else {
                return;
            };
            while let Some(event) = simulation.next_event() {
                black_box(event.json());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, generate);
criterion_main!(benches);
