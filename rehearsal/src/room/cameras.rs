//! The camera that looks at the room, its presets, and the room's lights.

use bevy::camera::{Exposure, ImageRenderTarget, RenderTarget, ShadowLodOrigin};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::{CascadeShadowConfigBuilder, DirectionalLightShadowMap};
use bevy::prelude::*;
use bevy_panorbit_camera::PanOrbitCamera;

use super::theatre::{LAMPS_M, LIT_M};
use super::{CameraPreset, MainTarget, Quality, SUN_M, paint, room_layer, table_to_world};
use crate::scene::SceneSetup;

/// The camera that looks at the room; it carries a `PanOrbitCamera`.
#[derive(Component)]
pub struct MainCamera;

pub(super) fn build(app: &mut App) {
    app.insert_resource(DirectionalLightShadowMap { size: 2048 })
        // First of all cameras: what asks for "the" camera, as panels do, gets this one.
        .add_systems(PreStartup, spawn_camera)
        .add_systems(Startup, spawn_lights)
        .add_systems(
            Update,
            (
                move_to_preset.run_if(resource_changed::<CameraPreset>),
                aim_target.run_if(resource_changed::<MainTarget>),
            ),
        );
}

/// What a preset looks at and from where: the point and the eye in the table's frame, m.
struct Viewpoint {
    focus_m: Vec3,
    eye_m: Vec3,
}

impl CameraPreset {
    fn viewpoint(self) -> Viewpoint {
        let (focus_m, eye_m) = match self {
            Self::Overview => (Vec3::new(-0.15, 0.12, 0.30), Vec3::new(1.90, -2.00, 1.22)),
            Self::SurgeonSide => (Vec3::new(0.02, 0.04, 0.30), Vec3::new(-0.95, -0.95, 0.86)),
            Self::Patient => (Vec3::new(0.0, -0.03, 0.19), Vec3::new(0.07, -0.33, 0.90)),
            Self::Cart => (Vec3::new(0.0, 0.50, 0.36), Vec3::new(1.55, -0.85, 0.62)),
            Self::Top => (Vec3::new(0.0, 0.10, 0.2), Vec3::new(0.0, 0.02, 1.90)),
        };
        Viewpoint { focus_m, eye_m }
    }

    /// Focus in the renderer's frame, then yaw, pitch (rad) and radius (m) of the orbit about it.
    fn orbit(self) -> (Vec3, f32, f32, f32) {
        let Viewpoint { focus_m, eye_m } = self.viewpoint();
        let world = table_to_world();
        let focus = world.transform_point(focus_m);
        let away = world.transform_point(eye_m) - focus;
        let radius = away.length();
        let yaw = away.x.atan2(away.z);
        let pitch = (away.y / radius).asin();
        (focus, yaw, pitch, radius)
    }
}

fn target(main: &MainTarget) -> RenderTarget {
    match &main.0 {
        Some(image) => RenderTarget::Image(ImageRenderTarget::from(image.clone())),
        None => RenderTarget::default(),
    }
}

fn spawn_camera(
    mut commands: Commands,
    preset: Res<CameraPreset>,
    quality: Res<Quality>,
    main: Res<MainTarget>,
    mut images: ResMut<Assets<Image>>,
) {
    let (focus, yaw, pitch, radius) = preset.orbit();
    let fine = *quality == Quality::High;
    let mut camera = commands.spawn((
        MainCamera,
        ShadowLodOrigin,
        Camera3d::default(),
        Camera {
            clear_color: Color::srgb(0.60, 0.67, 0.69).into(),
            ..default()
        },
        target(&main),
        Projection::from(PerspectiveProjection {
            fov: 0.72,
            near: 0.02,
            far: 12.0,
            ..default()
        }),
        Exposure { ev100: 10.0 },
        if fine {
            Tonemapping::TonyMcMapface
        } else {
            Tonemapping::None
        },
        if fine { Msaa::Sample4 } else { Msaa::Off },
        room_layer(),
        PanOrbitCamera {
            focus,
            yaw: Some(yaw),
            pitch: Some(pitch),
            radius: Some(radius),
            target_focus: focus,
            target_yaw: yaw,
            target_pitch: pitch,
            target_radius: radius,
            orbit_smoothness: 0.75,
            pan_smoothness: 0.75,
            zoom_smoothness: 0.75,
            zoom_lower_limit: 0.12,
            zoom_upper_limit: Some(4.5),
            ..default()
        },
    ));
    if fine {
        let surroundings = paint::surroundings(&mut images);
        camera.insert((
            EnvironmentMapLight {
                diffuse_map: surroundings.clone(),
                specular_map: surroundings,
                intensity: 900.0,
                ..default()
            },
            AmbientLight {
                brightness: 60.0,
                ..default()
            },
        ));
    }
}

fn spawn_lights(mut commands: Commands, quality: Res<Quality>, setup: Option<Res<SceneSetup>>) {
    if *quality == Quality::Reduced {
        // Its material brings its own light.
        return;
    }
    let world = table_to_world();
    let lit = world.transform_point(LIT_M);
    // The ceiling's light, which gives the shadows.
    let from = world.transform_point(SUN_M);
    commands.spawn((
        DirectionalLight {
            color: Color::srgb(1.0, 0.985, 0.96),
            illuminance: 3_600.0,
            shadow_maps_enabled: true,
            shadow_depth_bias: 0.01,
            shadow_normal_bias: 0.9,
            ..default()
        },
        CascadeShadowConfigBuilder {
            num_cascades: 1,
            maximum_distance: 5.0,
            ..default()
        }
        .build(),
        Transform::from_translation(from).looking_at(lit, Vec3::Y),
        room_layer(),
    ));
    if setup.is_none() {
        return;
    }
    for lamp in LAMPS_M {
        commands.spawn((
            SpotLight {
                color: Color::srgb(1.0, 0.96, 0.88),
                intensity: 110_000.0,
                range: 5.0,
                radius: 0.1,
                inner_angle: 0.12,
                outer_angle: 0.34,
                shadow_maps_enabled: false,
                ..default()
            },
            Transform::from_translation(world.transform_point(lamp)).looking_at(lit, Vec3::Y),
            room_layer(),
        ));
    }
}

fn move_to_preset(
    preset: Res<CameraPreset>,
    mut cameras: Query<&mut PanOrbitCamera, With<MainCamera>>,
) {
    let (focus, yaw, pitch, radius) = preset.orbit();
    for mut camera in &mut cameras {
        camera.target_focus = focus;
        camera.target_pitch = pitch;
        camera.target_radius = radius;
        // The shorter way around.
        let now = camera.yaw.unwrap_or(yaw);
        let turn = (yaw - now).rem_euclid(core::f32::consts::TAU);
        let turn = if turn > core::f32::consts::PI {
            turn - core::f32::consts::TAU
        } else {
            turn
        };
        camera.target_yaw = now + turn;
        camera.force_update = true;
    }
}

fn aim_target(main: Res<MainTarget>, mut cameras: Query<&mut RenderTarget, With<MainCamera>>) {
    for mut current in &mut cameras {
        *current = target(&main);
    }
}
