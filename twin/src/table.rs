//! Findings as text tables.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use safety::Verdict;

/// A table with a rule under its heading and nothing else, its numbers to the right.
pub fn table(heading: &[&str], right_aligned: &[usize]) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.to_vec());
    for &column in right_aligned {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A verdict in a word that stands out when it must.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "holds",
        Verdict::Violated => "VIOLATED",
        Verdict::NotExercised => "not exercised",
    }
}

/// A margin with its unit; exact requirements have none.
pub fn margin(value: Option<f64>, unit: &str) -> String {
    match value {
        Some(value) if value.is_finite() => format!("{} {unit}", significant(value)),
        _ => "-".into(),
    }
}

/// Four significant digits, without an exponent where a person would not write one.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0".into()
    } else if !(1e-4..1e6).contains(&magnitude) {
        format!("{value:.3e}")
    } else {
        let digits_before = if magnitude >= 1.0 {
            libm::log10(magnitude) as usize + 1
        } else {
            1
        };
        format!("{value:.*}", 5_usize.saturating_sub(digits_before).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (value, text) in [
            (0.0, "0"),
            (239.5, "239.50"),
            (0.0123, "0.0123"),
            (-1.5, "-1.5000"),
            (1e-7, "1.000e-7"),
            (2.5e7, "2.500e7"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
