//! The endoscope's picture: a camera inside the pictured world, then what the network makes of its picture.

use bevy::camera::{ImageRenderTarget, RenderTarget, ScalingMode};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, ShaderType, TextureFormat, TextureUsages};
use bevy::shader::{Shader, ShaderRef};

use super::arm::quat;
use super::eye::Eye;
use super::{EndoscopeView, Quality, TableFrame, arrival_layer, paint, scope_layer, table_m};
use crate::scene::{Picture, SceneSetup, SceneState};

/// The camera of the endoscope.
#[derive(Component)]
pub struct EndoscopeCamera;

/// The cameras that draw the endoscope's picture: skipped in every second frame of the reduced quality.
#[derive(Component)]
struct Refreshed;

/// Where the endoscope's picture is taken from.
#[derive(Resource, Clone, Copy)]
pub struct EndoscopeEye(pub Eye);

const SHADER: Handle<Shader> = bevy::asset::uuid_handle!("7b0a4c5e-7f2b-4a55-9c61-3d0f60a1c2b8");

/// What the network makes of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
struct Arrival {
    degraded: f32,
    frozen: f32,
    seed: f32,
    blocks: f32,
}

#[derive(Asset, AsBindGroup, TypePath, Clone)]
struct ArrivingPicture {
    #[uniform(0)]
    arrival: Arrival,
    #[texture(1)]
    #[sampler(2)]
    picture: Handle<Image>,
}

impl Material for ArrivingPicture {
    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(SHADER)
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }
}

pub(super) fn build(app: &mut App) {
    app.add_plugins(MaterialPlugin::<ArrivingPicture>::default());
    let shader = Shader::from_wgsl(include_str!("view.wgsl"), "rehearsal/room/view.wgsl");
    // A handle that is a constant has no generation that could be wrong.
    let _ = app
        .world_mut()
        .resource_mut::<Assets<Shader>>()
        .insert(&SHADER, shader);
    let quality = app
        .world()
        .get_resource::<Quality>()
        .copied()
        .unwrap_or_default();
    let (width, height) = size_px(quality);
    let view = texture(width, height);
    let view = app.world_mut().resource_mut::<Assets<Image>>().add(view);
    app.insert_resource(EndoscopeView(view));
    app.add_systems(Startup, spawn.run_if(resource_exists::<SceneSetup>))
        .add_systems(Update, (arrive, take_turns));
}

/// Size of the picture.
fn size_px(quality: Quality) -> (u32, u32) {
    match quality {
        Quality::High => (960, 540),
        Quality::Reduced => (480, 270),
    }
}

/// A texture that a camera draws into, a panel shows and a program reads back.
fn texture(width: u32, height: u32) -> Image {
    let mut image = Image::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image
}

fn spawn(
    mut commands: Commands,
    setup: Res<SceneSetup>,
    quality: Res<Quality>,
    view: Res<EndoscopeView>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut pictures: ResMut<Assets<ArrivingPicture>>,
) {
    let eye = Eye::of(&setup.operation);
    let (width, height) = size_px(*quality);
    let raw = images.add(texture(width, height));
    let fine = *quality == Quality::High;
    let surroundings = fine.then(|| paint::surroundings(&mut images));
    let camera = commands
        .spawn((
            EndoscopeCamera,
            Refreshed,
            Camera3d::default(),
            Camera {
                order: -2,
                clear_color: Color::BLACK.into(),
                ..default()
            },
            RenderTarget::Image(ImageRenderTarget::from(raw.clone())),
            Projection::from(PerspectiveProjection {
                fov: eye.height_rad() as f32,
                near: 0.01,
                far: 2.0,
                ..default()
            }),
            AmbientLight {
                color: Color::srgb(1.0, 0.86, 0.82),
                brightness: if fine { 90.0 } else { 260.0 },
                ..default()
            },
            if fine {
                Tonemapping::TonyMcMapface
            } else {
                Tonemapping::None
            },
            if fine { Msaa::Sample4 } else { Msaa::Off },
            scope_layer(),
        ))
        .id();
    // The endoscope brings its own light. It is near the eye, and off its axis as a ring of fibres is.
    let lamp = Vec3::new(0.012, 0.02, -(eye.behind_tip_m as f32) * 0.10);
    if let Some(surroundings) = surroundings {
        commands.entity(camera).insert(EnvironmentMapLight {
            diffuse_map: surroundings.clone(),
            specular_map: surroundings,
            intensity: 160.0,
            ..default()
        });
        commands.spawn((
            SpotLight {
                color: Color::srgb(1.0, 0.97, 0.92),
                intensity: 3_600.0,
                range: 2.0,
                radius: 0.004,
                inner_angle: 0.25,
                outer_angle: 1.05,
                shadow_maps_enabled: fine,
                shadow_depth_bias: 0.004,
                shadow_normal_bias: 0.4,
                shadow_map_near_z: 0.02,
                ..default()
            },
            Transform::from_translation(lamp),
            scope_layer(),
            ChildOf(camera),
        ));
    }
    commands.insert_resource(EndoscopeEye(eye));

    let picture = pictures.add(ArrivingPicture {
        arrival: Arrival::default(),
        picture: raw,
    });
    commands.spawn((
        Mesh3d(meshes.add(Rectangle::new(16.0, 9.0))),
        MeshMaterial3d(picture),
        Transform::from_xyz(0.0, 0.0, -1.0),
        arrival_layer(),
    ));
    commands.spawn((
        Refreshed,
        Camera3d::default(),
        Camera {
            order: -1,
            clear_color: Color::BLACK.into(),
            ..default()
        },
        RenderTarget::Image(ImageRenderTarget::from(view.0.clone())),
        Projection::from(OrthographicProjection {
            scaling_mode: ScalingMode::Fixed {
                width: 16.0,
                height: 9.0,
            },
            ..OrthographicProjection::default_3d()
        }),
        Tonemapping::None,
        Msaa::Off,
        arrival_layer(),
    ));
}

/// Keeps the eye on the pictured endoscope.
pub(super) fn place_eye(
    state: Res<SceneState>,
    eye: Option<Res<EndoscopeEye>>,
    root: Query<&Transform, (With<TableFrame>, Without<EndoscopeCamera>)>,
    mut camera: Query<&mut Transform, With<EndoscopeCamera>>,
) {
    let (Some(eye), Ok(root), Ok(mut camera)) = (eye, root.single(), camera.single_mut()) else {
        return;
    };
    let pose = match eye.0.arm {
        None => eye.0.place,
        Some(arm) => match state.pictured.arms.get(arm) {
            Some(endoscope) => endoscope.tip * eye.0.place,
            None => return,
        },
    };
    let local = Transform::from_translation(table_m(&pose.translation.vector))
        .with_rotation(quat(&pose.rotation));
    camera.set_if_neq(*root * local);
}

/// Tells the picture what became of it on the way.
fn arrive(state: Res<SceneState>, mut pictures: ResMut<Assets<ArrivingPicture>>) {
    // Damage changes a few times a second, and stands still with the picture.
    let seed = (state.pictured.at_ns / 120_000_000 % 997) as f32;
    let arrival = Arrival {
        degraded: f32::from(state.picture == Picture::Degraded),
        frozen: f32::from(state.picture == Picture::Frozen),
        seed,
        blocks: 60.0,
    };
    let ids: Vec<_> = pictures.ids().collect();
    for id in ids {
        if pictures
            .get(id)
            .is_some_and(|picture| picture.arrival != arrival)
            && let Some(mut picture) = pictures.get_mut(id)
        {
            picture.arrival = arrival;
        }
    }
}

/// In the reduced quality the picture is drawn in every second frame.
fn take_turns(
    quality: Res<Quality>,
    mut odd: Local<bool>,
    mut cameras: Query<&mut Camera, With<Refreshed>>,
) {
    *odd = !*odd;
    let active = *quality == Quality::High || *odd;
    for mut camera in &mut cameras {
        if camera.is_active != active {
            camera.is_active = active;
        }
    }
}
