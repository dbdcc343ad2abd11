//! The Bevy application: the session inside, the room and the screen around it; with a window or without.

use std::time::{Duration, Instant};

use bevy::camera::visibility::RenderLayers;
use bevy::camera::{CameraOutputMode, RenderTarget, Viewport};
use bevy::input::InputSystems;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{BlendState, TextureFormat, TextureUsages};
use bevy::render::settings::{RenderCreation, WgpuSettings};
use bevy::time::TimeUpdateStrategy;
use bevy::window::{ExitCondition, PresentMode, WindowResolution};
use bevy::winit::WinitPlugin;
use bevy_egui::egui::{LayerId, Ui, UiBuilder};
use bevy_egui::{
    EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, EguiTextureHandle,
    PrimaryEguiContext,
};
use bevy_panorbit_camera::PanOrbitCameraPlugin;

use crate::actions::Action;
use crate::cli::{Arguments, QualityChoice, Size, ViewChoice};
use crate::controls::ControlsPlugin;
use crate::device::{Device, backends};
use crate::hands::PersonHands;
use crate::hud::layout::{Layout, pixels_per_point};
use crate::hud::{Screen, Shown, draw};
use crate::palette::{RAISED, TEXT};
use crate::room::{CameraPreset, EndoscopeView, MainCamera, MainTarget, Quality, RoomPlugin};
use crate::scene::{SceneSetup, SceneState};
use crate::session::Session;
use crate::texts::Text;

/// Simulated time passes with real time, or is set from outside.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// With the wall clock.
    RealTime,
    /// By whoever draws the pictures.
    ByHand,
}

/// The image that everything is drawn into where there is no window.
#[derive(Resource, Clone)]
pub struct Canvas(pub Handle<Image>);

/// Least time that a frame may spend on simulation.
const LEAST_BUDGET: Duration = Duration::from_millis(12);
/// Most time of a frame for simulation: the screen stays alive however slow that is.
const MOST_PLAYING: Duration = Duration::from_millis(200);
/// Time that a frame spends on going ahead.
const SCOUT_BUDGET: Duration = Duration::from_millis(6);
/// However slow the drawing is, a frame goes ahead no longer than this.
const MOST_SCOUTING: Duration = Duration::from_millis(40);
/// Frames that a message is shown.
pub const MESSAGE_FRAMES: u32 = 240;

/// The camera's places, in the order of their keys.
pub const PRESETS: [CameraPreset; 5] = CameraPreset::ALL;

/// Where the camera stands for a person who begins to operate: at the patient, where tips are seen and dragged.
pub const HANDS_ON_VIEW: usize = 2;

/// Builds the application around a session.
pub fn build(session: Session, arguments: &Arguments, device: &Device) -> App {
    let mut app = App::new();
    let log = LogPlugin {
        filter: "warn,wgpu=error,naga=error,bevy_render=error,bevy_light=error,bevy_egui=error,bevy_winit=error".into(),
        ..default()
    };
    let plugins = DefaultPlugins.set(log);
    if arguments.headless {
        app.add_plugins(
            plugins
                .set(WindowPlugin {
                    primary_window: None,
                    exit_condition: ExitCondition::DontExit,
                    ..default()
                })
                .set(RenderPlugin {
                    synchronous_pipeline_compilation: true,
                    ..render_plugin()
                })
                .disable::<PipelinedRenderingPlugin>()
                .disable::<WinitPlugin>(),
        );
        app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(
            33_333_333,
        )));
        let canvas = canvas(arguments.size);
        let canvas = app.world_mut().resource_mut::<Assets<Image>>().add(canvas);
        app.insert_resource(Canvas(canvas.clone()));
        app.insert_resource(MainTarget(Some(canvas)));
        app.insert_resource(Pacing::ByHand);
    } else {
        app.add_plugins(plugins.set(render_plugin()).set(WindowPlugin {
            primary_window: Some(window(&session, arguments.size)),
            ..default()
        }));
        app.insert_resource(MainTarget(None));
        app.insert_resource(Pacing::RealTime);
    }
    let quality = match arguments.quality {
        QualityChoice::High => Quality::High,
        QualityChoice::Reduced => Quality::Reduced,
        QualityChoice::Auto if device.is_software => Quality::Reduced,
        QualityChoice::Auto => Quality::High,
    };
    let view = match arguments.view {
        None if session.case.is_live() => HANDS_ON_VIEW,
        None | Some(ViewChoice::Overview) => 0,
        Some(ViewChoice::Surgeon) => 1,
        Some(ViewChoice::Patient) => 2,
        Some(ViewChoice::Cart) => 3,
        Some(ViewChoice::Top) => 4,
    };
    app.insert_resource(quality)
        .insert_resource(PRESETS[view])
        .insert_resource(SceneSetup {
            operation: session.case.operation.clone(),
        })
        .insert_resource(PersonHands::new(&session.case.operation))
        .insert_resource(Screen {
            language: arguments.language,
            view,
            ..Screen::default()
        })
        .insert_resource(ClearColor(Color::srgb_u8(0x12, 0x17, 0x1E)))
        .init_resource::<SceneState>()
        .insert_non_send(session)
        .add_plugins((EguiPlugin::default(), PanOrbitCameraPlugin))
        .add_plugins((ControlsPlugin, RoomPlugin))
        .add_systems(PreStartup, choose_context)
        .add_systems(Startup, spawn_screen)
        .add_systems(PreUpdate, pass_time.after(InputSystems).in_set(PassTime))
        .add_systems(Update, fit_room)
        .add_systems(EguiPrimaryContextPass, show);
    let scene = app.world_mut().non_send_mut::<Session>().scene();
    app.insert_resource(scene);
    app
}

/// The set in which simulated time passes; keys are read before it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PassTime;

fn render_plugin() -> RenderPlugin {
    RenderPlugin {
        render_creation: RenderCreation::Automatic(Box::new(WgpuSettings {
            backends: Some(backends()),
            ..default()
        })),
        ..default()
    }
}

fn window(session: &Session, size: Size) -> Window {
    Window {
        title: session.case.operation.name.clone(),
        resolution: WindowResolution::new(size.width, size.height),
        present_mode: PresentMode::AutoVsync,
        ..default()
    }
}

fn canvas(size: Size) -> Image {
    let mut image =
        Image::new_target_texture(size.width, size.height, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image
}

/// The screen has a camera of its own, so that the room's camera draws the part of the window that nothing covers.
fn choose_context(mut settings: ResMut<EguiGlobalSettings>) {
    settings.auto_create_primary_context = false;
    // Tab and Space are pedals here: they must not wander over buttons and press them.
    settings
        .input_system_settings
        .run_write_keyboard_input_messages_system = false;
}

fn spawn_screen(mut commands: Commands, target: Res<MainTarget>) {
    let mut screen = commands.spawn((
        PrimaryEguiContext,
        Camera2d,
        RenderLayers::none(),
        Msaa::Off,
        Camera {
            order: 100,
            output_mode: CameraOutputMode::Write {
                blend_state: Some(BlendState::ALPHA_BLENDING),
                clear_color: ClearColorConfig::None,
            },
            clear_color: ClearColorConfig::Custom(Color::NONE),
            ..default()
        },
    ));
    if let Some(image) = &target.0 {
        screen.insert(RenderTarget::Image(image.clone().into()));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a frame's budget is of wall-clock time; how much is simulated feeds no state"
)]
fn pass_time(
    time: Res<Time<Real>>,
    pacing: Res<Pacing>,
    hands: Res<PersonHands>,
    mut session: NonSendMut<Session>,
    mut scene: ResMut<SceneState>,
) {
    if *pacing == Pacing::RealTime {
        let began = Instant::now();
        let passed = time.delta();
        let budget = LEAST_BUDGET.max(passed.mul_f64(0.6)).min(MOST_PLAYING);
        if session.pace.is_playing {
            session.push_hands(&hands.input());
        }
        let real_ns = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        session.play(real_ns, &mut || began.elapsed() < budget);
        let until = began.elapsed() + SCOUT_BUDGET.max(passed.mul_f64(0.3)).min(MOST_SCOUTING);
        session.scout(&mut || began.elapsed() < until);
    }
    *scene = session.scene();
}

/// Gives the room's camera the part of the screen that is not covered.
fn fit_room(mut cameras: Query<&mut Camera, With<MainCamera>>) {
    for mut camera in &mut cameras {
        let Some(size) = camera
            .physical_target_size()
            .filter(|size| size.x > 0 && size.y > 0)
        else {
            continue;
        };
        let scale = pixels_per_point(size.y as f32);
        let room = Layout::of(bevy_egui::egui::vec2(
            size.x as f32 / scale,
            size.y as f32 / scale,
        ))
        .room;
        let position = UVec2::new((room.min.x * scale) as u32, (room.min.y * scale) as u32)
            .min(size - UVec2::ONE);
        let extent = UVec2::new(
            (room.width() * scale) as u32,
            (room.height() * scale) as u32,
        );
        let viewport = Viewport {
            physical_position: position,
            physical_size: extent.clamp(UVec2::ONE, size - position),
            ..default()
        };
        let is_same = camera.viewport.as_ref().is_some_and(|present| {
            (present.physical_position, present.physical_size)
                == (viewport.physical_position, viewport.physical_size)
        });
        if !is_same {
            camera.viewport = Some(viewport);
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a system names all that it reads"
)]
fn show(
    mut contexts: EguiContexts,
    images: Res<Assets<Image>>,
    eye: Option<Res<EndoscopeView>>,
    cameras: Query<&Camera, With<PrimaryEguiContext>>,
    scene: Res<SceneState>,
    mut wishes: ResMut<Wishes>,
    mut screen: ResMut<Screen>,
    hands: Res<PersonHands>,
    session: NonSend<Session>,
) -> Result {
    let height_px = cameras
        .iter()
        .next()
        .and_then(Camera::physical_target_size)
        .map_or(720, |size| size.y);
    let picture = eye.and_then(|eye| {
        let size = images.get(&eye.0)?.size();
        let texture = contexts.add_image(EguiTextureHandle::Strong(eye.0.clone()));
        Some((texture, size.x as f32 / size.y.max(1) as f32))
    });
    let context = contexts.ctx_mut()?;
    context.set_pixels_per_point(pixels_per_point(height_px as f32));
    context.all_styles_mut(|style| {
        style.visuals.override_text_color = Some(TEXT);
        style.visuals.window_fill = RAISED;
    });
    let mut ui = Ui::new(
        context.clone(),
        "screen".into(),
        UiBuilder::new()
            .layer_id(LayerId::background())
            .max_rect(context.viewport_rect()),
    );
    let shown = Shown {
        session: &session,
        scene: &scene,
        screen: &screen,
        hands: &hands,
        picture,
    };
    wishes.0.extend(draw(&mut ui, &shown));
    if let Some((_, frames)) = &mut screen.message {
        *frames = frames.saturating_sub(1);
        if *frames == 0 {
            screen.message = None;
        }
    }
    Ok(())
}

/// What keys and buttons asked for and nobody did yet.
#[derive(Resource, Clone, Debug, Default)]
pub struct Wishes(pub Vec<Action>);

/// Writes the session into the first free file of the present folder.
pub fn save(session: &Session, screen: &Screen) -> String {
    let say = screen.language;
    let written = session.recording().and_then(|text| {
        let name = (1..10_000).map(|number| format!("session_{number:04}.ron"));
        let free = name
            .into_iter()
            .find(|name| !std::path::Path::new(name).exists());
        let file = free.ok_or("session_0001.ron to session_9999.ron are all taken")?;
        twin::input::write_whole(std::path::Path::new(&file), &text)
            .map_err(|error| error.to_string())?;
        Ok(file)
    });
    match written {
        Ok(file) => say.say_with(Text::Saved, &[&file]),
        Err(error) => say.say_with(Text::NotSaved, &[&error]),
    }
}
