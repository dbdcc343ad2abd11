//! One tick of the physics, everything of it included: servos, friction, gravity, contacts, clearances,
//! sensors. Throughput is in ticks of 1 ms: 25 K elem/s is 25 times real time.
//!
//! Targets on one core: Rapier 25 times real time with four arms moving, 60 with one of four; our own
//! articulated bodies 120 with four.

use std::hint::black_box;

use benches::casablanca_shanghai;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use robot_model::{Arm, JointVector};
use sim::Operation;
use sim::plant::{Plant, PlantKind, PlantSetup};

const TICKS: u64 = 1_000;

/// Slow waves around home of the first `moving` arms; the others are held.
fn waves(arms: &[Arm], moving: usize, tick: u64) -> Vec<JointVector> {
    let time_s = tick as f64 * 1e-3;
    let mut set_points: Vec<JointVector> = arms.iter().map(|arm| arm.home).collect();
    for (set_point, arm) in set_points.iter_mut().zip(arms).take(moving) {
        for (joint, value) in set_point.iter_mut().take(arm.joint_count).enumerate() {
            let size = if joint == 2 { 0.005 } else { 0.05 };
            *value += size * libm::sin(2.0 * time_s + joint as f64) * libm::fmin(1.0, time_s);
        }
    }
    set_points
}

fn plant(operation: &Operation, kind: PlantKind) -> Plant {
    let mut settings = operation.plant.clone();
    settings.kind = kind;
    Plant::new(&PlantSetup {
        settings: &settings,
        ..operation.plant_setup(1)
    })
}

fn ticks(c: &mut Criterion) {
    let operation = casablanca_shanghai();
    let mut group = c.benchmark_group("plant");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(TICKS));
    for (name, kind, moving) in [
        ("Rapier, four arms moving", PlantKind::Rapier, 4),
        ("Rapier, one of four arms moving", PlantKind::Rapier, 1),
        ("articulated, four arms moving", PlantKind::Articulated, 4),
    ] {
        let set_points: Vec<_> = (0..2 * TICKS)
            .map(|tick| waves(&operation.arms, moving, tick))
            .collect();
        let mut begun = plant(&operation, kind);
        for set_point in &set_points[..TICKS as usize] {
            begun.step(set_point);
        }
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || begun.clone(),
                |plant| {
                    for set_point in &set_points[TICKS as usize..] {
                        plant.step(black_box(set_point));
                    }
                },
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, ticks);
criterion_main!(benches);
