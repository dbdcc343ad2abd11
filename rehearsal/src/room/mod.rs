//! The operation as it looks: the room now, the endoscope's picture, and the ghosts of where the hands want the arms.
//!
//! [`RoomPlugin`] draws what [`SceneSetup`] and [`SceneState`] say. Other parts of the program steer it with
//! resources: [`CameraPreset`], [`Quality`], [`MainTarget`]; they show [`EndoscopeView`].
//!
//! There are two worlds in two render layers: the room with the arms now, and the inside of the patient with
//! the arms as the surgeon's picture shows them. Lights, ghosts, rings and threads exist in both.

pub mod arm;
mod cameras;
mod endoscope;
pub mod eye;
mod markers;
mod noise;
mod paint;
pub mod patient;
mod plain;
pub mod shape;
pub mod theatre;
pub mod tissue;

use bevy::camera::visibility::RenderLayers;
use bevy::ecs::system::SystemParam;
use bevy::light::{NotShadowCaster, NotShadowReceiver};
use bevy::prelude::*;
use nalgebra::Vector3;
use robot_model::{ArmKind, Pose};

use crate::scene::{SceneFrame, SceneSetup, SceneState};
use arm::{Anchor, Stuff, quat};
pub use cameras::MainCamera;
pub use endoscope::EndoscopeCamera;
pub use markers::{VISIBLE_M, differs, is_elsewhere};
use paint::{Coat, Paints};
pub use paint::{DELAY, GHOST, TIP};
use plain::{Lit, Plain};
use shape::{Detail, Shape};
use theatre::Fabric;
use tissue::SoftTissue;

/// Draws the operation. Insert [`SceneSetup`] before the app starts; [`SceneState`] may change at any time before
/// [`RoomSystems`] of `PostUpdate`.
pub struct RoomPlugin;

/// The systems that put what is drawn where the scene's state says; in `PostUpdate`, before transforms spread.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomSystems;

/// The picture of the endoscope as the surgeon sees it: a texture of 16:9 that a panel can show.
#[derive(Resource, Clone, Debug)]
pub struct EndoscopeView(pub Handle<Image>);

/// Where the main camera stands; a change moves it there smoothly.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CameraPreset {
    /// All of the theatre.
    #[default]
    Overview,
    /// Where a surgeon at the table would stand.
    SurgeonSide,
    /// The ports and what happens beneath.
    Patient,
    /// The robot.
    Cart,
    /// From above.
    Top,
}

impl CameraPreset {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Overview,
        Self::SurgeonSide,
        Self::Patient,
        Self::Cart,
        Self::Top,
    ];
}

/// How much work a picture may be.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// For a graphics processor.
    #[default]
    High,
    /// For a software driver: one light without shadows, no smoothing of edges, fewer triangles, and the
    /// endoscope's picture in every second frame.
    Reduced,
}

impl Quality {
    fn detail(self) -> Detail {
        match self {
            Self::High => Detail::HIGH,
            Self::Reduced => Detail::REDUCED,
        }
    }
}

/// Where the main camera draws: into this texture, or into the window.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct MainTarget(pub Option<Handle<Image>>);

/// Which of the scene's frames something is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneSet {
    /// The robot now.
    Now,
    /// The robot as the surgeon's picture shows it.
    Pictured,
    /// Where the hands want it.
    Commanded,
}

impl SceneSet {
    /// That frame.
    pub fn frame(self, state: &SceneState) -> &SceneFrame {
        match self {
            Self::Now => &state.now,
            Self::Pictured => &state.pictured,
            Self::Commanded => &state.commanded,
        }
    }
}

/// The frame of the operating table: z up, while the renderer's y is up.
#[derive(Component)]
pub(crate) struct TableFrame;

/// A part of an arm.
#[derive(Component)]
struct Part {
    set: SceneSet,
    arm: usize,
    anchor: Anchor,
    base: Pose,
    /// For a ghost: whom it is the ghost of.
    ghost_of: Option<SceneSet>,
}

pub(crate) fn room_layer() -> RenderLayers {
    RenderLayers::layer(0)
}

pub(crate) fn scope_layer() -> RenderLayers {
    RenderLayers::layer(1)
}

pub(crate) fn arrival_layer() -> RenderLayers {
    RenderLayers::layer(2)
}

impl Plugin for RoomPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<SceneState>()
            .init_resource::<CameraPreset>()
            .init_resource::<Quality>()
            .init_resource::<MainTarget>();
        plain::build(app);
        endoscope::build(app);
        cameras::build(app);
        app.add_systems(
            Startup,
            build_room
                .run_if(resource_exists::<SceneSetup>)
                .in_set(RoomSystems),
        )
        .add_systems(
            PostUpdate,
            (
                place_parts,
                tissue::dent_tissue,
                endoscope::place_eye,
                (markers::place_rings, markers::place_threads),
            )
                .chain()
                .in_set(RoomSystems)
                .before(TransformSystems::Propagate),
        );
    }
}

/// Where the theatre's main light comes from, m, in the table's frame.
pub(crate) const SUN_M: Vec3 = Vec3::new(0.5, -0.75, 1.9);

/// From the table's frame to the renderer's.
pub fn table_to_world() -> Transform {
    Transform::from_rotation(Quat::from_rotation_x(-core::f32::consts::FRAC_PI_2))
}

/// A point or direction of the table's frame in single precision.
pub fn table_m(at: &Vector3<f64>) -> Vec3 {
    Vec3::new(at.x as f32, at.y as f32, at.z as f32)
}

/// What is made for the renderer.
#[derive(SystemParam)]
struct Stock<'w> {
    meshes: ResMut<'w, Assets<Mesh>>,
    materials: ResMut<'w, Assets<StandardMaterial>>,
    plains: ResMut<'w, Assets<Plain>>,
    images: ResMut<'w, Assets<Image>>,
}

fn build_room(
    mut commands: Commands,
    setup: Res<SceneSetup>,
    quality: Res<Quality>,
    mut stock: Stock,
    view: Res<EndoscopeView>,
) {
    let Stock {
        meshes,
        materials,
        plains,
        images,
    } = &mut stock;
    let (paints, inside) = Paints::both(*quality, materials, plains, images);
    let root = commands
        .spawn((TableFrame, table_to_world(), Visibility::default()))
        .id();
    let mut builder = Builder {
        commands: &mut commands,
        meshes,
        paints: &paints,
        inside: &inside,
        root,
        quality: *quality,
    };
    builder.theatre(&setup);
    let screen = StandardMaterial {
        base_color_texture: Some(view.0.clone()),
        unlit: true,
        ..default()
    };
    let screen = match *quality {
        Quality::High => Coat::Rich(materials.add(screen)),
        Quality::Reduced => Coat::Plain(plains.add(Plain::like(&screen, Lit::Theatre))),
    };
    builder.screen(&setup, &screen);
    builder.patient(&setup);
    for index in 0..setup.operation.arms.len() {
        builder.arm(&setup, index);
    }
}

/// Puts things into the table's frame.
struct Builder<'a, 'w, 's> {
    commands: &'a mut Commands<'w, 's>,
    meshes: &'a mut Assets<Mesh>,
    paints: &'a Paints,
    /// The same materials in the endoscope's light.
    inside: &'a Paints,
    root: Entity,
    quality: Quality,
}

impl Builder<'_, '_, '_> {
    fn put(&mut self, shape: &Shape, coat: &Coat, layer: RenderLayers) -> EntityCommands<'_> {
        let mut mesh = shape.mesh();
        if self.is_bumpy(coat) {
            // Without tangents the bumps are left out, no more.
            let _ = mesh.generate_tangents();
        }
        let mesh = self.meshes.add(mesh);
        let mut entity = self
            .commands
            .spawn((Mesh3d(mesh), layer, ChildOf(self.root)));
        coat.onto(&mut entity);
        entity
    }

    fn is_bumpy(&self, coat: &Coat) -> bool {
        let paints = self.paints;
        let bumpy = [&paints.cavity, &paints.organ, &paints.bowel];
        self.quality == Quality::High && bumpy.contains(&coat)
    }

    fn theatre(&mut self, setup: &SceneSetup) {
        let detail = self.quality.detail();
        let operation = &setup.operation;
        let floor = theatre::floor_m(operation);
        let mut pieces = theatre::walls(floor);
        let ends = patient::Body::of(operation).map_or((-1.2, 0.7), |body| body.ends_y_m);
        if operation.patient.present {
            pieces.extend(theatre::table(floor, ends, detail));
        }
        pieces.extend(theatre::lamps(floor, detail));
        pieces.extend(theatre::tower(floor, detail));
        pieces.extend(theatre::cart(operation, detail));
        for piece in pieces {
            let paint = fabric(self.paints, piece.stuff);
            let lit = piece.stuff == Fabric::Lamp;
            let mut entity = self.put(&piece.shape, paint, room_layer());
            if lit || matches!(piece.stuff, Fabric::Wall | Fabric::Floor) {
                entity.insert(NotShadowCaster);
            }
        }
    }

    fn screen(&mut self, setup: &SceneSetup, coat: &Coat) {
        let (face, size) = theatre::screen(theatre::floor_m(&setup.operation));
        let mesh = self.meshes.add(Rectangle::from_size(size));
        let place = (face, room_layer(), NotShadowCaster, ChildOf(self.root));
        let mut entity = self.commands.spawn((Mesh3d(mesh), place));
        coat.onto(&mut entity);
    }

    fn patient(&mut self, setup: &SceneSetup) {
        let Some(body) = patient::Body::of(&setup.operation) else {
            return;
        };
        let detail = self.quality.detail();
        let paints = self.paints.clone();
        self.put(&body.drape(detail), &paints.drape, room_layer());
        self.put(&body.hem(detail), &paints.hem, room_layer());
        self.put(&body.skin(detail), &paints.skin, room_layer())
            .insert((NotShadowCaster, NotShadowReceiver));
        let organs: Vec<_> = setup
            .operation
            .patient
            .tissue
            .iter()
            .map(|lump| lump.rod())
            .collect();
        let cavity = body.cavity(detail);
        let bowel = body.bowel(&organs, detail);
        let inside = self.inside.clone();
        for (layer, set, paints) in [
            (room_layer(), SceneSet::Now, &paints),
            (scope_layer(), SceneSet::Pictured, &inside),
        ] {
            self.put(&cavity, &paints.cavity, layer.clone())
                .insert(NotShadowCaster);
            self.put(&bowel, &paints.bowel, layer.clone());
            for rod in &organs {
                let (tissue, shape) = SoftTissue::new(set, *rod, detail);
                self.put(&shape, &paints.organ, layer.clone())
                    .insert(tissue);
            }
        }
    }

    fn arm(&mut self, setup: &SceneSetup, index: usize) {
        let operation = &setup.operation;
        let (Some(body), Some(look)) = (operation.bodies.get(index), operation.looks.get(index))
        else {
            return;
        };
        let is_endoscope = body.arm.kind == ArmKind::Endoscope;
        let (paints, inside) = (self.paints.clone(), self.inside.clone());
        for part in arm::parts(body, look, self.quality.detail()) {
            let place = |set, ghost_of| Part {
                set,
                arm: index,
                anchor: part.anchor,
                base: body.arm.base,
                ghost_of,
            };
            self.put(&part.shape, stuff(&paints, part.stuff), room_layer())
                .insert(place(SceneSet::Now, None));
            if !part.distal {
                continue;
            }
            // A trocar stays where it is, and an endoscope does not see itself.
            let moves = part.anchor != Anchor::Link(1);
            if !is_endoscope {
                self.put(&part.shape, stuff(&inside, part.stuff), scope_layer())
                    .insert(place(SceneSet::Pictured, None));
            }
            if moves {
                self.put(&part.shape, &paints.ghost, room_layer()).insert((
                    place(SceneSet::Commanded, Some(SceneSet::Now)),
                    NotShadowCaster,
                    NotShadowReceiver,
                ));
                if !is_endoscope {
                    self.put(&part.shape, &inside.ghost, scope_layer()).insert((
                        place(SceneSet::Commanded, Some(SceneSet::Pictured)),
                        NotShadowCaster,
                    ));
                }
            }
        }
        if is_endoscope {
            return;
        }
        let thread = Shape::rounded_cylinder(
            1.0,
            0.0,
            1.0,
            0.0,
            Detail {
                sides: 6,
                corner: 1,
            },
        );
        let ring = Shape::torus(1.0, 0.14, self.quality.detail());
        for (layer, actual) in [
            (room_layer(), SceneSet::Now),
            (scope_layer(), SceneSet::Pictured),
        ] {
            self.put(&thread, &paints.thread, layer.clone())
                .insert((markers::Thread { actual, arm: index }, NotShadowCaster));
            for (set, ghost_of, paint) in [
                (actual, None, &paints.ring),
                (SceneSet::Commanded, Some(actual), &paints.ghost_ring),
            ] {
                self.put(&ring, paint, layer.clone()).insert((
                    markers::Ring {
                        set,
                        arm: index,
                        ghost_of,
                    },
                    NotShadowCaster,
                ));
            }
        }
    }
}

/// Puts every part where its frame says; of ghosts only what is elsewhere than the arm: two surfaces in one place flicker.
fn place_parts(state: Res<SceneState>, mut parts: Query<(&Part, &mut Transform, &mut Visibility)>) {
    for (part, mut transform, mut visibility) in &mut parts {
        let Some(arm) = part.set.frame(&state).arms.get(part.arm) else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        let pose = part.anchor.pose(&part.base, arm);
        let actual = part
            .ghost_of
            .map(|set| set.frame(&state).arms.get(part.arm));
        let shown = match actual {
            None => true,
            Some(actual) => actual.is_some_and(|actual| {
                differs(arm, actual) && is_elsewhere(&pose, &part.anchor.pose(&part.base, actual))
            }),
        };
        visibility.set_if_neq(if shown {
            Visibility::Inherited
        } else {
            Visibility::Hidden
        });
        if shown {
            transform.set_if_neq(Transform {
                translation: table_m(&pose.translation.vector),
                rotation: quat(&pose.rotation),
                scale: Vec3::ONE,
            });
        }
    }
}

fn fabric(paints: &Paints, fabric: Fabric) -> &Coat {
    match fabric {
        Fabric::Floor => &paints.floor,
        Fabric::Wall => &paints.wall,
        Fabric::White => &paints.white,
        Fabric::Grey => &paints.grey,
        Fabric::Black => &paints.black,
        Fabric::Accent => &paints.accent,
        Fabric::Steel => &paints.steel,
        Fabric::Lamp => &paints.lamp,
    }
}

fn stuff(paints: &Paints, stuff: Stuff) -> &Coat {
    match stuff {
        Stuff::White => &paints.white,
        Stuff::Grey => &paints.grey,
        Stuff::Black => &paints.black,
        Stuff::Accent => &paints.accent,
        Stuff::Steel => &paints.steel,
        Stuff::Shaft => &paints.shaft,
        Stuff::Lamp => &paints.lamp,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use robot_model::MAX_JOINTS;
    use sim::Operation;

    use super::*;
    use crate::scene::ArmFrame;

    /// The operation of a scenario of the repository.
    pub(crate) fn operation(scenario: &str) -> Operation {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
        };
        let text = read(scenario).expect("the scenario is there");
        Operation::from_ron(&text, &mut |name| read(name)).expect("the scenario is sound")
    }

    /// The same operation with another robot's arms.
    pub(crate) fn with_robot(robot: &str, arms: &str) -> Operation {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
        };
        let text = read("casablanca_shanghai.ron").expect("the scenario is there");
        let (before, rest) = text.split_once("    arms: [").expect("it has arms");
        let (_, after) = rest.split_once("\n    ],").expect("they end");
        let text = format!("{before}    arms: [{arms}],{after}").replace("toumai.ron", robot);
        Operation::from_ron(&text, &mut |name| read(name)).expect("the scenario is sound")
    }

    /// All arms where they start.
    pub(crate) fn at_home(operation: &Operation) -> SceneFrame {
        let arms = operation.arms.iter().map(|arm| {
            let mut links = [Pose::identity(); MAX_JOINTS];
            for (link, frame) in links.iter_mut().zip(&arm.link_frames(&arm.home)) {
                *link = arm.base * frame.pose();
            }
            ArmFrame {
                kind: arm.kind,
                joints: arm.home,
                links,
                tip: arm.base * arm.tip_pose(&arm.home),
                jaw_rad: arm.home[6],
                press_m: 0.0,
                tip_force_n: 0.0,
                clearance_m: 0.0,
            }
        });
        SceneFrame {
            at_ns: 0,
            arms: arms.collect(),
        }
    }

    #[test]
    fn the_tables_z_is_up_in_the_renderer_and_nothing_is_mirrored() {
        let world = table_to_world();
        assert!(world.transform_point(Vec3::Z).distance(Vec3::Y) < 1e-6);
        let (x, y, z) = (
            world.rotation * Vec3::X,
            world.rotation * Vec3::Y,
            world.rotation * Vec3::Z,
        );
        assert!(x.cross(y).distance(z) < 1e-6);
    }
}
