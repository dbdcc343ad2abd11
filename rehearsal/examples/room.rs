//! Draws the room without a screen: each camera preset and the endoscope's picture, from a made-up motion of a real
//! scenario.
//!
//! `cargo run --profile rehearsal -p rehearsal --example room -- --out DIR [--reduced] [--frames N]
//! [--scenario FILE] [--only NAME] [--picture live|degraded|frozen]`

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::app::TerminalCtrlCHandlerPlugin;
use bevy::image::Image;
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    BufferDescriptor, BufferUsages, Extent3d, MapMode, PollType, TexelCopyBufferInfo,
    TexelCopyBufferLayout, TextureFormat, TextureUsages,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::{RenderApp, RenderPlugin};
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_panorbit_camera::{PanOrbitCamera, PanOrbitCameraPlugin};
use clap::Parser;
use rehearsal::room::{CameraPreset, EndoscopeView, MainCamera, MainTarget, Quality, RoomPlugin};
use rehearsal::scene::{ArmFrame, Picture, SceneFrame, SceneSetup, SceneState};
use robot_model::{Arm, MAX_JOINTS};
use sim::Operation;

#[derive(Parser)]
struct Options {
    /// Where the pictures go.
    #[arg(long)]
    out: PathBuf,
    /// The scenario.
    #[arg(long, default_value = "scenarios/casablanca_shanghai.ron")]
    scenario: PathBuf,
    /// The quality of a software driver.
    #[arg(long)]
    reduced: bool,
    /// Frames that are timed.
    #[arg(long, default_value_t = 20)]
    frames: u32,
    /// Only this preset.
    #[arg(long)]
    only: Option<String>,
    /// The moment of the motion, s.
    #[arg(long, default_value_t = 1.0)]
    at: f64,
    /// State of the endoscope's picture.
    #[arg(long, default_value = "live")]
    picture: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that a frame takes is what is measured"
)]
fn main() -> Result<(), String> {
    let options = Options::parse();
    let operation = load(&options.scenario)?;
    std::fs::create_dir_all(&options.out).map_err(|error| error.to_string())?;
    let quality = if options.reduced {
        Quality::Reduced
    } else {
        Quality::High
    };
    let mut app = app(operation.clone(), quality);
    let picture = match options.picture.as_str() {
        "degraded" => Picture::Degraded,
        "frozen" => Picture::Frozen,
        _ => Picture::Live,
    };
    app.finish();
    app.cleanup();
    let main = app.world().resource::<MainTarget>().0.clone();
    let main = main.ok_or("the main camera has no texture")?;
    let view = app.world().resource::<EndoscopeView>().0.clone();
    let mut at_s = options.at;
    for preset in CameraPreset::ALL {
        let name = format!("{preset:?}").to_lowercase();
        if options.only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        app.world_mut().insert_resource(preset);
        for _ in 0..4 {
            step(&mut app, &operation, at_s, picture);
            jump(&mut app);
        }
        let started = std::time::Instant::now();
        for _ in 0..options.frames {
            at_s += 0.033;
            step(&mut app, &operation, at_s, picture);
            jump(&mut app);
        }
        // A read-back waits for what was drawn.
        let pixels = capture(&app, &main)?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1e3 / f64::from(options.frames.max(1));
        let state = app.world().resource::<SceneState>();
        let presses = state.pictured.arms.iter().map(|arm| arm.press_m * 1e3);
        let deepest_mm = presses.fold(0.0, f64::max);
        let (count, triangles) = drawn(&mut app);
        println!(
            "{name}: {elapsed_ms:.1} ms a frame; {count} meshes shown, {triangles} triangles; deepest press {deepest_mm:.1} mm"
        );
        save(&options.out.join(format!("{name}.png")), &pixels)?;
        let pixels = capture(&app, &view)?;
        save(&options.out.join(format!("{name}_endoscope.png")), &pixels)?;
    }
    Ok(())
}

fn load(path: &Path) -> Result<Operation, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    let text = read(path)?;
    Operation::from_ron(&text, &mut |name| read(&folder.join(name)))
        .map_err(|error| error.to_string())
}

fn app(operation: Operation, quality: Quality) -> App {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin {
                primary_window: None,
                exit_condition: ExitCondition::DontExit,
                ..default()
            })
            .set(RenderPlugin {
                synchronous_pipeline_compilation: true,
                ..default()
            })
            .disable::<PipelinedRenderingPlugin>()
            .disable::<TerminalCtrlCHandlerPlugin>()
            .disable::<WinitPlugin>(),
    );
    let mut image = Image::new_target_texture(1280, 720, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
    app.insert_resource(MainTarget(Some(target)))
        .insert_resource(quality)
        .insert_resource(SceneSetup { operation })
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(
            33,
        )))
        .add_plugins((PanOrbitCameraPlugin, RoomPlugin));
    app
}

/// The same motion at three moments: now, as the picture shows it, and as the hands want it.
fn step(app: &mut App, operation: &Operation, at_s: f64, picture: Picture) {
    let state = SceneState {
        now: frame(operation, at_s),
        pictured: frame(operation, at_s - 0.15),
        commanded: frame(operation, at_s + 0.15),
        picture,
        picture_age_ns: 150_000_000,
    };
    app.world_mut().insert_resource(state);
    app.update();
}

/// How many meshes are shown in both worlds together, and their triangles.
fn drawn(app: &mut App) -> (usize, usize) {
    let world = app.world_mut();
    let mut shown = world.query::<(&Mesh3d, &InheritedVisibility)>();
    let meshes = world.resource::<Assets<Mesh>>();
    let triangles = shown
        .iter(world)
        .filter(|(_, visibility)| visibility.get())
        .filter_map(|(mesh, _)| Some(meshes.get(&mesh.0)?.indices()?.len() / 3));
    triangles.fold((0, 0), |(count, sum), triangles| {
        (count + 1, sum + triangles)
    })
}

fn jump(app: &mut App) {
    let world = app.world_mut();
    let mut cameras = world.query_filtered::<&mut PanOrbitCamera, With<MainCamera>>();
    for mut camera in cameras.iter_mut(world) {
        camera.yaw = Some(camera.target_yaw);
        camera.pitch = Some(camera.target_pitch);
        camera.radius = Some(camera.target_radius);
        camera.focus = camera.target_focus;
        camera.force_update = true;
    }
}

fn frame(operation: &Operation, at_s: f64) -> SceneFrame {
    let arms = operation
        .arms
        .iter()
        .enumerate()
        .map(|(index, arm)| moved(operation, arm, index as f64, at_s));
    SceneFrame {
        at_ns: (at_s * 1e9) as u64,
        arms: arms.collect(),
    }
}

fn moved(operation: &Operation, arm: &Arm, phase: f64, at_s: f64) -> ArmFrame {
    let mut joints = arm.home;
    let wave = |rate: f64, offset: f64| libm::sin(at_s * rate + phase * 1.7 + offset);
    if arm.kind.has_jaw() {
        joints[0] += 0.10 * wave(1.1, 0.0);
        joints[1] += 0.08 * wave(0.9, 1.0);
        joints[2] += 0.030 + 0.022 * wave(1.3, 2.0);
        joints[3] += 0.6 * wave(0.7, 0.5);
        joints[4] += 0.5 * wave(1.2, 1.5);
        joints[5] += 0.4 * wave(1.0, 0.2);
        joints[6] = 0.45 + 0.35 * wave(1.6, 0.0);
    } else {
        joints[0] += 0.02 * wave(0.3, 0.0);
    }
    let place = |frame: &robot_model::Frame| arm.base * frame.pose();
    let frames = arm.link_frames(&joints);
    let mut links = [robot_model::Pose::identity(); MAX_JOINTS];
    for (link, frame) in links.iter_mut().zip(&frames) {
        *link = place(frame);
    }
    let tip = arm.base * arm.tip_pose(&joints);
    let at = tip.translation.vector;
    let depths = operation.patient.tissue.iter().map(|lump| {
        let point = robot_model::Rod {
            from_m: at,
            to_m: at,
            radius_m: 0.0,
        };
        -lump.rod().clearance_m(&point)
    });
    ArmFrame {
        kind: arm.kind,
        joints,
        links,
        tip,
        jaw_rad: joints[6],
        press_m: depths.fold(0.0, f64::max),
        tip_force_n: 0.0,
        clearance_m: 0.1,
    }
}

struct Pixels {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

/// Reads a texture back after what was submitted before.
fn capture(app: &App, image: &Handle<Image>) -> Result<Pixels, String> {
    let world = app.sub_app(RenderApp).world();
    let device = world.resource::<RenderDevice>();
    let queue = world.resource::<RenderQueue>();
    let images = world.resource::<RenderAssets<GpuImage>>();
    let image = images
        .get(image)
        .ok_or("the texture is not on the device yet")?;
    let size = image.texture.size();
    let (width, height) = (size.width, size.height);
    let row = RenderDevice::align_copy_bytes_per_row(width as usize * 4);
    let buffer = device.create_buffer(&BufferDescriptor {
        label: None,
        size: (row * height as usize) as u64,
        usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        image.texture.as_image_copy(),
        TexelCopyBufferInfo {
            buffer: &buffer,
            layout: TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(row as u32),
                rows_per_image: None,
            },
        },
        Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
    );
    queue.submit([encoder.finish()]);
    let slice = buffer.slice(..);
    slice.map_async(MapMode::Read, |_| {});
    device
        .poll(PollType::wait_indefinitely())
        .map_err(|error| error.to_string())?;
    let mapped = slice.get_mapped_range();
    let mut rgba = Vec::with_capacity((width * height * 4) as usize);
    for line in mapped.chunks(row) {
        rgba.extend_from_slice(&line[..width as usize * 4]);
    }
    Ok(Pixels {
        width,
        height,
        rgba,
    })
}

fn save(path: &Path, pixels: &Pixels) -> Result<(), String> {
    let size = Extent3d {
        width: pixels.width,
        height: pixels.height,
        depth_or_array_layers: 1,
    };
    let image = Image::new(
        size,
        bevy::render::render_resource::TextureDimension::D2,
        pixels.rgba.clone(),
        TextureFormat::Rgba8UnormSrgb,
        bevy::asset::RenderAssetUsages::MAIN_WORLD,
    );
    let picture = image
        .try_into_dynamic()
        .map_err(|error| error.to_string())?;
    picture
        .to_rgb8()
        .save(path)
        .map_err(|error| format!("{}: {error}", path.display()))
}
