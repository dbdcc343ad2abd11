//! Six-dimensional motions, forces and inertias, all about one point and along one frame's axes.
//!
//! Every link's quantities are written in the arm's remote-centre frame, about its origin. Nothing is
//! then carried from link to link: forces and inertias of a chain simply add. The origin lies within
//! the arm, so the shift to it costs few digits.

use nalgebra::{Matrix3, Vector3};

/// An angular and a linear part: a velocity, an acceleration, or the axis of a joint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub angular: Vector3<f64>,
    pub linear: Vector3<f64>,
}

/// A moment about the origin and a force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Force {
    pub moment: Vector3<f64>,
    pub force: Vector3<f64>,
}

impl Motion {
    pub const ZERO: Self = Self {
        angular: Vector3::new(0.0, 0.0, 0.0),
        linear: Vector3::new(0.0, 0.0, 0.0),
    };

    pub fn plus(&self, other: &Self, times: f64) -> Self {
        Self {
            angular: self.angular + other.angular * times,
            linear: self.linear + other.linear * times,
        }
    }

    /// How `other`, fixed in a body that moves with `self`, changes.
    pub fn cross(&self, other: &Self) -> Self {
        Self {
            angular: self.angular.cross(&other.angular),
            linear: self.angular.cross(&other.linear) + self.linear.cross(&other.angular),
        }
    }

    /// How a momentum fixed in a body that moves with `self` changes.
    pub fn cross_force(&self, other: &Force) -> Force {
        Force {
            moment: self.angular.cross(&other.moment) + self.linear.cross(&other.force),
            force: self.angular.cross(&other.force),
        }
    }

    pub fn dot(&self, force: &Force) -> f64 {
        self.angular.dot(&force.moment) + self.linear.dot(&force.force)
    }
}

impl Force {
    pub const ZERO: Self = Self {
        moment: Vector3::new(0.0, 0.0, 0.0),
        force: Vector3::new(0.0, 0.0, 0.0),
    };

    pub fn plus(&self, other: &Self) -> Self {
        Self {
            moment: self.moment + other.moment,
            force: self.force + other.force,
        }
    }
}

/// A rigid body's inertia about the origin: mass, first moment, second moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct RigidInertia {
    pub mass_kg: f64,
    pub first: Vector3<f64>,
    pub second: Matrix3<f64>,
}

impl RigidInertia {
    pub const ZERO: Self = Self {
        mass_kg: 0.0,
        first: Vector3::new(0.0, 0.0, 0.0),
        second: Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    };

    pub fn times(&self, motion: &Motion) -> Force {
        Force {
            moment: self.second * motion.angular + self.first.cross(&motion.linear),
            force: motion.linear * self.mass_kg - self.first.cross(&motion.angular),
        }
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self {
            mass_kg: self.mass_kg + other.mass_kg,
            first: self.first + other.first,
            second: self.second + other.second,
        }
    }
}

/// The inertia of a chain whose outer joints are free: symmetric, in three blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArticulatedInertia {
    /// Moment for a turn.
    angular: Matrix3<f64>,
    /// Moment for a shift.
    coupling: Matrix3<f64>,
    /// Force for a shift.
    linear: Matrix3<f64>,
}

impl ArticulatedInertia {
    pub const ZERO: Self = Self {
        angular: RigidInertia::ZERO.second,
        coupling: RigidInertia::ZERO.second,
        linear: RigidInertia::ZERO.second,
    };

    /// With a rigid body added.
    pub fn with(&self, body: &RigidInertia) -> Self {
        let h = &body.first;
        let cross = Matrix3::new(0.0, -h.z, h.y, h.z, 0.0, -h.x, -h.y, h.x, 0.0);
        let mut linear = self.linear;
        linear.m11 += body.mass_kg;
        linear.m22 += body.mass_kg;
        linear.m33 += body.mass_kg;
        Self {
            angular: self.angular + body.second,
            coupling: self.coupling + cross,
            linear,
        }
    }

    pub fn times(&self, motion: &Motion) -> Force {
        Force {
            moment: self.angular * motion.angular + self.coupling * motion.linear,
            force: self.coupling.tr_mul(&motion.angular) + self.linear * motion.linear,
        }
    }

    /// Without what a free joint takes: less `along · alongᵀ / divisor`.
    pub fn freed(&self, along: &Force, inverse_divisor: f64) -> Self {
        let moment = along.moment * inverse_divisor;
        let force = along.force * inverse_divisor;
        Self {
            angular: self.angular - moment * along.moment.transpose(),
            coupling: self.coupling - moment * along.force.transpose(),
            linear: self.linear - force * along.force.transpose(),
        }
    }
}
