//! Pictures without a screen: the same application, drawn into an image, at moments of simulated time.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    BufferDescriptor, BufferUsages, CommandEncoderDescriptor, Extent3d, MapMode, PollType,
    TexelCopyBufferInfo, TexelCopyBufferLayout, TextureDimension, TextureFormat,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;

use crate::app::Canvas;
use crate::cli::Arguments;
use crate::session::Session;

/// Frames drawn before the first picture: pipelines, textures and the layout settle.
const WARM_UP: usize = 5;

/// Time between the pictures of a series, and of a film, s.
const EVERY_S: f64 = 0.5;
const FILM_EVERY_S: f64 = 0.04;
/// Pictures further apart are stills, s.
const STILLS_FROM_S: f64 = 0.2;

/// What was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Pictures.
    pub pictures: usize,
    /// Median time of drawing one, ms.
    pub median_ms: f64,
    /// Time that nineteen of twenty take no longer than, ms.
    pub slow_ms: f64,
    /// What became of the film, if one was wished for.
    pub film: Option<String>,
}

/// Draws the pictures that are asked for.
///
/// # Errors
/// A folder or a file cannot be written, or the device gave no picture: in words.
pub fn draw(app: &mut App, arguments: &Arguments) -> Result<Drawn, String> {
    let folder = arguments
        .frames
        .clone()
        .unwrap_or_else(|| PathBuf::from("frames"));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
    app.finish();
    app.cleanup();
    // The end is known before the beginning is drawn: the same pictures whether a run was read ahead or not.
    app.world_mut()
        .non_send_mut::<Session>()
        .scout(&mut || true);
    for _ in 0..WARM_UP {
        app.update();
    }
    let every_s = arguments.every.unwrap_or(if arguments.video.is_some() {
        FILM_EVERY_S
    } else {
        EVERY_S
    });
    let moments = moments(app, arguments, every_s);
    let frames_a_picture = if arguments.at.is_empty() && every_s < STILLS_FROM_S {
        1
    } else {
        2
    };
    let mut list = String::new();
    let mut times = Vec::with_capacity(moments.len());
    for (number, at_ns) in moments.iter().enumerate() {
        app.world_mut().non_send_mut::<Session>().seek(*at_ns);
        // In the reduced quality the endoscope's picture is drawn in every second frame: of a series of stills each must
        // show its own.
        for _ in 1..frames_a_picture {
            app.update();
        }
        let (pixels, took) = timed(|| {
            app.update();
            capture(app)
        });
        times.push(took);
        let name = format!("frame_{number:06}.png");
        save(pixels?, &folder.join(&name))?;
        list.push_str(&format!("{name} {:.3}\n", *at_ns as f64 * 1e-9));
    }
    let list_file = folder.join("frames.txt");
    std::fs::write(&list_file, list)
        .map_err(|error| format!("{}: cannot be written: {error}", list_file.display()))?;
    times.sort_unstable();
    Ok(Drawn {
        pictures: moments.len(),
        median_ms: share_of(&times, 50),
        slow_ms: share_of(&times, 95),
        film: arguments
            .video
            .as_ref()
            .map(|file| film(&folder, file, every_s)),
    })
}

/// The moments to draw, on whole ticks, none after the run's end.
fn moments(app: &App, arguments: &Arguments, every_s: f64) -> Vec<u64> {
    let session = app.world().non_send::<Session>();
    let tick_ns = session.case.operation.control_loop.tick_ns.max(1);
    let end_ns = session.twin().plan().duration_ns;
    let on_tick = |seconds: f64| ((seconds * 1e9) as u64 + tick_ns / 2) / tick_ns * tick_ns;
    if arguments.at.is_empty() {
        let every_ns = on_tick(every_s).max(tick_ns);
        (0..=end_ns / every_ns)
            .map(|number| number * every_ns)
            .collect()
    } else {
        let mut moments: Vec<u64> = arguments
            .at
            .iter()
            .map(|at_s| on_tick(*at_s).min(end_ns))
            .collect();
        moments.sort_unstable();
        moments
    }
}

/// The time that so many of a hundred take no longer than, ms; the times are sorted.
fn share_of(times: &[Duration], percent: usize) -> f64 {
    let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times
        .get(place)
        .map_or(0.0, |took| took.as_secs_f64() * 1e3)
}

#[expect(
    clippy::disallowed_methods,
    reason = "only told, never used: how long a picture takes to draw"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let made = work();
    (made, began.elapsed())
}

/// The canvas's pixels, as they are after the last frame.
fn capture(app: &App) -> Result<Image, String> {
    let canvas = app.world().resource::<Canvas>().0.id();
    let world = app.sub_app(RenderApp).world();
    let device = world.resource::<RenderDevice>();
    let queue = world.resource::<RenderQueue>();
    let image = world
        .resource::<RenderAssets<GpuImage>>()
        .get(canvas)
        .ok_or("the picture was not drawn: the device has no such image")?;
    let size = image.texture_descriptor.size;
    let row = 4 * size.width as usize;
    let padded_row = RenderDevice::align_copy_bytes_per_row(row);
    let buffer = device.create_buffer(&BufferDescriptor {
        label: Some("picture"),
        size: (padded_row * size.height as usize) as u64,
        usage: BufferUsages::COPY_DST | BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor {
        label: Some("picture"),
    });
    encoder.copy_texture_to_buffer(
        image.texture.as_image_copy(),
        TexelCopyBufferInfo {
            buffer: &buffer,
            layout: TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: u32::try_from(padded_row).ok(),
                rows_per_image: None,
            },
        },
        size,
    );
    queue.submit([encoder.finish()]);
    let slice = buffer.slice(..);
    slice.map_async(MapMode::Read, |_| ());
    device
        .poll(PollType::wait_indefinitely())
        .map_err(|error| format!("the device gave no picture: {error}"))?;
    let padded = slice.get_mapped_range();
    let mut pixels = Vec::with_capacity(row * size.height as usize);
    for line in padded.chunks(padded_row) {
        pixels.extend_from_slice(&line[..row]);
    }
    Ok(Image::new(
        Extent3d {
            width: size.width,
            height: size.height,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        pixels,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::MAIN_WORLD,
    ))
}

fn save(picture: Image, file: &Path) -> Result<(), String> {
    let wrong = |error: String| format!("{}: cannot be written: {error}", file.display());
    let picture = picture
        .try_into_dynamic()
        .map_err(|error| wrong(error.to_string()))?;
    picture
        .to_rgb8()
        .save(file)
        .map_err(|error| wrong(error.to_string()))
}

/// Makes a film of the pictures, if ffmpeg is there. Returns what became of it.
fn film(folder: &Path, file: &Path, every_s: f64) -> String {
    let rate = format!("{:.6}", 1.0 / every_s.max(0.001));
    let mut command = Command::new("ffmpeg");
    command
        .args(["-y", "-loglevel", "error", "-framerate", &rate, "-i"])
        .arg(folder.join("frame_%06d.png"))
        .args(["-pix_fmt", "yuv420p"])
        .arg(file)
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => format!("{} is the film", file.display()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            format!(
                "no film: ffmpeg failed: {}; the pictures are in {}",
                said.trim(),
                folder.display()
            )
        }
        Err(_) => format!(
            "no film: ffmpeg is not installed (Debian, Ubuntu: apt install ffmpeg); the pictures are in {}",
            folder.display()
        ),
    }
}

/// Says what was drawn.
pub fn tell(drawn: &Drawn, folder: &Path, device: &str) {
    let mut out = std::io::stdout().lock();
    let Drawn {
        pictures,
        median_ms,
        slow_ms,
        film,
    } = drawn;
    // Nobody to tell is no reason to fail.
    let _ = writeln!(
        out,
        "{pictures} pictures in {}; drawing one takes {median_ms:.1} ms, one in twenty longer than {slow_ms:.1} ms, on \
         {device}",
        folder.display()
    );
    if let Some(film) = film {
        let _ = writeln!(out, "{film}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_times_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(share_of(&times, 50), 10.0);
        assert_eq!(share_of(&times, 95), 19.0);
        assert_eq!(share_of(&times[..1], 95), 1.0);
        assert_eq!(share_of(&[], 50), 0.0);
    }
}
