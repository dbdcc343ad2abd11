//! Keys and mouse: wishes for the session, and a person's hands.

use bevy::input::InputSystems;
use bevy::input::mouse::MouseWheel;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_panorbit_camera::PanOrbitCamera;
use nalgebra::Vector3;

use crate::actions::Action;
use crate::app::{HANDS_ON_VIEW, MESSAGE_FRAMES, PRESETS, PassTime, Wishes, save};
use crate::hands::PersonHands;
use crate::hud::Screen;
use crate::hud::layout::{Layout, pixels_per_point};
use crate::room::{CameraPreset, EndoscopeCamera, MainCamera};
use crate::scene::{SceneFrame, SceneState};
use crate::session::Session;
use crate::troubles::Trouble;

/// Speed of a held tip moved by keys, m/s, and of its turn, rad/s. Assumed.
const KEY_SPEED_M_S: f64 = 0.03;
const KEY_TURN_RAD_S: f64 = 0.8;
/// A pixel of the mouse's way moves a tip no further than this, m, however far away it is seen: in the overview a drag
/// across the screen would cross the whole patient. Assumed.
const MOST_M_A_PIXEL: f64 = 0.5e-3;
/// Depth of one notch of the wheel, m, and opening of a jaw in a second, rad. Assumed.
const WHEEL_M: f64 = 0.004;
const JAW_RAD_S: f64 = 0.8;

/// Reads keys and mouse, and does what they and the buttons ask for.
pub struct ControlsPlugin;

impl Plugin for ControlsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Wishes>()
            .init_resource::<Drag>()
            .add_systems(
                PreUpdate,
                (read_keys, move_hands, fulfil)
                    .chain()
                    .after(InputSystems)
                    .before(PassTime),
            );
    }
}

/// The mouse's drag of an instrument.
#[derive(Resource, Clone, Copy, Debug, Default)]
struct Drag {
    last: Option<Vec2>,
    on: Option<Surface>,
}

/// Where an instrument is seen and dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    /// In the room.
    Room,
    /// In the surgeon's picture.
    Picture,
}

fn read_keys(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    time: Res<Time<Real>>,
    session: NonSend<Session>,
    mut wishes: ResMut<Wishes>,
) {
    let Some(keys) = keys else { return };
    let wishes = &mut wishes.0;
    let is_live = session.case.is_live();
    let pressed = |key: KeyCode| keys.just_pressed(key);
    for (key, action) in KEYS {
        if pressed(key) {
            wishes.push(action);
        }
    }
    if is_live {
        for (key, action) in [
            (KeyCode::Space, Action::Clutch as fn(bool) -> Action),
            (KeyCode::KeyC, Action::CameraPedal),
        ] {
            if keys.just_pressed(key) {
                wishes.push(action(true));
            }
            if keys.just_released(key) {
                wishes.push(action(false));
            }
        }
        for (key, action) in LIVE_KEYS {
            if pressed(key) {
                wishes.push(action);
            }
        }
        let by_rad = JAW_RAD_S * time.delta_secs_f64();
        for (key, sign) in [(KeyCode::KeyQ, -1.0), (KeyCode::KeyE, 1.0)] {
            if keys.pressed(key) {
                wishes.push(Action::Jaw(sign * by_rad));
            }
        }
    } else if pressed(KeyCode::Space) {
        wishes.push(Action::PlayOrPause);
    }
}

/// The keys of every mode.
const KEYS: [(KeyCode, Action); 29] = [
    (KeyCode::Pause, Action::PlayOrPause),
    (KeyCode::Period, Action::Tick { forward: true }),
    (KeyCode::Comma, Action::Tick { forward: false }),
    (KeyCode::Equal, Action::Speed { faster: true }),
    (KeyCode::NumpadAdd, Action::Speed { faster: true }),
    (KeyCode::Minus, Action::Speed { faster: false }),
    (KeyCode::NumpadSubtract, Action::Speed { faster: false }),
    (KeyCode::KeyN, Action::Event { forward: true }),
    (KeyCode::KeyP, Action::Event { forward: false }),
    (KeyCode::Home, Action::Seek(0)),
    (KeyCode::End, Action::Newest),
    (KeyCode::F1, Action::Help),
    (KeyCode::F2, Action::Language),
    (KeyCode::F3, Action::TakeOver),
    (KeyCode::F5, Action::Save),
    (KeyCode::F6, Action::View(0)),
    (KeyCode::F7, Action::View(1)),
    (KeyCode::F8, Action::View(2)),
    (KeyCode::F9, Action::View(3)),
    (KeyCode::F10, Action::View(4)),
    (KeyCode::Digit1, Action::Trouble(Trouble::CutA)),
    (KeyCode::Digit2, Action::Trouble(Trouble::CutB)),
    (KeyCode::Digit3, Action::Trouble(Trouble::CutBoth)),
    (KeyCode::KeyD, Action::Trouble(Trouble::Delay)),
    (KeyCode::KeyL, Action::Trouble(Trouble::Loss)),
    (KeyCode::KeyU, Action::Trouble(Trouble::Duplicates)),
    (KeyCode::KeyR, Action::Trouble(Trouble::Replay)),
    (KeyCode::KeyT, Action::Trouble(Trouble::RouteStep)),
    (KeyCode::Numpad3, Action::Trouble(Trouble::CutBoth)),
];

/// The keys of a person at the console.
const LIVE_KEYS: [(KeyCode, Action); 5] = [
    (KeyCode::Tab, Action::SwapArm),
    (KeyCode::KeyH, Action::OtherHand),
    (KeyCode::KeyG, Action::Scale),
    (KeyCode::Escape, Action::Stop),
    (KeyCode::KeyX, Action::Stop),
];

fn fulfil(
    mut wishes: ResMut<Wishes>,
    mut session: NonSendMut<Session>,
    mut screen: ResMut<Screen>,
    mut hands: ResMut<PersonHands>,
    mut preset: ResMut<CameraPreset>,
) {
    for wish in core::mem::take(&mut wishes.0) {
        match wish {
            Action::PlayOrPause => {
                if session.is_over() && !session.case.is_live() {
                    session.seek(0);
                }
                session.pace.is_playing = !session.pace.is_playing;
                session.pace.forget();
            }
            Action::Tick { forward } => session.step_by_hand(forward),
            Action::Speed { faster } => session.pace.step_speed(faster),
            Action::Event { forward } => session.seek_event(forward),
            Action::Seek(at_ns) => session.seek(at_ns),
            Action::Newest => {
                let reached_ns = session.reached_ns();
                session.seek(reached_ns);
            }
            Action::Trouble(trouble) => session.trouble(trouble),
            Action::View(view) => {
                screen.view = view;
                // Written even if it is the same: a camera that was turned away comes back.
                *preset = PRESETS[view.min(PRESETS.len() - 1)];
            }
            Action::Language => screen.language = screen.language.other(),
            Action::Help => screen.is_help_open = !screen.is_help_open,
            Action::TakeOver => match Session::new(session.case.taken_over(), 1.0) {
                Ok(new) => {
                    *hands = PersonHands::new(&new.case.operation);
                    *session = new;
                    screen.view = HANDS_ON_VIEW;
                    *preset = PRESETS[HANDS_ON_VIEW];
                }
                Err(error) => screen.message = Some((error.to_string(), MESSAGE_FRAMES)),
            },
            Action::Save => screen.message = Some((save(&session, &screen), MESSAGE_FRAMES)),
            Action::Clutch(pressed) => hands.press_clutch(pressed),
            Action::CameraPedal(pressed) => hands.press_camera(pressed),
            Action::ClutchButton(pressed) => {
                screen.holds_clutch = pressed;
                hands.press_clutch(pressed);
            }
            Action::CameraButton(pressed) => {
                screen.holds_camera = pressed;
                hands.press_camera(pressed);
            }
            Action::SwapArm => hands.swap_arm(),
            Action::OtherHand => hands.select_other(),
            Action::Scale => hands.change_scale(),
            Action::Jaw(by_rad) => hands.open_held(by_rad),
            Action::Stop => hands.stop(),
        }
    }
}

/// The camera of the surgeon's picture.
type InPicture = (With<EndoscopeCamera>, Without<MainCamera>);

/// A camera's picture on the window: where the camera stands, how wide it looks, and where its picture is, in logical
/// pixels.
struct Eye {
    place: GlobalTransform,
    /// From bottom to top of the picture, rad.
    height_rad: f32,
    picture: Rect,
}

impl Eye {
    fn of(place: &GlobalTransform, projection: &Projection, picture: Rect) -> Self {
        let height_rad = match projection {
            Projection::Perspective(perspective) => perspective.fov,
            _ => core::f32::consts::FRAC_PI_4,
        };
        Self {
            place: *place,
            height_rad,
            picture,
        }
    }

    /// Height of the picture at a distance of one, as a multiple of that distance.
    fn height(&self) -> f32 {
        2.0 * (self.height_rad / 2.0).tan()
    }

    /// Metres that a pixel of the window stands for at the distance of a point in Bevy's frame.
    fn metres_a_pixel(&self, at: Vec3) -> f64 {
        let distance = (at - self.place.translation())
            .dot(*self.place.forward())
            .max(0.02);
        f64::from(distance * self.height() / self.picture.height().max(1.0))
    }

    /// Where on the window a point in Bevy's frame is seen, if it is ahead.
    fn pixel_of(&self, at: Vec3) -> Option<Vec2> {
        let seen = self.place.affine().inverse().transform_point3(at);
        let scale = self.picture.height() / self.height();
        (seen.z < -1e-3)
            .then(|| self.picture.center() + Vec2::new(seen.x, -seen.y) * (scale / -seen.z))
    }

    /// A motion right, up and towards the picture's depth, m, in the table's frame.
    fn in_table(&self, right_m: f64, up_m: f64, into_m: f64) -> Vector3<f64> {
        table_of(*self.place.right()) * right_m
            + table_of(*self.place.up()) * up_m
            + table_of(*self.place.forward()) * into_m
    }
}

/// Bevy's y points up, the table's z.
fn table_of(v: Vec3) -> Vector3<f64> {
    Vector3::new(f64::from(v.x), -f64::from(v.z), f64::from(v.y))
}

fn bevy_of(v: &Vector3<f64>) -> Vec3 {
    Vec3::new(v.x as f32, v.z as f32, -v.y as f32)
}

#[expect(
    clippy::too_many_arguments,
    reason = "a system names all that it reads"
)]
fn move_hands(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    mut wheel: MessageReader<MouseWheel>,
    windows: Query<&Window, With<PrimaryWindow>>,
    mut room: Query<(&GlobalTransform, &Projection, &mut PanOrbitCamera), With<MainCamera>>,
    endoscope: Query<(&GlobalTransform, &Projection), InPicture>,
    time: Res<Time<Real>>,
    scene: Res<SceneState>,
    session: NonSend<Session>,
    mut hands: ResMut<PersonHands>,
    mut drag: ResMut<Drag>,
) {
    let (Some(keys), Some(buttons), Ok(window)) = (keys, buttons, windows.single()) else {
        return;
    };
    let Some((place, projection, mut orbit)) = room.iter_mut().next() else {
        return;
    };
    let in_room = Eye::of(place, projection, on_window(window, Surface::Room));
    let in_picture = endoscope
        .iter()
        .next()
        .map(|(place, projection)| Eye::of(place, projection, on_window(window, Surface::Picture)));
    let cursor = window.cursor_position();
    let is_live = session.case.is_live();
    let over = |surface: Surface| cursor.is_some_and(|at| on_window(window, surface).contains(at));

    if buttons.just_pressed(MouseButton::Left) && is_live {
        drag.on = match (over(Surface::Room), over(Surface::Picture), &in_picture) {
            (true, _, _) => Some(Surface::Room),
            (_, true, Some(_)) => Some(Surface::Picture),
            _ => None,
        };
        let (eye, seen) = match (drag.on, &in_picture) {
            (Some(Surface::Picture), Some(eye)) => (eye, &scene.pictured),
            _ => (&in_room, &scene.now),
        };
        if let Some((at, _)) = cursor.zip(drag.on)
            && let Some(arm) = nearest_arm(eye, at, seen, &hands)
        {
            hands.select_arm(arm);
        }
    }
    if !buttons.pressed(MouseButton::Left) {
        *drag = Drag::default();
    }
    orbit.button_orbit = MouseButton::Right;
    orbit.button_pan = MouseButton::Middle;
    let is_turning = buttons.pressed(MouseButton::Right) || buttons.pressed(MouseButton::Middle);
    orbit.enabled = (over(Surface::Room) || is_turning) && drag.on.is_none();

    let notches: f64 = wheel.read().map(|notch| f64::from(notch.y)).sum();
    let held = hands.held_arm().and_then(|arm| scene.now.arms.get(arm));
    let Some(tip) = held
        .map(|arm| bevy_of(&arm.tip.translation.vector))
        .filter(|_| is_live)
    else {
        return;
    };
    let eye = match (drag.on, in_picture) {
        (Some(Surface::Picture), Some(eye)) => eye,
        _ => in_room,
    };
    if drag.on.is_some() {
        if let Some((at, last)) = cursor.zip(drag.last) {
            let scale = eye.metres_a_pixel(tip).min(MOST_M_A_PIXEL);
            let (right, down) = (f64::from(at.x - last.x), f64::from(at.y - last.y));
            hands.move_held(&eye.in_table(right * scale, -down * scale, notches * WHEEL_M));
        }
        drag.last = cursor;
    }
    let axis = |plus: KeyCode, minus: KeyCode| {
        f64::from(i8::from(keys.pressed(plus)) - i8::from(keys.pressed(minus)))
    };
    let right = axis(KeyCode::ArrowRight, KeyCode::ArrowLeft);
    let up = axis(KeyCode::ArrowUp, KeyCode::ArrowDown);
    let into = axis(KeyCode::PageUp, KeyCode::PageDown);
    if right != 0.0 || up != 0.0 || into != 0.0 {
        let dt_s = time.delta_secs_f64().min(0.25);
        if keys.pressed(KeyCode::ShiftLeft) || keys.pressed(KeyCode::ShiftRight) {
            let by = KEY_TURN_RAD_S * dt_s;
            hands.turn_held(&eye.in_table(-up * by, right * by, -into * by));
        } else {
            let by = KEY_SPEED_M_S * dt_s;
            hands.move_held(&eye.in_table(right * by, up * by, into * by));
        }
    }
}

/// Where a surface is on the window, in logical pixels; the row of the camera's buttons is not the room.
fn on_window(window: &Window, surface: Surface) -> Rect {
    let scale = pixels_per_point(window.physical_height() as f32) / window.scale_factor();
    let layout = Layout::of(bevy_egui::egui::vec2(
        window.width() / scale,
        window.height() / scale,
    ));
    let mut rect = match surface {
        Surface::Room => layout.room,
        Surface::Picture => layout.picture(),
    };
    if surface == Surface::Room {
        rect.max.y -= 30.0;
    }
    Rect::new(
        rect.min.x * scale,
        rect.min.y * scale,
        rect.max.x * scale,
        rect.max.y * scale,
    )
}

/// The held arm whose tip is nearest to the cursor.
fn nearest_arm(eye: &Eye, at: Vec2, seen: &SceneFrame, hands: &PersonHands) -> Option<usize> {
    let distance = |arm: usize| {
        let tip = seen.arms.get(arm)?.tip.translation.vector;
        Some((arm, eye.pixel_of(bevy_of(&tip))?.distance(at)))
    };
    let held = hands.held().into_iter().flatten();
    held.filter_map(distance)
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(arm, _)| arm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_s_frame_and_bevy_s_are_one_turn_apart() {
        let v = Vector3::new(0.1, -0.2, 0.3);
        assert!((table_of(bevy_of(&v)) - v).norm() < 1e-6);
        // A turn keeps the hand of the axes.
        let (x, y, z) = (table_of(Vec3::X), table_of(Vec3::Y), table_of(Vec3::Z));
        assert!((x.cross(&y) - z).norm() < 1e-12);
    }

    #[test]
    fn no_key_means_two_things() {
        let mut keys: Vec<KeyCode> = KEYS.iter().chain(&LIVE_KEYS).map(|(key, _)| *key).collect();
        keys.extend([KeyCode::Space, KeyCode::KeyC, KeyCode::KeyQ, KeyCode::KeyE]);
        let count = keys.len();
        keys.sort_unstable_by_key(|key| format!("{key:?}"));
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn a_drag_of_so_many_pixels_moves_a_tip_by_so_many_pixels() {
        let eye = Eye {
            place: GlobalTransform::from(
                Transform::from_xyz(0.3, 0.8, 0.9).looking_at(Vec3::ZERO, Vec3::Y),
            ),
            height_rad: 0.7,
            picture: Rect::new(262.0, 36.0, 958.0, 486.0),
        };
        let tip = Vector3::new(0.02, -0.01, 0.05);
        let scale = eye.metres_a_pixel(bevy_of(&tip));
        let moved = tip + eye.in_table(40.0 * scale, 25.0 * scale, 0.0);
        let before = eye.pixel_of(bevy_of(&tip)).expect("it is seen");
        let after = eye.pixel_of(bevy_of(&moved)).expect("it is seen");
        assert!(
            (after - before - Vec2::new(40.0, -25.0)).length() < 0.1,
            "{}",
            after - before
        );
        assert_eq!(
            eye.pixel_of(Vec3::new(0.6, 1.6, 1.8)),
            None,
            "what is behind is not seen"
        );
    }
}
