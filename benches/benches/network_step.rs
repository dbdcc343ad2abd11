//! How many packets a second both paths carry from send to arrival, with the scenario's jitter, loss
//! bursts, duplicates and late repeats.

use benches::casablanca_shanghai;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use net_model::{Direction, FaultSchedule, Network, PATHS};

const SENDS: u64 = 10_000;
const INTERVAL_NS: u64 = 2_000_000;

fn network_step(c: &mut Criterion) {
    let operation = casablanca_shanghai();
    let network: Network<[u8; 8]> =
        Network::new(&operation.paths, FaultSchedule::default(), 1).expect("the model is valid");
    let mut group = c.benchmark_group("network_step");
    group.throughput(Throughput::Elements(SENDS * PATHS as u64));
    group.bench_function("packets over two paths", |b| {
        b.iter_batched_ref(
            || network.clone(),
            |network| {
                let mut arrivals = 0_u64;
                for send in 0..SENDS {
                    let now_ns = send * INTERVAL_NS;
                    for path in 0..PATHS {
                        network.send(now_ns, path, Direction::Up, send.to_le_bytes());
                    }
                    while network.pop_due(now_ns, Direction::Up).is_some() {
                        arrivals += 1;
                    }
                }
                arrivals
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, network_step);
criterion_main!(benches);
