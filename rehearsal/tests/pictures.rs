//! Pictures without a screen, looked at by a program: what must differ when a path is cut differs, what must not does not.

mod common;

use std::path::Path;

use bevy::asset::RenderAssetUsages;
use bevy::image::{CompressedImageFormats, Image, ImageSampler, ImageType};
use bevy_egui::egui::{Rect, vec2};
use common::{errors, folder, rehearsal};
use rehearsal::device::NO_DEVICE;
use rehearsal::hud::layout::Layout;

/// One picture.
struct Picture {
    width: usize,
    pixels: Vec<u8>,
}

impl Picture {
    fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).expect("the picture is there");
        let image = Image::from_buffer(
            &bytes,
            ImageType::Extension("png"),
            CompressedImageFormats::NONE,
            true,
            ImageSampler::Default,
            RenderAssetUsages::MAIN_WORLD,
        )
        .expect("it is a picture");
        Self {
            width: image.width() as usize,
            pixels: image.data.expect("it has pixels"),
        }
    }

    /// Share of the pixels of a part of the screen that differ visibly.
    fn difference(&self, other: &Self, part: Rect) -> f64 {
        let (mut count, mut differ) = (0_usize, 0_usize);
        for y in part.min.y as usize..part.max.y as usize {
            for x in part.min.x as usize..part.max.x as usize {
                let at = 4 * (y * self.width + x);
                let far =
                    |part: usize| self.pixels[at + part].abs_diff(other.pixels[at + part]) > 24;
                count += 1;
                differ += usize::from((0..3).any(far));
            }
        }
        differ as f64 / count.max(1) as f64
    }

    /// How many different colours a part of the screen has.
    fn colours(&self, part: Rect) -> usize {
        let mut seen = std::collections::BTreeSet::new();
        for y in part.min.y as usize..part.max.y as usize {
            for x in part.min.x as usize..part.max.x as usize {
                let at = 4 * (y * self.width + x);
                seen.insert([self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]);
            }
        }
        seen.len()
    }
}

/// Draws a short run; `None` where the program itself says that there is nothing to draw with.
fn drawn(name: &str, more: &[&str]) -> Option<Vec<Picture>> {
    let frames = folder(name);
    let mut arguments = vec![
        "scenarios/casablanca_shanghai.ron",
        "--duration",
        "5",
        "--faults",
        "none",
        "--at",
        "2.5,3.9",
        "--quality",
        "reduced",
        "--headless",
        "--frames",
        frames.to_str().expect("a name"),
    ];
    arguments.extend(more);
    let output = rehearsal(&arguments);
    let said = errors(&output);
    if said.contains(NO_DEVICE) {
        eprintln!("skipped: {said}");
        return None;
    }
    assert!(output.status.success(), "{said}");
    Some(
        (0..2)
            .map(|number| Picture::read(&frames.join(format!("frame_{number:06}.png"))))
            .collect(),
    )
}

#[test]
fn cutting_paths_shows_where_it_must_and_nowhere_else() {
    let layout = Layout::of(vec2(1280.0, 720.0));
    let Some(whole) = drawn("whole", &[]) else {
        return;
    };
    let cut_a = drawn("cut_a", &["--cut", "a@3..5"]).expect("there was a device a moment ago");
    let cut_both =
        drawn("cut_both", &["--cut", "both@3..5"]).expect("there was a device a moment ago");

    // Everything is there: text, lamps, room, picture.
    for part in [layout.top, layout.left, layout.network, layout.timeline] {
        assert!(whole[0].colours(part) > 20, "{part:?} is empty");
    }
    for part in [layout.room, layout.right] {
        assert!(whole[0].colours(part) > 200, "{part:?} is empty");
    }

    // Before the cut the robot, its network and its requirements are the same to the pixel.
    for part in [layout.room, layout.network, layout.left] {
        assert_eq!(
            whole[0].difference(&cut_a[0], part),
            0.0,
            "{part:?} before the cut"
        );
        assert_eq!(
            whole[0].difference(&cut_both[0], part),
            0.0,
            "{part:?} before the cut"
        );
    }

    // With path A cut its lane differs, and the robot still follows by the other path.
    let lanes = layout.network.split_left_right_at_fraction(0.55).0;
    let (upper, lower) = lanes.split_top_bottom_at_fraction(0.5);
    assert!(
        whole[1].difference(&cut_a[1], upper) > 0.01,
        "lane A shows the cut"
    );
    assert!(
        whole[1].difference(&cut_a[1], upper) > 2.0 * whole[1].difference(&cut_a[1], lower),
        "lane B shows less of it"
    );

    // With both cut the robot holds: the banner stands over the room, and the surgeon's picture is another one.
    let banner = Rect::from_min_size(layout.room.min, vec2(layout.room.width(), 70.0));
    let (with_a, with_none) = (
        whole[1].difference(&cut_a[1], banner),
        whole[1].difference(&cut_both[1], banner),
    );
    assert!(
        with_none > 0.2 && with_none > 2.0 * with_a,
        "the banner: {with_none} and {with_a}"
    );
    let picture = Rect::from_min_size(layout.right.min, vec2(layout.right.width(), 200.0));
    assert!(
        whole[1].difference(&cut_both[1], picture) > 0.2,
        "the picture froze"
    );
}

#[test]
fn the_same_run_is_drawn_the_same_and_another_language_differs_in_its_words_only() {
    let layout = Layout::of(vec2(1280.0, 720.0));
    let Some(english) = drawn("english", &[]) else {
        return;
    };
    let again = drawn("again", &[]).expect("there was a device a moment ago");
    let french = drawn("french", &["--language", "fr"]).expect("there was a device a moment ago");
    let screen = Rect::from_min_size(bevy_egui::egui::Pos2::ZERO, vec2(1280.0, 720.0));
    assert_eq!(english[1].difference(&again[1], screen), 0.0);
    assert!(english[1].difference(&french[1], layout.left) > 0.005);
    let middle = layout.room.shrink(60.0);
    assert_eq!(english[1].difference(&french[1], middle), 0.0);
}
