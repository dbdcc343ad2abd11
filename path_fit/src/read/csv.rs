//! Columns with a heading, for every tool that is not known by name.
//!
//! `sent_*` is when a probe was sent; `up_*`, `down_*` and `rtt_*` its delays, empty when it was lost; `lost` says
//! where (`0`, `1`, `up`, `down`). `*` is the unit: ns, us, ms or s. Separator: comma, semicolon or tab. `#` begins a
//! comment.

use crate::error::ImportError;
use crate::measurement::{
    CLOCK_NS, Format, LONGEST_DELAY_NS, Lost, MOST_PROBES, Measurement, ONE_WAY_NS, Probe, too_many,
};
use crate::read::text::decimal_ns;
use crate::source::Source;

const UNITS: [(&str, u32); 4] = [("ns", 9), ("us", 6), ("ms", 3), ("s", 0)];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Sent(u32),
    Up(u32),
    Down(u32),
    Rtt(u32),
    Lost,
}

fn column(name: &str) -> Option<Column> {
    if name == "lost" {
        return Some(Column::Lost);
    }
    let (what, unit) = name.rsplit_once('_')?;
    let digits = UNITS.iter().find(|(known, _)| *known == unit)?.1;
    match what {
        "sent" => Some(Column::Sent(digits)),
        "up" => Some(Column::Up(digits)),
        "down" => Some(Column::Down(digits)),
        "rtt" => Some(Column::Rtt(digits)),
        _ => None,
    }
}

/// Whether a heading has a name that this reader knows.
pub(crate) fn is_column(name: &str) -> bool {
    column(name).is_some()
}

/// Reads one file.
///
/// # Errors
/// [`ImportError`] with the line.
pub fn read(mut source: Source<'_>) -> Result<Measurement, ImportError> {
    let mut line = String::new();
    let mut table: Option<Table> = None;
    let mut rows = Rows::default();
    while let Some(number) = source.next_line(&mut line)? {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match &table {
            None => table = Some(Table::new(text).map_err(|error| error.at_line(number, &line))?),
            Some(table) => {
                let probe = table
                    .probe(text)
                    .map_err(|error| error.at_line(number, &line))?;
                rows.add(probe)
                    .map_err(|error| error.at_line(number, &line))?;
            }
        }
    }
    let Some(table) = table else {
        return Err(ImportError::new(
            "there is no heading",
            "the first line names the columns, such as `sent_ms,rtt_ms`",
        ));
    };
    rows.into_measurement(&table)
}

struct Table {
    separator: char,
    columns: Vec<Column>,
}

impl Table {
    fn new(heading: &str) -> Result<Self, ImportError> {
        const COLUMNS: &str =
            "the columns are sent_*, up_*, down_*, rtt_* (* is ns, us, ms or s) and lost";
        let separator = [',', ';', '\t']
            .into_iter()
            .find(|&separator| heading.contains(separator))
            .unwrap_or(',');
        let mut columns = Vec::new();
        for name in heading.split(separator) {
            let name = name.trim();
            let Some(known) = column(name) else {
                return Err(ImportError::new(
                    format!("'{name}' is no column that is known"),
                    COLUMNS,
                ));
            };
            let is_same =
                |other: &Column| std::mem::discriminant(other) == std::mem::discriminant(&known);
            if columns.iter().any(is_same) {
                return Err(ImportError::new(
                    format!("the column of '{name}' stands there twice"),
                    COLUMNS,
                ));
            }
            columns.push(known);
        }
        let has = |wanted: fn(&Column) -> bool| columns.iter().any(wanted);
        if !has(|column| matches!(column, Column::Sent(_))) {
            return Err(ImportError::new("there is no column sent_*", COLUMNS));
        }
        if !has(|column| matches!(column, Column::Up(_) | Column::Rtt(_))) {
            return Err(ImportError::new(
                "there is neither a column up_* nor rtt_*",
                COLUMNS,
            ));
        }
        if has(|column| matches!(column, Column::Down(_)))
            && !has(|column| matches!(column, Column::Up(_)))
        {
            return Err(ImportError::new(
                "there is a column down_* and none up_*",
                COLUMNS,
            ));
        }
        Ok(Self { separator, columns })
    }

    fn probe(&self, text: &str) -> Result<Probe, ImportError> {
        let cells: Vec<&str> = text.split(self.separator).map(str::trim).collect();
        if cells.len() != self.columns.len() {
            return Err(ImportError::new(
                format!("{} cells under {} columns", cells.len(), self.columns.len()),
                "give each row a cell for each column, empty where there is nothing",
            ));
        }
        let mut sent_ns = None;
        let (mut up_ns, mut down_ns, mut rtt_ns) = (None, None, None);
        let mut stated = None;
        for (column, cell) in self.columns.iter().zip(cells) {
            match *column {
                Column::Sent(digits) => sent_ns = time_ns(cell, digits)?,
                Column::Up(digits) => up_ns = time_ns(cell, digits)?,
                Column::Down(digits) => down_ns = time_ns(cell, digits)?,
                Column::Rtt(digits) => rtt_ns = time_ns(cell, digits)?,
                Column::Lost => stated = lost(cell)?,
            }
        }
        let Some(sent_ns) = sent_ns else {
            return Err(ImportError::new(
                "the row has no time of sending",
                "fill its cell",
            ));
        };
        if rtt_ns.is_some_and(|ns| ns < 0) {
            return Err(ImportError::new(
                "the round-trip time is negative",
                "one clock measures a round trip, so this row is wrong: remove it or measure again",
            ));
        }
        let has = |wanted: fn(&Column) -> bool| self.columns.iter().any(wanted);
        let (no_up, no_down) = (up_ns.is_none(), down_ns.is_none());
        let measured = match (
            has(|column| matches!(column, Column::Up(_))),
            has(|column| matches!(column, Column::Down(_))),
        ) {
            (true, true) => match (no_up, no_down) {
                (false, false) => Lost::No,
                (true, false) => Lost::Up,
                (false, true) => Lost::Down,
                (true, true) => Lost::Both,
            },
            (true, false) if no_up => Lost::Up,
            (true, false) => Lost::No,
            _ if rtt_ns.is_none() => Lost::Somewhere,
            _ => Lost::No,
        };
        let lost = match (stated, measured) {
            (Some(Lost::No), Lost::No) | (None, _) => measured,
            (Some(Lost::No), _) => {
                return Err(ImportError::new(
                    "the row is not lost and a delay is missing",
                    "fill the cell, or mark the row as lost",
                ));
            }
            (Some(_), Lost::No) => {
                return Err(ImportError::new(
                    "the row is lost and has all its delays",
                    "leave the cells of a lost probe empty",
                ));
            }
            // Cells that are both empty do not tell where it was lost; the column does.
            (Some(stated), _) => stated,
        };
        if up_ns.zip(down_ns).is_some() && rtt_ns.is_none() {
            // Both clocks' offsets cancel in the sum.
            rtt_ns = up_ns
                .zip(down_ns)
                .map(|(up, down)| up + down)
                .filter(|&ns| ns >= 0);
        }
        Ok(Probe {
            sent_ns,
            up_ns,
            down_ns,
            rtt_ns,
            lost,
        })
    }
}

fn time_ns(cell: &str, digits: u32) -> Result<Option<i64>, ImportError> {
    if cell.is_empty() {
        return Ok(None);
    }
    match decimal_ns(cell, digits).filter(|ns| CLOCK_NS.contains(ns)) {
        Some(ns) => Ok(Some(ns)),
        None => Err(ImportError::new(
            format!("'{cell}' is no time"),
            "write a decimal number without exponent, in the column's unit",
        )),
    }
}

fn lost(cell: &str) -> Result<Option<Lost>, ImportError> {
    Ok(Some(match cell {
        "" => return Ok(None),
        "0" | "false" | "no" => Lost::No,
        "1" | "true" | "yes" => Lost::Somewhere,
        "up" => Lost::Up,
        "down" => Lost::Down,
        "both" => Lost::Both,
        _ => {
            return Err(ImportError::new(
                format!("'{cell}' under lost"),
                "write 0, 1, up, down or both",
            ));
        }
    }))
}

#[derive(Default)]
struct Rows {
    probes: Vec<Probe>,
    start_ns: i64,
    last_arrival_ns: Option<i64>,
    reordered: u64,
    negative: u64,
}

impl Rows {
    fn add(&mut self, mut probe: Probe) -> Result<(), ImportError> {
        if self.probes.len() == MOST_PROBES {
            return Err(too_many());
        }
        if self.probes.is_empty() {
            self.start_ns = probe.sent_ns;
        }
        probe.sent_ns -= self.start_ns;
        if self
            .probes
            .last()
            .is_some_and(|before| probe.sent_ns <= before.sent_ns)
        {
            return Err(ImportError::new(
                "it was sent no later than the row before it",
                "sort the rows by the time of sending; two measurements are two files",
            ));
        }
        let one_ways = [probe.up_ns, probe.down_ns];
        let are_clocks = one_ways
            .into_iter()
            .flatten()
            .all(|ns| ONE_WAY_NS.contains(&ns));
        if !are_clocks || probe.rtt_ns.is_some_and(|ns| ns > LONGEST_DELAY_NS) {
            return Err(ImportError::new(
                "a delay of it is too long (a round trip an hour, one way 70 years)",
                "check the column's unit",
            ));
        }
        self.negative += u64::from(
            probe.up_ns.is_some_and(|ns| ns < 0) || probe.down_ns.is_some_and(|ns| ns < 0),
        );
        if let Some(delay_ns) = probe.up_ns.or(probe.rtt_ns) {
            let arrival_ns = probe.sent_ns + delay_ns;
            self.reordered += u64::from(self.last_arrival_ns.is_some_and(|last| arrival_ns < last));
            self.last_arrival_ns = Some(
                self.last_arrival_ns
                    .map_or(arrival_ns, |last| last.max(arrival_ns)),
            );
        }
        self.probes.push(probe);
        Ok(())
    }

    fn into_measurement(self, table: &Table) -> Result<Measurement, ImportError> {
        let has = |wanted: fn(&Column) -> bool| table.columns.iter().any(wanted);
        let mut notes = Vec::new();
        if self.negative > 0 {
            notes.push(format!(
                "{} probes have a negative one-way delay: the clocks of the two ends differ",
                self.negative
            ));
        }
        Measurement {
            format: Format::Csv,
            probes: self.probes,
            start_wall_ns: Some(self.start_ns),
            interval_ns: None,
            synchronised: false,
            duplicates: 0,
            reordered: self.reordered,
            both_ways: has(|column| matches!(column, Column::Down(_) | Column::Rtt(_))),
            target: String::new(),
            notes,
        }
        .checked()
    }
}
