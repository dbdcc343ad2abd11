//! Colours that people with any kind of colour vision tell apart: the set of Okabe and Ito (2008). No colour stands
//! alone: a shape or a word says the same.

use bevy_egui::egui::Color32;

/// Okabe–Ito orange.
pub const ORANGE: Color32 = Color32::from_rgb(0xE6, 0x9F, 0x00);
/// Okabe–Ito sky blue.
pub const SKY_BLUE: Color32 = Color32::from_rgb(0x56, 0xB4, 0xE9);
/// Okabe–Ito bluish green.
pub const GREEN: Color32 = Color32::from_rgb(0x00, 0x9E, 0x73);
/// Okabe–Ito yellow.
pub const YELLOW: Color32 = Color32::from_rgb(0xF0, 0xE4, 0x42);
/// Okabe–Ito blue.
pub const BLUE: Color32 = Color32::from_rgb(0x00, 0x72, 0xB2);
/// Okabe–Ito vermillion.
pub const VERMILLION: Color32 = Color32::from_rgb(0xD5, 0x5E, 0x00);
/// Okabe–Ito reddish purple.
pub const PURPLE: Color32 = Color32::from_rgb(0xCC, 0x79, 0xA7);

/// The ground of panels.
pub const GROUND: Color32 = Color32::from_rgb(0x12, 0x17, 0x1E);
/// The ground of what stands out of a panel.
pub const RAISED: Color32 = Color32::from_rgb(0x1E, 0x26, 0x30);
/// Lines between things.
pub const LINE: Color32 = Color32::from_rgb(0x3A, 0x46, 0x54);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xE8, 0xED, 0xF2);
/// Text that matters less.
pub const FAINT: Color32 = Color32::from_rgb(0x9A, 0xA8, 0xB8);

/// The colours that mean something, with their names.
pub const MEANINGFUL: [(&str, Color32); 7] = [
    ("orange", ORANGE),
    ("sky blue", SKY_BLUE),
    ("bluish green", GREEN),
    ("yellow", YELLOW),
    ("blue", BLUE),
    ("vermillion", VERMILLION),
    ("reddish purple", PURPLE),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as the web's contrast rule (WCAG 2) defines it.
    fn luminance(colour: Color32) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                libm::pow((value + 0.055) / 1.055, 2.4)
            }
        };
        0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// What a person without cones for long waves (protanopia) or middle waves (deuteranopia) sees, by the matrices of
    /// Viénot, Brettel and Mollon (1999), on linear parts.
    fn seen_without(matrix: [[f64; 3]; 3], colour: Color32) -> [f64; 3] {
        let linear = [colour.r(), colour.g(), colour.b()]
            .map(|part| libm::pow(f64::from(part) / 255.0, 2.2));
        matrix.map(|row| {
            row.iter()
                .zip(linear)
                .map(|(a, b)| a * b)
                .sum::<f64>()
                .clamp(0.0, 1.0)
        })
    }

    const PROTANOPIA: [[f64; 3]; 3] = [
        [0.11238, 0.88762, 0.0],
        [0.11238, 0.88762, 0.0],
        [0.00401, -0.00401, 1.0],
    ];
    const DEUTERANOPIA: [[f64; 3]; 3] = [
        [0.29275, 0.70725, 0.0],
        [0.29275, 0.70725, 0.0],
        [-0.02234, 0.02234, 1.0],
    ];

    #[test]
    fn no_two_meaningful_colours_look_alike_without_red_or_green_cones() {
        for matrix in [PROTANOPIA, DEUTERANOPIA] {
            for (index, (name, one)) in MEANINGFUL.iter().enumerate() {
                for (other_name, other) in &MEANINGFUL[index + 1..] {
                    let (a, b) = (seen_without(matrix, *one), seen_without(matrix, *other));
                    let distance: f64 = a
                        .iter()
                        .zip(b)
                        .map(|(a, b)| (a - b) * (a - b))
                        .sum::<f64>()
                        .sqrt();
                    assert!(
                        distance > 0.05,
                        "{name} and {other_name} are {distance} apart"
                    );
                }
            }
        }
    }

    #[test]
    fn text_is_readable_on_every_ground() {
        for ground in [GROUND, RAISED] {
            assert!(contrast(TEXT, ground) >= 7.0);
            assert!(contrast(FAINT, ground) >= 4.5);
        }
    }
}
