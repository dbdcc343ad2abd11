//! Spheres at the links, until the room is there.

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_panorbit_camera::PanOrbitCamera;

use crate::scene::{SceneFrame, SceneState};

/// The endoscope's picture.
#[derive(Resource)]
pub struct EndoscopeView(pub Handle<Image>);
/// The camera's place.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CameraPreset {
    /// a
    #[default]
    Overview,
    /// b
    Surgeon,
    /// c
    Patient,
    /// d
    Cart,
    /// e
    Top,
}
/// Quality.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// a
    #[default]
    High,
    /// b
    Reduced,
}
/// Target.
#[derive(Resource, Clone, Default)]
pub struct MainTarget(pub Option<Handle<Image>>);
/// Room.
pub struct RoomPlugin;

#[derive(Component)]
struct Ball(usize, usize, usize);

impl Plugin for RoomPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, setup).add_systems(Update, (spawn, follow).chain());
    }
}

fn setup(mut commands: Commands, mut images: ResMut<Assets<Image>>, target: Res<MainTarget>) {
    let eye = images.add(Image::new_target_texture(320, 180, TextureFormat::Rgba8UnormSrgb, None));
    commands.spawn((Camera3d::default(), Camera { order: -1, ..default() }, RenderTarget::Image(eye.clone().into()), Transform::from_xyz(0.0, 0.4, 0.1).looking_at(Vec3::new(0.0, 0.1, 0.0), Vec3::Z)));
    commands.insert_resource(EndoscopeView(eye));
    let mut main = commands.spawn((Camera3d::default(), Transform::from_xyz(1.0, 1.0, 1.5).looking_at(Vec3::new(0.0, 0.2, 0.0), Vec3::Y), PanOrbitCamera::default()));
    if let Some(image) = &target.0 {
        main.insert(RenderTarget::Image(image.clone().into()));
    }
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(1.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
}

fn spawn(mut commands: Commands, state: Res<SceneState>, balls: Query<&Ball>, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<StandardMaterial>>) {
    if !balls.is_empty() {
        return;
    }
    let mesh = meshes.add(Sphere::new(0.012));
    for (arm, it) in state.now.arms.iter().enumerate() {
        for link in 0..it.links.len() {
            for truth in 0..3 {
                let colour = [Color::srgb(0.8, 0.8, 0.8), Color::srgb(0.2, 0.6, 0.9), Color::srgb(0.9, 0.6, 0.1)][truth];
                commands.spawn((Ball(truth, arm, link), Mesh3d(mesh.clone()), MeshMaterial3d(materials.add(colour)), Transform::default()));
            }
        }
    }
}

fn follow(state: Res<SceneState>, mut balls: Query<(&Ball, &mut Transform)>) {
    for (Ball(truth, arm, link), mut transform) in &mut balls {
        let frame: &SceneFrame = [&state.now, &state.pictured, &state.commanded][*truth];
        if let Some(arm) = frame.arms.get(*arm) {
            let at = arm.links[*link].translation.vector;
            transform.translation = Vec3::new(at.x as f32, at.z as f32, -at.y as f32);
        }
    }
}
