//! How many packets a second both paths carry from send to arrival: with the scenario's jitter, loss bursts, duplicates
//! and late repeats; with NetFI's delays, under which half of the packets overtake; and with video in the same queue.
//! And what a digest of everything under way costs.

use benches::casablanca_shanghai;
use criterion::{BatchSize, Bencher, Criterion, Throughput, criterion_group, criterion_main};
use net_model::{
    Bottleneck, CrossTraffic, DelayLaw, Direction, FaultSchedule, Network, PATHS, PathModel,
};

const SENDS: u64 = 10_000;
const INTERVAL_NS: u64 = 2_000_000;

fn network(paths: &[PathModel; PATHS]) -> Network<[u8; 8]> {
    Network::new(paths, FaultSchedule::default(), 1).expect("the model is valid")
}

/// Sends on both paths and takes out what arrives.
fn carry(network: &mut Network<[u8; 8]>, sends: u64) -> u64 {
    let mut arrivals = 0;
    for send in 0..sends {
        let now_ns = send * INTERVAL_NS;
        for path in 0..PATHS {
            network.send(now_ns, path, Direction::Up, send.to_le_bytes());
        }
        while network.pop_due(now_ns, Direction::Up).is_some() {
            arrivals += 1;
        }
    }
    arrivals
}

fn bench_carry(b: &mut Bencher, paths: &[PathModel; PATHS]) {
    let network = network(paths);
    b.iter_batched_ref(
        || network.clone(),
        |network| carry(network, SENDS),
        BatchSize::SmallInput,
    );
}

/// The scenario with NetFI's delay model of 300 ms on both paths, packets overtaking.
fn overtaking(mut paths: [PathModel; PATHS]) -> [PathModel; PATHS] {
    let law = "HyperExponential(weights: [0.89258, 0.10742], rates_per_ms: [0.01081, 0.01624])";
    for path in &mut paths {
        path.up.jitter = ron::from_str::<DelayLaw>(law).expect("the law is valid");
        path.up.fifo = false;
    }
    paths
}

/// The scenario with an HD picture of 20 Mbit/s in a queue of 50 Mbit/s on both paths.
fn with_video(mut paths: [PathModel; PATHS]) -> [PathModel; PATHS] {
    let video =
        "Video(frames_per_s: 60, rate_mbit_s: 20, key_every: 60, key_ratio: 6, packet_bytes: 1400)";
    for path in &mut paths {
        path.up.bottleneck = Some(Bottleneck {
            rate_mbit_s: net_model::units::MegabitsPerSecond::clamped(50.0),
            limit_bytes: net_model::units::Bytes::clamped(1e6),
            cross: vec![ron::from_str::<CrossTraffic>(video).expect("the law is valid")],
        });
    }
    paths
}

fn network_step(c: &mut Criterion) {
    let paths = casablanca_shanghai().paths;
    let mut group = c.benchmark_group("network_step");
    group.throughput(Throughput::Elements(SENDS * PATHS as u64));
    group.bench_function("packets over two paths", |b| bench_carry(b, &paths));
    group.bench_function("packets that overtake", |b| {
        bench_carry(b, &overtaking(paths.clone()));
    });
    group.bench_function("packets beside video", |b| {
        bench_carry(b, &with_video(paths.clone()));
    });
    group.throughput(Throughput::Elements(1));
    let mut loaded = network(&paths);
    carry(&mut loaded, 1_000);
    let mut bytes: Vec<u8> = Vec::new();
    group.bench_function("digest", |b| {
        b.iter(|| {
            bytes.clear();
            loaded.digest(&mut |part: &[u8]| bytes.extend_from_slice(part));
            bytes.len()
        });
    });
    group.finish();
}

criterion_group!(benches, network_step);
criterion_main!(benches);
