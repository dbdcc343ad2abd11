//! How many steps of the real loop (a reception or a tick, each compared by its hash) the exhaustive check makes in a
//! second on one core.

use std::num::NonZeroUsize;

use benches::casablanca_shanghai;
use campaign::{ExhaustSettings, exhaust};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sim::own_loop;

fn exhaustive(c: &mut Criterion) {
    let operation = casablanca_shanghai();
    let settings = ExhaustSettings {
        frames: 3,
        lateness: 4,
        jobs: NonZeroUsize::MIN,
    };
    let go_through =
        || exhaust(&operation, &settings, &own_loop, &|_, _| {}).expect("it can be gone through");
    let steps = go_through().steps;
    let mut group = c.benchmark_group("exhaustive");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(steps));
    group.bench_function("three frames, steps of the loop", |b| b.iter(go_through));
    group.finish();
}

criterion_group!(benches, exhaustive);
criterion_main!(benches);
