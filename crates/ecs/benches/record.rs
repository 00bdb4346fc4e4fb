//! Time per event of working fields out, and of writing whole records, on a simulated log.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ecs::{Arrival, Context, FIELDS, Lookup, Record};
use okta::LogEvent;

fn record(criterion: &mut Criterion) {
    let mut log = Vec::new();
    let simulation = sim::Scenario::new(2_000, 5).simulate();
    let written = simulation.map(|it| it.write(&mut log, &mut std::io::sink()));
    assert!(matches!(written, Ok(Ok(_))), "the log is simulated");
    let log = String::from_utf8_lossy(&log);
    let events: Vec<LogEvent<'_>> =
        log.lines().filter_map(|line| LogEvent::parse(line).ok()).collect();
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Elements(events.len() as u64));
    let lookups: Vec<Lookup> = FIELDS.iter().map(|field| Lookup::resolve(field.name)).collect();
    group.bench_function("normalise: every field", |bencher| {
        let mut context = Context::default();
        bencher.iter(|| {
            let mut values = 0_u64;
            for events in events.chunks(64) {
                for event in events {
                    let record = Record::new(event, &context, Arrival::default());
                    for lookup in &lookups {
                        let _ = record.visit(lookup, &mut |value| {
                            values += u64::from(!black_box(value).is_absent());
                            ControlFlow::Continue(())
                        });
                    }
                }
                context.reset();
            }
            values
        });
    });
    group.bench_function("serialise: the whole record", |bencher| {
        let mut context = Context::default();
        let mut json = Vec::new();
        bencher.iter(|| {
            let mut bytes = 0;
            for events in events.chunks(64) {
                for event in events {
                    json.clear();
                    Record::new(event, &context, Arrival::default()).write_json(&mut json);
                    bytes += black_box(&json).len();
                }
                context.reset();
            }
            bytes
        });
    });
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
