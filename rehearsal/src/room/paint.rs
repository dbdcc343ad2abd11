//! What things are made of: materials, and the few pictures that they need, computed at the start.
//!
//! Colours that carry a meaning (ghost, tip, delay) are Okabe and Ito's, which colour-blind people tell apart.

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, Face, TextureDimension, TextureFormat};

use super::Quality;
use super::noise::{layered, noise};
use super::plain::{Lit, Plain};

/// Okabe and Ito's sky blue: where the hands want an arm.
pub const GHOST: Srgba = Srgba::rgb(0.337, 0.706, 0.914);
/// Okabe and Ito's orange: the way between ghost and arm.
pub const DELAY: Srgba = Srgba::rgb(0.902, 0.624, 0.0);
/// Okabe and Ito's yellow: where a tip is.
pub const TIP: Srgba = Srgba::rgb(0.941, 0.894, 0.259);

/// A material: physical, or one that a software driver can shade in time.
#[derive(Clone, Debug, PartialEq)]
pub enum Coat {
    /// Physical.
    Rich(Handle<StandardMaterial>),
    /// Cheap.
    Plain(Handle<Plain>),
}

impl Coat {
    /// Puts it on an entity.
    pub fn onto(&self, entity: &mut EntityCommands<'_>) {
        match self {
            Self::Rich(material) => entity.insert(MeshMaterial3d(material.clone())),
            Self::Plain(material) => entity.insert(MeshMaterial3d(material.clone())),
        };
    }
}

/// The materials of the scene, shared by everything that is made of them.
#[derive(Resource, Clone)]
pub struct Paints {
    /// Housings of the arms.
    pub white: Coat,
    /// Seams, buttons, joints.
    pub grey: Coat,
    /// Rubber and glass-black covers.
    pub black: Coat,
    /// The robot's one colour.
    pub accent: Coat,
    /// Brushed steel: wrists, jaws, trocars.
    pub steel: Coat,
    /// The coating of an instrument's shaft.
    pub shaft: Coat,
    /// Sterile cloth.
    pub drape: Coat,
    /// The adhesive edge of the opening in the drape.
    pub hem: Coat,
    /// Skin; the colours of its corners say where it is clear.
    pub skin: Coat,
    /// The inside of the abdomen.
    pub cavity: Coat,
    /// The organ; the colours of its corners say where it is pressed.
    pub organ: Coat,
    /// Loops of bowel and fat about it.
    pub bowel: Coat,
    /// Theatre floor.
    pub floor: Coat,
    /// Theatre walls.
    pub wall: Coat,
    /// The lit glass of a lamp.
    pub lamp: Coat,
    /// The ghost of an arm.
    pub ghost: Coat,
    /// The thread between a ghost's tip and the tip.
    pub thread: Coat,
    /// The ring about a tip.
    pub ring: Coat,
    /// The ring about a ghost's tip.
    pub ghost_ring: Coat,
}

impl Paints {
    /// Makes them all, as they look in the theatre and as they look in the endoscope's light.
    pub fn both(
        quality: Quality,
        materials: &mut Assets<StandardMaterial>,
        plains: &mut Assets<Plain>,
        images: &mut Assets<Image>,
    ) -> (Self, Self) {
        let pictures = Pictures::new(quality, images);
        let mut marker = |color: Srgba| Coat::Plain(plains.add(Plain::marker(color)));
        let markers = Markers {
            thread: marker(DELAY),
            ring: marker(TIP),
            ghost_ring: marker(GHOST.with_alpha(0.85)),
        };
        if quality == Quality::High {
            let paints = Self::new(true, &pictures, &markers, |material| {
                Coat::Rich(materials.add(material))
            });
            return (paints.clone(), paints);
        }
        let mut of = |lit| {
            Self::new(false, &pictures, &markers, |material| {
                Coat::Plain(plains.add(Plain::like(&material, lit)))
            })
        };
        (of(Lit::Theatre), of(Lit::Endoscope))
    }

    fn new(
        fine: bool,
        pictures: &Pictures,
        markers: &Markers,
        mut add: impl FnMut(StandardMaterial) -> Coat,
    ) -> Self {
        let solid = |color: Srgba, roughness: f32, metallic: f32| StandardMaterial {
            base_color: color.into(),
            perceptual_roughness: roughness,
            metallic,
            ..default()
        };
        let glow = |color: Srgba, alpha: f32| StandardMaterial {
            base_color: color.with_alpha(alpha).into(),
            unlit: true,
            alpha_mode: if alpha < 1.0 {
                AlphaMode::Blend
            } else {
                AlphaMode::Opaque
            },
            fog_enabled: false,
            ..default()
        };
        // A wet surface mirrors the lamp whatever is beneath.
        let moist = |base: StandardMaterial| StandardMaterial {
            reflectance: 0.6,
            clearcoat: if fine { 0.7 } else { 0.0 },
            clearcoat_perceptual_roughness: 0.15,
            ..base
        };
        let Pictures {
            tissue,
            bumps,
            tiles,
        } = pictures.clone();
        Self {
            white: add(solid(Srgba::rgb(0.90, 0.91, 0.92), 0.32, 0.0)),
            grey: add(solid(Srgba::rgb(0.42, 0.45, 0.49), 0.45, 0.1)),
            black: add(solid(Srgba::rgb(0.06, 0.065, 0.075), 0.35, 0.0)),
            accent: add(solid(Srgba::rgb(0.05, 0.36, 0.62), 0.35, 0.0)),
            steel: add(solid(
                Srgba::rgb(0.86, 0.87, 0.89),
                if fine { 0.28 } else { 0.45 },
                if fine { 0.8 } else { 0.55 },
            )),
            shaft: add(solid(Srgba::rgb(0.10, 0.105, 0.115), 0.38, 0.0)),
            drape: add(StandardMaterial {
                double_sided: true,
                cull_mode: None,
                reflectance: 0.25,
                ..solid(Srgba::rgb(0.18, 0.50, 0.55), 0.92, 0.0)
            }),
            hem: add(solid(Srgba::rgb(0.80, 0.88, 0.90), 0.6, 0.0)),
            skin: add(StandardMaterial {
                alpha_mode: AlphaMode::Blend,
                cull_mode: Some(Face::Back),
                ..solid(Srgba::WHITE, 0.5, 0.0)
            }),
            cavity: add(moist(StandardMaterial {
                base_color_texture: Some(tissue.clone()),
                normal_map_texture: bumps.clone(),
                ..solid(Srgba::rgb(0.88, 0.58, 0.52), 0.5, 0.0)
            })),
            organ: add(moist(StandardMaterial {
                base_color_texture: Some(tissue.clone()),
                normal_map_texture: bumps.clone(),
                ..solid(Srgba::WHITE, 0.34, 0.0)
            })),
            bowel: add(moist(StandardMaterial {
                base_color_texture: Some(tissue),
                normal_map_texture: bumps,
                ..solid(Srgba::rgb(0.96, 0.74, 0.62), 0.4, 0.0)
            })),
            floor: add(StandardMaterial {
                base_color_texture: Some(tiles),
                ..solid(Srgba::WHITE, 0.35, 0.0)
            }),
            wall: add(solid(Srgba::rgb(0.72, 0.79, 0.80), 0.8, 0.0)),
            lamp: add(StandardMaterial {
                base_color: Color::srgb(1.0, 0.99, 0.95),
                emissive: LinearRgba::rgb(900.0, 880.0, 820.0),
                ..default()
            }),
            ghost: add(glow(GHOST, 0.42)),
            thread: markers.thread.clone(),
            ring: markers.ring.clone(),
            ghost_ring: markers.ghost_ring.clone(),
        }
    }
}

/// What nothing hides.
struct Markers {
    thread: Coat,
    ring: Coat,
    ghost_ring: Coat,
}

/// The pictures that materials are made with.
#[derive(Clone)]
struct Pictures {
    tissue: Handle<Image>,
    bumps: Option<Handle<Image>>,
    tiles: Handle<Image>,
}

impl Pictures {
    fn new(quality: Quality, images: &mut Assets<Image>) -> Self {
        let fine = quality == Quality::High;
        Self {
            tissue: images.add(tissue_picture(if fine { 512 } else { 256 })),
            bumps: fine.then(|| images.add(bump_picture(512, 14.0, 0.8, 3))),
            tiles: images.add(floor_picture(256)),
        }
    }
}

/// What shiny things mirror: a pale room, darker below, with two bright fields above.
pub fn surroundings(images: &mut Assets<Image>) -> Handle<Image> {
    const SIDE: usize = 32;
    let mut data = Vec::with_capacity(SIDE * SIDE * 6 * 4);
    for face in 0..6 {
        for row in 0..SIDE {
            for column in 0..SIDE {
                let across = (column as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
                let down = (row as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
                let ahead = match face {
                    0 => Vec3::new(1.0, -down, -across),
                    1 => Vec3::new(-1.0, -down, across),
                    2 => Vec3::new(across, 1.0, down),
                    3 => Vec3::new(across, -1.0, -down),
                    4 => Vec3::new(across, -down, 1.0),
                    _ => Vec3::new(-across, -down, -1.0),
                }
                .normalize();
                let base = 0.50 + 0.30 * ahead.y;
                let field = |towards: Vec3| {
                    ((ahead.dot(towards.normalize()) - 0.86) * 14.0).clamp(0.0, 1.0)
                };
                let lamp = field(Vec3::new(0.5, 0.8, 0.4)) + field(Vec3::new(-0.6, 0.7, -0.2));
                let bright = (base + 0.65 * lamp).clamp(0.05, 1.0);
                let tint = Vec3::new(0.97, 1.0, 1.02) * bright;
                for value in [tint.x, tint.y, tint.z, 1.0] {
                    data.push((value.clamp(0.0, 1.0) * 255.0) as u8);
                }
            }
        }
    }
    let mut image = Image::new(
        Extent3d {
            width: SIDE as u32,
            height: SIDE as u32,
            depth_or_array_layers: 6,
        },
        TextureDimension::D2,
        data,
        TextureFormat::Rgba8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.texture_view_descriptor = Some(bevy::render::render_resource::TextureViewDescriptor {
        dimension: Some(bevy::render::render_resource::TextureViewDimension::Cube),
        ..default()
    });
    images.add(image)
}

/// Red and pale blotches with fine vessels.
fn tissue_picture(side: u32) -> Image {
    let at = |x: u32, y: u32| torus_place(x, y, side);
    picture(side, TextureFormat::Rgba8UnormSrgb, |x, y| {
        let place = at(x, y);
        let blotch = layered(place * 3.0, 4);
        let vessel = 1.0
            - (noise(place * 4.0 + Vec3::splat(layered(place * 7.0, 2) * 0.8)).abs() * 16.0)
                .min(1.0);
        let thin = 1.0
            - (noise(place * 11.0 + Vec3::splat(layered(place * 15.0, 2))).abs() * 12.0).min(1.0);
        let pale = Vec3::new(0.86, 0.47, 0.42);
        let deep = Vec3::new(0.66, 0.21, 0.19);
        let tissue = pale.lerp(deep, (0.5 + blotch * 0.9).clamp(0.0, 1.0));
        let vein = Vec3::new(0.46, 0.08, 0.12);
        tissue.lerp(vein, (vessel * 0.55 + thin * 0.25).min(0.7))
    })
}

/// Slopes of a layered noise, as a normal map that repeats.
fn bump_picture(side: u32, bumps: f32, steepness: f32, layers: u32) -> Image {
    let height =
        |x: u32, y: u32| layered(torus_place(x % side, y % side, side) * bumps / 6.0, layers);
    picture(side, TextureFormat::Rgba8Unorm, |x, y| {
        let here = height(x, y);
        let slope = Vec2::new(height(x + 1, y) - here, height(x, y + 1) - here) * steepness * 4.0;
        let normal = Vec3::new(-slope.x, -slope.y, 1.0).normalize();
        normal * 0.5 + Vec3::splat(0.5)
    })
}

/// A seamless floor covering, speckled.
fn floor_picture(side: u32) -> Image {
    picture(side, TextureFormat::Rgba8UnormSrgb, |x, y| {
        let place = torus_place(x, y, side);
        let speckle = noise(place * 60.0);
        let cloud = layered(place * 2.0, 3);
        Vec3::new(0.56, 0.63, 0.64) * (1.0 + 0.05 * speckle + 0.06 * cloud)
    })
}

/// A place on a ring in space, so that the picture's edges meet.
fn torus_place(x: u32, y: u32, side: u32) -> Vec3 {
    let turn = |step: u32| core::f32::consts::TAU * step as f32 / side as f32;
    let (across, down) = (turn(x), turn(y));
    let radius = 1.0 + 0.45 * down.cos();
    Vec3::new(
        radius * across.cos(),
        radius * across.sin(),
        0.45 * down.sin(),
    ) * 2.0
}

fn picture(side: u32, format: TextureFormat, color: impl Fn(u32, u32) -> Vec3) -> Image {
    let mut data = Vec::with_capacity((side * side * 4) as usize);
    for y in 0..side {
        for x in 0..side {
            let color = color(x, y).clamp(Vec3::ZERO, Vec3::ONE) * 255.0;
            data.extend([color.x as u8, color.y as u8, color.z as u8, 255]);
        }
    }
    let size = Extent3d {
        width: side,
        height: side,
        depth_or_array_layers: 1,
    };
    let mut image = Image::new(
        size,
        TextureDimension::D2,
        data,
        format,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        ..ImageSamplerDescriptor::linear()
    });
    image
}
