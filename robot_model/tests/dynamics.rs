//! The laws of mechanics that the dynamics obey, for every arm that ships.

#![cfg(feature = "std")]

use nalgebra::{SMatrix, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::dynamics::{ArmDynamics, JointMatrix, Load, STANDARD_GRAVITY_M_S2, Wrench};
use robot_model::{Arm, JointFriction, JointVector, MAX_JOINTS};

mod shipped;

/// An arm that ships, at a random configuration in motion.
#[derive(Clone, Debug)]
struct Moving {
    name: String,
    arm: Arm,
    joints: JointVector,
    rates: JointVector,
    /// Any vector over the joints: torques or accelerations.
    other: JointVector,
}

impl Moving {
    fn dynamics(&self) -> ArmDynamics {
        ArmDynamics::new(&self.arm, STANDARD_GRAVITY_M_S2)
    }
}

fn share() -> impl Strategy<Value = [f64; MAX_JOINTS]> {
    prop::array::uniform7(-1.0..=1.0)
}

/// Anywhere within the limits, at up to twice the greatest speed and effort.
fn moving() -> impl Strategy<Value = Moving> {
    let arms = shipped::arms();
    (0..arms.len(), share(), share(), share()).prop_map(move |(index, at, speed, other)| {
        let (name, arm) = arms[index].clone();
        let mut moving = Moving {
            name,
            arm,
            joints: [0.0; MAX_JOINTS],
            rates: [0.0; MAX_JOINTS],
            other: [0.0; MAX_JOINTS],
        };
        for joint in 0..arm.joint_count {
            let limits = &arm.limits[joint];
            let middle = f64::midpoint(limits.lower, limits.upper);
            moving.joints[joint] = middle + at[joint] * (limits.upper - middle);
            moving.rates[joint] = 2.0 * limits.velocity * speed[joint];
            moving.other[joint] = 2.0 * limits.effort * other[joint];
        }
        moving
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_241_124),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_accelerations_of_torques_take_those_torques(case in moving()) {
        let dynamics = case.dynamics();
        let accelerations = dynamics.forward(&case.joints, &case.rates, &case.other);
        let torques = dynamics.inverse(&case.joints, &case.rates, &accelerations);
        assert_near(&torques, &case.other, 1e-10, &case.name)?;
    }

    #[test]
    fn the_mass_matrix_and_the_bias_are_the_inverse_dynamics(case in moving()) {
        let dynamics = case.dynamics();
        let matrix = dynamics.mass_matrix(&case.joints);
        let bias = dynamics.bias(&case.joints, &case.rates);
        let sum: JointVector = std::array::from_fn(|row| times(&matrix, &case.other)[row] + bias[row]);
        let torques = dynamics.inverse(&case.joints, &case.rates, &case.other);
        assert_near(&sum, &torques, 1e-10, &case.name)?;
    }

    #[test]
    fn the_mass_matrix_is_symmetric_and_positive_definite(case in moving()) {
        let count = case.arm.joint_count;
        let matrix = case.dynamics().mass_matrix(&case.joints);
        // Joints that the arm lacks stand on the diagonal as ones.
        let square = SMatrix::<f64, MAX_JOINTS, MAX_JOINTS>::from_fn(|row, column| {
            if row >= count && row == column { 1.0 } else { matrix[row][column] }
        });
        prop_assert_eq!(&square, &square.transpose());
        prop_assert!(square.cholesky().is_some(), "{}", case.name);
    }

    #[test]
    fn the_energy_of_motion_is_half_the_rates_through_the_mass_matrix(case in moving()) {
        let dynamics = case.dynamics();
        let through = times(&dynamics.mass_matrix(&case.joints), &case.rates);
        let half: f64 = through.iter().zip(&case.rates).map(|(p, v)| p * v / 2.0).sum();
        let energy = dynamics.kinetic_energy_j(&case.joints, &case.rates);
        prop_assert!((half - energy).abs() < 1e-12 * (1.0 + energy), "{half} J, {energy} J");
    }

    #[test]
    fn gravity_is_the_slope_of_the_potential_energy(case in moving()) {
        const STEP: f64 = 1e-5;
        let dynamics = case.dynamics();
        let gravity = dynamics.gravity(&case.joints);
        for joint in 0..case.arm.joint_count {
            let energy = |by: f64| {
                let mut joints = case.joints;
                joints[joint] += by;
                dynamics.potential_energy_j(&joints)
            };
            let slope = (energy(STEP) - energy(-STEP)) / (2.0 * STEP);
            prop_assert!((slope - gravity[joint]).abs() < 1e-8, "{}, joint {joint}", case.name);
        }
    }

    #[test]
    fn power_that_drives_an_arm_is_the_growth_of_its_energy(case in moving()) {
        // Along the true motion, forwards and backwards by a moment.
        const STEP_S: f64 = 1e-6;
        let dynamics = case.dynamics();
        let accelerations = dynamics.forward(&case.joints, &case.rates, &case.other);
        let energy = |time_s: f64| {
            let at: JointVector = std::array::from_fn(|j| {
                case.joints[j] + (case.rates[j] + accelerations[j] * time_s / 2.0) * time_s
            });
            let rates = std::array::from_fn(|j| case.rates[j] + accelerations[j] * time_s);
            dynamics.kinetic_energy_j(&at, &rates) + dynamics.potential_energy_j(&at)
        };
        let power: f64 = case.other.iter().zip(&case.rates).map(|(t, v)| t * v).sum();
        let growth = (energy(STEP_S) - energy(-STEP_S)) / (2.0 * STEP_S);
        prop_assert!((power - growth).abs() < 1e-3 * (1.0 + power.abs()), "{power} W, {growth} W");
    }

    #[test]
    fn a_force_on_the_tip_works_as_its_jacobian_says(case in moving(), force in prop::array::uniform3(-10.0..=10.0)) {
        let dynamics = case.dynamics();
        let last = case.arm.row_count - 1;
        let force = Vector3::from(force);
        let point = case.arm.tip_pose(&case.joints).translation.vector;
        let mut load = Load::NONE;
        load.wrenches[last] = Wrench::at_point(&force, &point);
        let loaded = dynamics.forward_loaded(&case.joints, &case.rates, &case.other, &load);

        let jacobian = case.arm.jacobian(&case.joints);
        let mut torques = case.other;
        for (joint, torque) in torques.iter_mut().enumerate() {
            *torque += jacobian.linear_m[joint].dot(&force);
        }
        let as_torques = dynamics.forward(&case.joints, &case.rates, &torques);
        let taken = dynamics.inverse(&case.joints, &case.rates, &loaded);
        assert_near(&taken, &dynamics.inverse(&case.joints, &case.rates, &as_torques), 1e-10, &case.name)?;
    }

    #[test]
    fn an_added_diagonal_is_an_added_inertia(case in moving(), added in prop::array::uniform7(0.0..=1.0)) {
        let dynamics = case.dynamics();
        let load = Load { diagonal: added, ..Load::NONE };
        let accelerations = dynamics.forward_loaded(&case.joints, &case.rates, &case.other, &load);
        let mut torques = dynamics.inverse(&case.joints, &case.rates, &accelerations);
        for (torque, (added, acceleration)) in torques.iter_mut().zip(added.iter().zip(&accelerations)) {
            *torque += added * acceleration;
        }
        assert_near(&torques, &case.other, 1e-10, &case.name)?;
    }

    #[test]
    fn friction_only_ever_takes_energy(case in moving(), full_speed in 0.0..=0.1) {
        let friction = JointFriction { viscous: 0.2, coulomb: 0.05 };
        let dynamics = case.dynamics().with_friction([friction; MAX_JOINTS]);
        let torques = dynamics.friction(&case.rates, full_speed);
        for (torque, rate) in torques.iter().zip(&case.rates).take(case.arm.joint_count) {
            prop_assert!(torque * rate <= 0.0);
            if rate.abs() > full_speed {
                let whole = 0.2 * rate.abs() + 0.05;
                prop_assert!((torque.abs() - whole).abs() < 1e-12);
            }
        }
        prop_assert_eq!(dynamics.friction(&[0.0; MAX_JOINTS], full_speed), [0.0; MAX_JOINTS]);
    }

    #[test]
    fn no_state_makes_the_dynamics_panic(
        joints in prop::array::uniform7(any::<f64>()), rates in prop::array::uniform7(any::<f64>()),
    ) {
        for (_, arm) in shipped::arms() {
            let dynamics = ArmDynamics::new(&arm, STANDARD_GRAVITY_M_S2);
            let _ = dynamics.forward(&joints, &rates, &joints);
            let _ = dynamics.inverse(&joints, &rates, &joints);
            let _ = dynamics.mass_matrix(&joints);
            let _ = dynamics.friction(&rates, 0.0);
        }
    }
}

#[test]
fn an_arm_that_swings_freely_keeps_its_energy() {
    const STEP_S: f64 = 5e-5;
    for (name, arm) in shipped::arms() {
        let dynamics = ArmDynamics::new(&arm, STANDARD_GRAVITY_M_S2);
        let mut state = (arm.home, arm.limits.map(|limits| limits.velocity / 4.0));
        let energy = |(joints, rates): &(JointVector, JointVector)| {
            dynamics.kinetic_energy_j(joints, rates) + dynamics.potential_energy_j(joints)
        };
        let before = energy(&state);
        let mut fastest = 0.0_f64;
        for _ in 0..10_000 {
            state = runge_kutta_4(&dynamics, &state, STEP_S);
            fastest = fastest.max(dynamics.kinetic_energy_j(&state.0, &state.1));
        }
        let drift = (energy(&state) - before).abs();
        assert!(drift < 1e-9 * fastest, "{name}: {drift} J of {fastest} J");
    }
}

#[test]
fn a_mount_turned_upside_down_turns_gravity_with_it() {
    for (_, arm) in shipped::arms() {
        let mut hung = arm;
        hung.base.rotation *=
            nalgebra::UnitQuaternion::new_normalize(nalgebra::Quaternion::new(0.0, 1.0, 0.0, 0.0));
        let upright = ArmDynamics::new(&arm, STANDARD_GRAVITY_M_S2).gravity_m_s2();
        let turned = ArmDynamics::new(&hung, STANDARD_GRAVITY_M_S2).gravity_m_s2();
        assert!((upright.x - turned.x).abs() < 1e-14);
        assert!((upright.z + turned.z).abs() < 1e-14);
    }
}

#[test]
fn an_arm_without_gravity_needs_no_torque_to_rest() {
    for (name, arm) in shipped::arms() {
        let dynamics = ArmDynamics::new(&arm, [0.0; 3]);
        for torque in dynamics.gravity(&arm.home) {
            assert!(torque.abs() < 1e-15, "{name}");
        }
    }
}

fn runge_kutta_4(
    dynamics: &ArmDynamics,
    (joints, rates): &(JointVector, JointVector),
    step_s: f64,
) -> (JointVector, JointVector) {
    let slope = |joints: &JointVector, rates: &JointVector| {
        (*rates, dynamics.forward(joints, rates, &[0.0; MAX_JOINTS]))
    };
    let along = |(v, a): &(JointVector, JointVector), by_s: f64| {
        let moved: JointVector = std::array::from_fn(|j| joints[j] + v[j] * by_s);
        let faster: JointVector = std::array::from_fn(|j| rates[j] + a[j] * by_s);
        (moved, faster)
    };
    let k1 = slope(joints, rates);
    let at = along(&k1, step_s / 2.0);
    let k2 = slope(&at.0, &at.1);
    let at = along(&k2, step_s / 2.0);
    let k3 = slope(&at.0, &at.1);
    let at = along(&k3, step_s);
    let k4 = slope(&at.0, &at.1);
    let mean = |a: f64, b: f64, c: f64, d: f64| (a + 2.0 * b + 2.0 * c + d) / 6.0;
    along(
        &(
            std::array::from_fn(|j| mean(k1.0[j], k2.0[j], k3.0[j], k4.0[j])),
            std::array::from_fn(|j| mean(k1.1[j], k2.1[j], k3.1[j], k4.1[j])),
        ),
        step_s,
    )
}

fn times(matrix: &JointMatrix, vector: &JointVector) -> JointVector {
    std::array::from_fn(|row| matrix[row].iter().zip(vector).map(|(m, v)| m * v).sum())
}

/// Within `tolerance`, absolute below one and relative above.
fn assert_near(
    found: &JointVector,
    wanted: &JointVector,
    tolerance: f64,
    name: &str,
) -> Result<(), TestCaseError> {
    let scale = wanted.iter().fold(1.0_f64, |most, v| most.max(v.abs()));
    for (joint, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (found - wanted).abs();
        prop_assert!(
            error <= tolerance * scale,
            "{name}, joint {joint}: {error:e} of {wanted}"
        );
    }
    Ok(())
}
