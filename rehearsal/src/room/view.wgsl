// The endoscope's picture as it arrives: whole, in damaged blocks, or standing still.
#import bevy_pbr::forward_io::VertexOutput

struct Arrival {
    // How damaged, 0 to 1; how frozen, 0 to 1; a number that changes the damage; the picture's width in blocks.
    degraded: f32,
    frozen: f32,
    seed: f32,
    blocks: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> arrival: Arrival;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var picture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var picture_sampler: sampler;

fn chance(at: vec2<f32>, seed: f32) -> f32 {
    let mixed = fract(vec3<f32>(at.x, at.y, at.x) * vec3<f32>(0.1031, 0.1030, 0.0973) + seed * 0.137);
    let folded = mixed + dot(mixed, mixed.yzx + 33.33);
    return fract((folded.x + folded.y) * folded.z);
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    var uv = in.uv;
    var lost = 0.0;
    if (arrival.degraded > 0.0) {
        let blocks = vec2<f32>(arrival.blocks, arrival.blocks * 0.5625);
        let block = floor(uv * blocks);
        // Rows of blocks are lost together, as slices are.
        let slice = chance(vec2<f32>(floor(block.x / 10.0), block.y), arrival.seed);
        if (slice < 0.35) {
            let shift = (chance(block, arrival.seed + 3.0) - 0.5) * 0.05;
            uv = clamp(uv + vec2<f32>(shift, shift * 0.4), vec2<f32>(0.0), vec2<f32>(1.0));
            lost = 0.12;
        }
        // What is left of fine detail: one sample a block, of coarse or of finer blocks.
        let coarse = select(blocks * 1.6, blocks, slice < 0.6);
        uv = (floor(uv * coarse) + 0.5) / coarse;
    }
    var color = textureSampleLevel(picture, picture_sampler, uv, 0.0).rgb;
    color = mix(color, vec3<f32>(0.21), lost);
    let grey = dot(color, vec3<f32>(0.2126, 0.7152, 0.0722));
    color = mix(color, vec3<f32>(grey) * vec3<f32>(0.82, 0.93, 1.06) * 0.85, arrival.frozen * 0.75);
    // The endoscope's field is round: its corners are dark.
    let off = (in.uv - 0.5) * vec2<f32>(1.0, 0.62);
    let edge = smoothstep(0.56, 0.46, length(off));
    return vec4<f32>(color * mix(0.06, 1.0, edge), 1.0);
}
