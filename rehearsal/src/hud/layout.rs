//! Where everything is on the screen. Points, not pixels: the screen is always 720 points high, so that everything is
//! read as well at 1280×720 as at 3840×2160.

use bevy_egui::egui::{Rect, Vec2, pos2, vec2};

/// Height of the screen in points.
pub const HEIGHT: f32 = 720.0;

const TOP: f32 = 36.0;
const LEFT: f32 = 262.0;
const RIGHT: f32 = 322.0;
const NETWORK: f32 = 168.0;
const TIMELINE: f32 = 66.0;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Title, state, speed.
    pub top: Rect,
    /// Requirements and buttons.
    pub left: Rect,
    /// The surgeon's picture and what happens.
    pub right: Rect,
    /// The room.
    pub room: Rect,
    /// The network strip.
    pub network: Rect,
    /// The timeline.
    pub timeline: Rect,
}

impl Layout {
    /// Where the surgeon's picture is, of 16:9.
    pub fn picture(&self) -> Rect {
        picture_in(self.right)
    }

    /// The parts of a screen of this size in points.
    pub fn of(size: Vec2) -> Self {
        let (width, height) = (size.x.max(LEFT + RIGHT + 200.0), size.y.max(480.0));
        let rect =
            |x0: f32, y0: f32, x1: f32, y1: f32| Rect::from_min_max(pos2(x0, y0), pos2(x1, y1));
        let below_room = height - TIMELINE - NETWORK;
        Self {
            top: rect(0.0, 0.0, width, TOP),
            left: rect(0.0, TOP, LEFT, below_room),
            right: rect(width - RIGHT, TOP, width, below_room),
            room: rect(LEFT, TOP, width - RIGHT, below_room),
            network: rect(0.0, below_room, width, height - TIMELINE),
            timeline: rect(0.0, height - TIMELINE, width, height),
        }
    }
}

/// Where the surgeon's picture is in the part at the right.
pub fn picture_in(right: Rect) -> Rect {
    let width = right.width() - 16.0;
    Rect::from_min_size(
        pos2(right.min.x + 8.0, right.min.y + 22.0),
        vec2(width, width * 9.0 / 16.0),
    )
}

/// Pixels a point on a screen so many pixels high.
pub fn pixels_per_point(height_px: f32) -> f32 {
    (height_px / HEIGHT).max(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen_without_overlap() {
        for size in [vec2(1280.0, 720.0), vec2(1720.0, 720.0), vec2(960.0, 720.0)] {
            let it = Layout::of(size);
            let parts = [it.top, it.left, it.right, it.room, it.network, it.timeline];
            let area: f32 = parts.iter().map(|part| part.area()).sum();
            assert!((area - size.x * size.y).abs() < 1.0, "{size:?}: {area}");
            for (index, one) in parts.iter().enumerate() {
                for other in &parts[index + 1..] {
                    let shared = one.intersect(*other);
                    assert!(
                        shared.width() <= 0.0 || shared.height() <= 0.0,
                        "{one:?} {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_screen_of_4k_shows_the_same_points_larger() {
        assert_eq!(pixels_per_point(720.0), 1.0);
        assert_eq!(pixels_per_point(2160.0), 3.0);
    }
}
