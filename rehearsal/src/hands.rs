//! A person's hands at the console: what mouse and keys make of them.

use bevy::prelude::Resource;
use control_loop::{HANDS, HandInput};
use nalgebra::{UnitQuaternion, Vector3};
use robot_model::ArmKind;
use sim::Operation;
use sim::hands::idle;

/// How far a hand opens, rad. Assumed, as wide as the programmed surgeon's.
const JAW_RAD: (f64, f64) = (0.0, 0.9);

/// How far from where it began a hand may go, m: a frame carries two metres. Assumed.
const REACH_M: f64 = 0.8;

/// Both hands, the pedals, and which hand the mouse moves.
#[derive(Resource, Clone, Debug)]
pub struct PersonHands {
    input: HandInput,
    selected: usize,
    instruments: Vec<usize>,
    scale: f64,
    fineness: usize,
}

/// How much of the mouse's way the tip goes: the person's own scale, on top of the loop's. Assumed.
const FINENESS: [f64; 3] = [1.0, 0.5, 0.25];

impl PersonHands {
    /// Hands that hold the first two instruments; the right one is moved.
    pub fn new(operation: &Operation) -> Self {
        let arms = operation.arms.iter().enumerate();
        let instruments: Vec<usize> = arms
            .filter(|(_, arm)| arm.kind != ArmKind::Endoscope)
            .map(|(index, _)| index)
            .collect();
        let mut input = idle();
        for (hand, arm) in input.hands.iter_mut().zip(&instruments) {
            hand.arm = Some(*arm);
            hand.jaw_rad = 0.4;
        }
        Self {
            selected: instruments.len().min(HANDS).saturating_sub(1),
            input,
            instruments,
            scale: operation.control_loop.motion_scale,
            fineness: 0,
        }
    }

    /// What the hands do now.
    pub fn input(&self) -> HandInput {
        self.input
    }

    /// The arm that the mouse moves.
    pub fn held_arm(&self) -> Option<usize> {
        self.input.hands[self.selected].arm
    }

    /// The hand that the mouse moves, 0 left or 1 right.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The arms that the hands hold, left and right.
    pub fn held(&self) -> [Option<usize>; HANDS] {
        self.input.hands.map(|hand| hand.arm)
    }

    /// Moves the hand that holds this arm from now on; returns whether one does.
    pub fn select_arm(&mut self, arm: usize) -> bool {
        let hand = self
            .input
            .hands
            .iter()
            .position(|hand| hand.arm == Some(arm));
        self.selected = hand.unwrap_or(self.selected);
        hand.is_some()
    }

    /// The other hand is moved from now on.
    pub fn select_other(&mut self) {
        self.selected = (self.selected + 1) % HANDS;
    }

    /// How far the tip goes for the hand's way on the screen, 1 at first.
    pub fn fineness(&self) -> f64 {
        FINENESS[self.fineness]
    }

    /// The next scale of the hand: whole, half, a quarter, and whole again. What is held stays where it is.
    pub fn change_scale(&mut self) {
        self.fineness = (self.fineness + 1) % FINENESS.len();
    }

    /// Moves the hand so that the tip of what it holds moves by so much in the table's frame, m; by less when the scale
    /// is finer.
    pub fn move_held(&mut self, tip_m: &Vector3<f64>) {
        if !tip_m.iter().all(|value| value.is_finite()) {
            return;
        }
        let place = &mut self.input.hands[self.selected].pose.translation.vector;
        *place += tip_m * (FINENESS[self.fineness] / self.scale.max(0.05));
        let reach_m = place.norm();
        if reach_m > REACH_M {
            *place *= REACH_M / reach_m;
        }
    }

    /// Turns the hand about an axis of the table's frame, rad.
    pub fn turn_held(&mut self, turn_rad: &Vector3<f64>) {
        if turn_rad.iter().all(|value| value.is_finite()) {
            let rotation = &mut self.input.hands[self.selected].pose.rotation;
            *rotation = UnitQuaternion::from_scaled_axis(*turn_rad) * *rotation;
            rotation.renormalize();
        }
    }

    /// Opens or closes the hand, rad.
    pub fn open_held(&mut self, by_rad: f64) {
        let jaw_rad = &mut self.input.hands[self.selected].jaw_rad;
        *jaw_rad = (*jaw_rad + by_rad).clamp(JAW_RAD.0, JAW_RAD.1);
    }

    /// The hand takes the next instrument that no hand holds.
    pub fn swap_arm(&mut self) {
        let held = self.held();
        let Some(present) = self.held_arm() else {
            return;
        };
        let Some(place) = self.instruments.iter().position(|arm| *arm == present) else {
            return;
        };
        let others = self
            .instruments
            .iter()
            .cycle()
            .skip(place + 1)
            .take(self.instruments.len());
        if let Some(next) = others.into_iter().find(|arm| !held.contains(&Some(**arm))) {
            self.input.hands[self.selected].arm = Some(*next);
        }
    }

    /// The clutch pedal.
    pub fn press_clutch(&mut self, pressed: bool) {
        self.input.clutch_pressed = pressed;
    }

    /// The camera pedal.
    pub fn press_camera(&mut self, pressed: bool) {
        self.input.camera_pressed = pressed;
    }

    /// The emergency stop: it stays pressed.
    pub fn stop(&mut self) {
        self.input.stop_pressed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn hands() -> PersonHands {
        let scenario = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../scenarios/casablanca_shanghai.ron"
        );
        let arguments =
            crate::cli::Arguments::try_parse_from(["rehearsal", scenario]).expect("a command line");
        PersonHands::new(
            &crate::case::Case::open(&arguments)
                .expect("it reads")
                .operation,
        )
    }

    #[test]
    fn two_hands_never_hold_one_arm_whatever_is_swapped() {
        let mut hands = hands();
        for turn in 0..20 {
            if turn % 3 == 0 {
                hands.select_other();
            }
            let before = hands.held_arm();
            hands.swap_arm();
            let [left, right] = hands.held();
            assert_ne!(left, right);
            assert_ne!(before, hands.held_arm(), "there is a third instrument");
        }
    }

    #[test]
    fn a_hand_moves_by_the_scale_more_than_the_tip_and_stays_within_reach() {
        let mut hands = hands();
        hands.move_held(&Vector3::new(0.033, 0.0, 0.0));
        let x_m = hands.input().hands[1].pose.translation.vector.x;
        assert!((x_m - 0.1).abs() < 1e-12, "{x_m}");
        hands.move_held(&Vector3::new(1e9, 0.0, 0.0));
        assert!(hands.input().hands[1].pose.translation.vector.norm() <= REACH_M + 1e-9);
        hands.move_held(&Vector3::new(f64::NAN, 0.0, 0.0));
        assert!(hands.input().hands[1].pose.translation.vector.x.is_finite());
    }

    #[test]
    fn a_finer_scale_moves_the_tip_less_and_moves_nothing_by_itself() {
        let mut hands = hands();
        let step = Vector3::new(0.004, 0.0, 0.0);
        let mut ways_m = Vec::new();
        for _ in 0..4 {
            let before = hands.input();
            hands.move_held(&step);
            let moved = hands.input().hands[1].pose.translation.vector
                - before.hands[1].pose.translation.vector;
            ways_m.push(moved.x);
            let at = hands.input();
            hands.change_scale();
            assert_eq!(hands.input(), at);
        }
        assert!((ways_m[1] / ways_m[0] - 0.5).abs() < 1e-12, "{ways_m:?}");
        assert!((ways_m[2] / ways_m[0] - 0.25).abs() < 1e-12, "{ways_m:?}");
        assert!((ways_m[3] / ways_m[0] - 1.0).abs() < 1e-12, "{ways_m:?}");
    }

    #[test]
    fn the_endoscope_is_moved_by_its_pedal_and_held_by_no_hand() {
        let mut hands = hands();
        assert!(!hands.select_arm(1));
        assert!(hands.select_arm(0));
        assert_eq!(hands.selected(), 0);
    }
}
