//! The operation in 3D.

use bevy::prelude::*;
use bevy_egui::EguiPlugin;
use bevy_panorbit_camera::PanOrbitCameraPlugin;

fn main() {
    App::new()
        .add_plugins((DefaultPlugins, EguiPlugin::default(), PanOrbitCameraPlugin))
        .run();
}
