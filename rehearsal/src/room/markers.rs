//! What is not there but must be seen: a ring about each tip, and the thread between a ghost's tip and the tip.

use bevy::camera::visibility::RenderLayers;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::shape::along;
use super::{EndoscopeCamera, MainCamera, SceneSet, TableFrame, room_layer, table_m};
use crate::scene::{ArmFrame, SceneState};
use robot_model::Pose;

/// Two arms that differ by less than this, m, are at one place: their ghost is not shown.
pub const VISIBLE_M: f64 = 5e-4;

/// Two arms that differ by less than this, rad, point the same way.
const VISIBLE_RAD: f64 = 0.05;

/// Whether a ghost of `wanted` differs visibly from `actual`: by its tip's place, its direction, or its jaw.
pub fn differs(wanted: &ArmFrame, actual: &ArmFrame) -> bool {
    let apart_m = (wanted.tip.translation.vector - actual.tip.translation.vector).norm();
    let turned_rad = wanted.tip.rotation.angle_to(&actual.tip.rotation);
    let opened_rad = (wanted.jaw_rad - actual.jaw_rad).abs();
    apart_m > VISIBLE_M || turned_rad > VISIBLE_RAD || opened_rad > 2.0 * VISIBLE_RAD
}

/// Whether a part of a ghost is so far from the arm's own that both can be seen.
pub fn is_elsewhere(wanted: &Pose, actual: &Pose) -> bool {
    let apart_m = (wanted.translation.vector - actual.translation.vector).norm();
    apart_m > 0.4 * VISIBLE_M || wanted.rotation.angle_to(&actual.rotation) > 0.4 * VISIBLE_RAD
}

/// A ring about the tip of an arm; it faces the camera of its layer and keeps its size in the picture.
#[derive(Component)]
pub(super) struct Ring {
    pub set: SceneSet,
    pub arm: usize,
    /// For the ring of a ghost: whom it is the ghost of.
    pub ghost_of: Option<SceneSet>,
}

/// The thread from an arm's tip to its ghost's.
#[derive(Component)]
pub(super) struct Thread {
    pub actual: SceneSet,
    pub arm: usize,
}

/// Radius of a ring one metre away from the camera, m; near by it is never smaller than a jaw.
const RING_M: f32 = 0.024;
const LEAST_RING_M: f32 = 0.0045;

/// Radius of a thread one metre away, m.
const THREAD_M: f32 = 0.0032;

/// The eyes of both layers, in the table's frame.
#[derive(SystemParam)]
pub(super) struct Eyes<'w, 's> {
    main: Query<'w, 's, &'static GlobalTransform, With<MainCamera>>,
    scope: Query<'w, 's, &'static GlobalTransform, With<EndoscopeCamera>>,
    root: Query<'w, 's, &'static GlobalTransform, With<TableFrame>>,
}

impl Eyes<'_, '_> {
    fn of(&self, layers: &RenderLayers) -> Option<Vec3> {
        let in_room = layers.intersects(&room_layer());
        let camera = if in_room {
            self.main.single()
        } else {
            self.scope.single()
        };
        let root = self.root.single().ok()?;
        let eye = camera.ok()?.translation();
        Some(root.affine().inverse().transform_point3(eye))
    }
}

pub(super) fn place_rings(
    state: Res<SceneState>,
    eyes: Eyes,
    mut rings: Query<(&Ring, &RenderLayers, &mut Transform, &mut Visibility)>,
) {
    for (ring, layers, mut transform, mut visibility) in &mut rings {
        let (Some(eye), Some(arm)) = (eyes.of(layers), ring.set.frame(&state).arms.get(ring.arm))
        else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        let actual = ring
            .ghost_of
            .map(|set| set.frame(&state).arms.get(ring.arm));
        let shown = match actual {
            Some(Some(actual)) => differs(arm, actual),
            Some(None) => false,
            None => true,
        };
        visibility.set_if_neq(if shown {
            Visibility::Inherited
        } else {
            Visibility::Hidden
        });
        let tip = table_m(&arm.tip.translation.vector);
        let towards = (eye - tip).normalize_or(Vec3::Z);
        let size = (RING_M * eye.distance(tip)).clamp(LEAST_RING_M, 0.04);
        // A ghost's ring is the larger one, so that both are seen where they overlap.
        let size = if ring.ghost_of.is_some() {
            size * 1.3
        } else {
            size
        };
        // The ring's axis is y, one metre in radius.
        *transform = Transform::from_translation(tip)
            .with_rotation(Quat::from_rotation_arc(Vec3::Y, towards))
            .with_scale(Vec3::splat(size));
    }
}

pub(super) fn place_threads(
    state: Res<SceneState>,
    eyes: Eyes,
    mut threads: Query<(&Thread, &RenderLayers, &mut Transform, &mut Visibility)>,
) {
    for (thread, layers, mut transform, mut visibility) in &mut threads {
        let actual = thread.actual.frame(&state).arms.get(thread.arm);
        let wanted = state.commanded.arms.get(thread.arm);
        let ends = actual.zip(wanted).map(|(actual, wanted)| {
            (
                table_m(&actual.tip.translation.vector),
                table_m(&wanted.tip.translation.vector),
            )
        });
        match (ends, eyes.of(layers)) {
            (Some((from, to)), Some(eye)) if f64::from(from.distance(to)) > VISIBLE_M => {
                visibility.set_if_neq(Visibility::Inherited);
                let thick = (THREAD_M * eye.distance(from)).clamp(0.0004, 0.004);
                *transform = along(from, to).with_scale(Vec3::new(thick, from.distance(to), thick));
            }
            _ => {
                visibility.set_if_neq(Visibility::Hidden);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_home, operation};
    use super::*;

    #[test]
    fn of_a_ghost_whose_jaw_alone_is_wider_only_the_jaw_is_drawn() {
        let place = Pose::translation(0.01, 0.02, 0.03);
        let turned = |rad: f64| {
            let turn = nalgebra::UnitQuaternion::from_euler_angles(0.0, 0.0, rad);
            Pose::from_parts(place.translation, turn)
        };
        assert!(!is_elsewhere(&place, &place));
        assert!(is_elsewhere(&turned(0.1), &place));
        assert!(is_elsewhere(&Pose::translation(0.01, 0.02, 0.0303), &place));
    }

    #[test]
    fn a_ghost_is_shown_from_half_a_millimetre_a_few_degrees_or_an_opened_jaw_on() {
        let actual = at_home(&operation("casablanca_shanghai.ron")).arms[0].clone();
        assert!(!differs(&actual, &actual));
        let mut wanted = actual.clone();
        wanted.tip.translation.vector.x += 0.4e-3;
        assert!(!differs(&wanted, &actual));
        wanted.tip.translation.vector.x += 0.2e-3;
        assert!(differs(&wanted, &actual));
        let mut opened = actual.clone();
        opened.jaw_rad += 0.2;
        assert!(differs(&opened, &actual));
    }
}
