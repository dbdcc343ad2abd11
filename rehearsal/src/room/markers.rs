//! What is not there but must be seen: a ring about each tip, and the thread between a ghost's tip and the tip.

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;

use super::{EndoscopeCamera, MainCamera, SceneSet, table_m};
use crate::scene::{ArmFrame, SceneState};

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
const RING_M: f32 = 0.030;
const LEAST_RING_M: f32 = 0.0045;

pub(super) fn place_rings(
    state: Res<SceneState>,
    main: Query<&GlobalTransform, With<MainCamera>>,
    scope: Query<&GlobalTransform, With<EndoscopeCamera>>,
    root: Query<&GlobalTransform, With<super::TableFrame>>,
    mut rings: Query<(&Ring, &RenderLayers, &mut Transform, &mut Visibility)>,
) {
    let Ok(root) = root.single() else { return };
    for (ring, layers, mut transform, mut visibility) in &mut rings {
        let camera = if layers.intersects(&super::room_layer()) {
            main.single()
        } else {
            scope.single()
        };
        let (Ok(camera), Some(arm)) = (camera, ring.set.frame(&state).arms.get(ring.arm)) else {
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
        let eye = root
            .affine()
            .inverse()
            .transform_point3(camera.translation());
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
    mut threads: Query<(&Thread, &mut Transform, &mut Visibility)>,
) {
    for (thread, mut transform, mut visibility) in &mut threads {
        let actual = thread.actual.frame(&state).arms.get(thread.arm);
        let wanted = state.commanded.arms.get(thread.arm);
        let ends = actual.zip(wanted).map(|(actual, wanted)| {
            (
                table_m(&actual.tip.translation.vector),
                table_m(&wanted.tip.translation.vector),
            )
        });
        match ends {
            Some((from, to)) if f64::from(from.distance(to)) > VISIBLE_M => {
                visibility.set_if_neq(Visibility::Inherited);
                let place = super::shape::along(from, to);
                *transform = place.with_scale(Vec3::new(1.0, from.distance(to), 1.0));
            }
            _ => {
                visibility.set_if_neq(Visibility::Hidden);
            }
        }
    }
}
