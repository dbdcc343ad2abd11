//! How fast a measurement is imported: 20,000 round trips as irtt writes them, read and fitted.

#[path = "../../path_fit/tests/common/mod.rs"]
mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use path_fit::{FitOptions, Format, Source, fit, read};

const TRIPS: i64 = 20_000;

fn trace_import(c: &mut Criterion) {
    let text = common::irtt(
        &common::netem_trips(TRIPS, 1),
        1_000_000,
        "\"late_packets\": 3000",
    );
    let import = || {
        let source = Source::new(text.as_bytes()).expect("it is not empty");
        read::read(Format::Irtt, source).expect("it is irtt's")
    };
    let measurement = import();
    let mut group = c.benchmark_group("trace_import");
    group.throughput(Throughput::Elements(TRIPS as u64));
    group.bench_function("read 20,000 round trips of irtt", |b| b.iter(import));
    group.sample_size(10);
    group.bench_function("fit 20,000 round trips", |b| {
        b.iter(|| fit(&measurement, &FitOptions::default()).expect("it can be fitted"));
    });
    group.finish();
}

criterion_group!(benches, trace_import);
criterion_main!(benches);
