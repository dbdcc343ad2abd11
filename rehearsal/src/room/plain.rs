//! The material of the reduced quality: what a software driver can shade in time. Markers have it in both.

use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, DepthBiasState, Face, RenderPipelineDescriptor, ShaderType,
    SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};

use super::theatre::LIT_M;
use super::{SUN_M, table_to_world};

const SHADER: Handle<Shader> = bevy::asset::uuid_handle!("0b8f0c0e-3f0f-4c5a-8a55-6a3f7f7d2e11");

/// Where a plain material is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lit {
    /// By the theatre's light.
    Theatre,
    /// By the endoscope's.
    Endoscope,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
struct PlainUniform {
    color: Vec4,
    glow: Vec4,
    gloss: Vec4,
    sun: Vec4,
}

/// A colour under one light, with one highlight.
#[derive(Asset, AsBindGroup, TypePath, Clone)]
#[bind_group_data(PlainKey)]
pub struct Plain {
    #[uniform(0)]
    uniform: PlainUniform,
    #[texture(1)]
    #[sampler(2)]
    picture: Option<Handle<Image>>,
    alpha: AlphaMode,
    cull: Option<Face>,
    flat: bool,
    overlay: bool,
}

/// What distinguishes the pipelines of two plain materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlainKey {
    cull: Option<Face>,
    pictured: bool,
    flat: bool,
    overlay: bool,
}

impl From<&Plain> for PlainKey {
    fn from(plain: &Plain) -> Self {
        Self {
            cull: plain.cull,
            pictured: plain.picture.is_some(),
            flat: plain.flat,
            overlay: plain.overlay,
        }
    }
}

impl Plain {
    /// The nearest to a physical material.
    pub fn like(rich: &StandardMaterial, lit: Lit) -> Self {
        let color = LinearRgba::from(rich.base_color).to_vec4();
        // Metal has no colour of its own but what it mirrors: the pale room.
        let shine = (1.0 - rich.perceptual_roughness).max(0.02);
        let sun = table_to_world().transform_point(SUN_M - LIT_M).normalize();
        Self {
            uniform: PlainUniform {
                color,
                glow: (rich.emissive.to_vec4() * 0.002).min(Vec4::ONE),
                gloss: Vec4::new(
                    shine * shine * (0.35 + rich.metallic * 0.5),
                    6.0 + 90.0 * shine * shine,
                    f32::from(lit == Lit::Endoscope),
                    0.0,
                ),
                sun: sun.extend(0.0),
            },
            picture: rich.base_color_texture.clone(),
            alpha: rich.alpha_mode,
            cull: rich.cull_mode,
            flat: rich.unlit,
            overlay: false,
        }
    }

    /// A colour that nothing hides.
    pub fn marker(color: Srgba) -> Self {
        Self {
            uniform: PlainUniform {
                color: LinearRgba::from(color).to_vec4(),
                ..default()
            },
            picture: None,
            alpha: AlphaMode::Blend,
            cull: None,
            flat: true,
            overlay: true,
        }
    }
}

impl Material for Plain {
    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(SHADER)
    }

    fn alpha_mode(&self) -> AlphaMode {
        self.alpha
    }

    fn depth_bias(&self) -> f32 {
        // Markers are drawn after all that is see-through.
        if self.overlay { 1_000.0 } else { 0.0 }
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        descriptor.primitive.cull_mode = key.bind_group_data.cull;
        if key.bind_group_data.overlay
            && let Some(depth) = &mut descriptor.depth_stencil
        {
            depth.depth_compare = Some(CompareFunction::Always);
            depth.bias = DepthBiasState::default();
        }
        if let Some(fragment) = &mut descriptor.fragment {
            if key.bind_group_data.pictured {
                fragment.shader_defs.push("PICTURED".into());
            }
            if key.bind_group_data.flat {
                fragment.shader_defs.push("FLAT".into());
            }
        }
        Ok(())
    }
}

pub(super) fn build(app: &mut App) {
    app.add_plugins(MaterialPlugin::<Plain>::default());
    let shader = Shader::from_wgsl(include_str!("plain.wgsl"), "rehearsal/room/plain.wgsl");
    // A handle that is a constant has no generation that could be wrong.
    let _ = app
        .world_mut()
        .resource_mut::<Assets<Shader>>()
        .insert(&SHADER, shader);
}
