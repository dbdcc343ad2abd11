//! How long it takes to build the world of one run: four multibodies, both ends, two paths, monitors.

use benches::casablanca_shanghai;
use criterion::{Criterion, criterion_group, criterion_main};
use sim::{Keep, RunPlan, Twin, own_loop};

fn world_construction(c: &mut Criterion) {
    let operation = casablanca_shanghai();
    let plan = RunPlan::of_seed(&operation, 1, operation.duration_ns);
    c.bench_function("world_construction/four arms", |b| {
        b.iter(|| Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds"));
    });
}

criterion_group!(benches, world_construction);
criterion_main!(benches);
