//! One arm's kinematics and dynamics. Targets: forward kinematics 150 ns, inverse 500 ns, accelerations
//! 1 µs on one core.

use std::hint::black_box;

use benches::casablanca_shanghai;
use criterion::{Criterion, criterion_group, criterion_main};
use robot_model::dynamics::{ArmDynamics, STANDARD_GRAVITY_M_S2};
use robot_model::{Arm, JointVector, Robot};

/// Joints away from zero: quarter turns would flatter the trigonometry.
fn turned(arm: &Arm) -> JointVector {
    std::array::from_fn(|joint| {
        let limits = &arm.limits[joint];
        arm.home[joint] + 0.2 * (limits.upper - arm.home[joint])
    })
}

fn dynamics(c: &mut Criterion) {
    let arm = casablanca_shanghai().arms[0];
    let joints = turned(&arm);
    let rates = arm.limits.map(|limits| limits.velocity / 2.0);
    let torques = arm.limits.map(|limits| limits.effort / 10.0);
    let tip = arm.tip_pose(&joints);
    let dynamics = ArmDynamics::new(&arm, STANDARD_GRAVITY_M_S2);

    c.bench_function("arm/tip_pose", |b| {
        b.iter(|| arm.tip_pose(black_box(&joints)))
    });
    c.bench_function("arm/inverse", |b| {
        b.iter(|| arm.inverse(black_box(&tip), black_box(&joints)));
    });
    c.bench_function("arm/nearest of all branches", |b| {
        b.iter(|| arm.nearest_inverse(black_box(&tip), black_box(&joints)));
    });
    c.bench_function("arm/jacobian", |b| {
        b.iter(|| arm.jacobian(black_box(&joints)))
    });
    c.bench_function("arm/torques of a motion", |b| {
        b.iter(|| dynamics.inverse(black_box(&joints), black_box(&rates), black_box(&torques)));
    });
    c.bench_function("arm/mass matrix", |b| {
        b.iter(|| dynamics.mass_matrix(black_box(&joints)));
    });
    c.bench_function("arm/accelerations of torques", |b| {
        b.iter(|| dynamics.forward(black_box(&joints), black_box(&rates), black_box(&torques)));
    });
}

/// Raven II's arcs are no quarter turns: its inverse looks at all branches.
fn raven(c: &mut Criterion) {
    let text = include_str!("../../assets/robots/raven2.ron");
    let arm = Robot::from_ron(text).expect("it ships").arms[0].arm;
    let joints = turned(&arm);
    let tip = arm.tip_pose(&joints);
    c.bench_function("raven/tip_pose", |b| {
        b.iter(|| arm.tip_pose(black_box(&joints)));
    });
    c.bench_function("raven/inverse", |b| {
        b.iter(|| arm.inverse(black_box(&tip), black_box(&joints)));
    });
}

criterion_group!(benches, dynamics, raven);
criterion_main!(benches);
