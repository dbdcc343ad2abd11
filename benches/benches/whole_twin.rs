//! How many simulated seconds one core gets through in a second, everything included: surgeon, both
//! ends of the loop, both paths, the physics of four arms, all monitors and the hash chain. Throughput
//! is in ticks of 1 ms: 20 K elem/s is twenty times real time.

use benches::casablanca_shanghai;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sim::{Keep, RunPlan, Twin, own_loop};

/// Long enough to be moving: the first gesture ends within 1.5 s.
const WARM_UP_TICKS: u64 = 2_000;
const TICKS: u64 = 1_000;

fn whole_twin(c: &mut Criterion) {
    let operation = casablanca_shanghai();
    let plan = RunPlan::of_seed(&operation, 1, operation.duration_ns);
    let mut twin = Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
    for _ in 0..WARM_UP_TICKS {
        twin.step();
    }
    let moving = twin.snapshot();
    let mut group = c.benchmark_group("whole_twin");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(TICKS));
    group.bench_function("four moving arms under Rapier, ticks of 1 ms", |b| {
        b.iter_batched_ref(
            || {
                let mut twin =
                    Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
                twin.restore(&moving);
                twin
            },
            |twin| {
                for _ in 0..TICKS {
                    twin.step();
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, whole_twin);
criterion_main!(benches);
