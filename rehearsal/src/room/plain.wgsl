// A light that costs little: one sun or the endoscope's own lamp, a sky, and one highlight.
#import bevy_pbr::forward_io::VertexOutput
#import bevy_pbr::mesh_view_bindings::view

struct Plain {
    color: vec4<f32>,
    glow: vec4<f32>,
    // Strength and sharpness of the highlight; 1 where the light is the endoscope's; 1 where there is none.
    gloss: vec4<f32>,
    // Towards the sun.
    sun: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> plain: Plain;
#ifdef PICTURED
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var picture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var picture_sampler: sampler;
#endif

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    var color = plain.color;
#ifdef PICTURED
    color = vec4<f32>(color.rgb * textureSampleLevel(picture, picture_sampler, in.uv, 0.0).rgb, color.a);
#endif
#ifdef VERTEX_COLORS
    color = color * in.color;
#endif
#ifdef FLAT
    return color;
#else
    var normal = normalize(in.world_normal);
    if (!front) {
        normal = -normal;
    }
    let away = view.world_position - in.world_position.xyz;
    let distance_squared = max(dot(away, away), 1e-4);
    let eye = away * inverseSqrt(distance_squared);
    let scope = plain.gloss.z;
    let light = mix(plain.sun.xyz, eye, scope);
    let facing = max(dot(normal, light), 0.0);
    let half_way = normalize(light + eye);
    let near = max(dot(normal, half_way), 0.0);
    // The endoscope's light falls off with the square of the distance.
    let strength = mix(0.80, min(0.058 / distance_squared, 2.2), scope);
    let sky = mix(mix(0.26, 0.50, normal.y * 0.5 + 0.5), 0.10, scope);
    let highlight = plain.gloss.x * pow(near, plain.gloss.y) * strength;
    let lit = color.rgb * (sky + facing * strength) + vec3<f32>(highlight) + plain.glow.rgb;
    return vec4<f32>(lit / (1.0 + max(max(lit.r, max(lit.g, lit.b)) - 0.85, 0.0)), color.a);
#endif
}
