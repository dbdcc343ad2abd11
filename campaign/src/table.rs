//! The result table of a campaign as a Parquet file: a row a run.
//!
//! Columns: `run`, `seed`, `ticks`, `hash`, one `parameter NAME` (f64) for each number that a run draws; of each requirement
//! `ID verdict` (0 held, 1 violated, 2 not exercised), `ID margin`, `ID robustness` (f64, null where nothing was judged),
//! `ID exercised`, `ID at_ns`; and one `count NAME` for each line of the coverage table.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use safety::Verdict;

use crate::monte_carlo::CampaignError;
use crate::monte_carlo::coverage::names;
use crate::monte_carlo::folder::{Folder, told};
use crate::monte_carlo::row::Row;

/// Rows that are in memory at once.
const ROWS_A_GROUP: usize = 4096;

/// Writes the table of a folder's rows, whole or not at all; the same rows give the same bytes.
///
/// # Errors
/// [`CampaignError`]: the journal is damaged, or the file cannot be written.
pub fn write_table(folder: &Folder, path: &Path) -> Result<(), CampaignError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let beside = std::path::PathBuf::from(name);
    let written = write_beside(folder, &beside).and_then(|()| {
        std::fs::rename(&beside, path)
            .map_err(|error| told(path, format!("cannot be written: {error}")))
    });
    if written.is_err() {
        // Nothing to do when the remains cannot be removed: the message says what failed.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write_beside(folder: &Folder, path: &Path) -> Result<(), CampaignError> {
    let wrong =
        |error: parquet::errors::ParquetError| told(path, format!("cannot be written: {error}"));
    let columns = columns(folder);
    let fields = columns
        .iter()
        .map(|column| column.field().map(Arc::new))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    let schema = Type::group_type_builder("run")
        .with_fields(fields)
        .build()
        .map_err(wrong)?;
    let properties = WriterProperties::builder()
        .set_created_by("telesurgery-twin".into())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![parquet::file::metadata::KeyValue::new(
            "plan_sha256".into(),
            folder.plan().sha256(),
        )]))
        .build();
    let file =
        File::create(path).map_err(|error| told(path, format!("cannot be written: {error}")))?;
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(wrong)?;
    let mut rows: Vec<Row> = Vec::with_capacity(ROWS_A_GROUP);
    let mut failed = None;
    folder.for_each_row(|row| {
        rows.push(row.clone());
        if rows.len() == ROWS_A_GROUP && failed.is_none() {
            failed = write_group(&mut writer, &columns, &rows).err();
            rows.clear();
        }
    })?;
    if failed.is_none() && !rows.is_empty() {
        failed = write_group(&mut writer, &columns, &rows).err();
    }
    if let Some(error) = failed {
        return Err(wrong(error));
    }
    writer.close().map(drop).map_err(wrong)
}

type Whole = dyn Fn(&Row) -> u64;
type Real = dyn Fn(&Row) -> Option<f64>;

/// A column and how its value comes from a row.
struct Column {
    name: String,
    value: Value,
}

enum Value {
    Whole(Box<Whole>),
    Real(Box<Real>),
}

impl Column {
    fn whole(name: impl Into<String>, value: impl Fn(&Row) -> u64 + 'static) -> Self {
        Self {
            name: name.into(),
            value: Value::Whole(Box::new(value)),
        }
    }

    fn real(name: impl Into<String>, value: impl Fn(&Row) -> Option<f64> + 'static) -> Self {
        Self {
            name: name.into(),
            value: Value::Real(Box::new(value)),
        }
    }

    fn field(&self) -> Result<Type, parquet::errors::ParquetError> {
        let (physical, repetition) = match self.value {
            Value::Whole(_) => (Physical::INT64, Repetition::REQUIRED),
            Value::Real(_) => (Physical::DOUBLE, Repetition::OPTIONAL),
        };
        Type::primitive_type_builder(&self.name, physical)
            .with_repetition(repetition)
            .build()
    }
}

fn columns(folder: &Folder) -> Vec<Column> {
    let mut columns = vec![
        Column::whole("run", |row| row.index),
        Column::whole("seed", |row| row.seed),
        Column::whole("ticks", |row| row.ticks),
        Column::whole("hash", |row| row.hash),
    ];
    for (at, name) in folder.parameters().iter().enumerate() {
        let value = move |row: &Row| row.parameters.get(at).copied();
        columns.push(Column::real(format!("parameter {name}"), value));
    }
    for (at, id) in folder.plan().requirements.iter().enumerate() {
        columns.push(Column::whole(
            format!("{id} verdict"),
            move |row| match row.findings[at].verdict {
                Verdict::Held => 0,
                Verdict::Violated => 1,
                Verdict::NotExercised => 2,
            },
        ));
        columns.push(Column::real(format!("{id} margin"), move |row| {
            row.findings[at].margin
        }));
        columns.push(Column::real(format!("{id} robustness"), move |row| {
            row.findings[at].robustness
        }));
        columns.push(Column::whole(format!("{id} exercised"), move |row| {
            row.findings[at].exercised
        }));
        columns.push(Column::whole(format!("{id} at_ns"), move |row| {
            row.findings[at].at_ns
        }));
    }
    for (at, name) in names().into_iter().enumerate() {
        columns.push(Column::whole(format!("count {name}"), move |row| {
            row.counts.0[at]
        }));
    }
    columns
}

fn write_group(
    writer: &mut SerializedFileWriter<File>,
    columns: &[Column],
    rows: &[Row],
) -> Result<(), parquet::errors::ParquetError> {
    let mut group = writer.next_row_group()?;
    let mut columns = columns.iter();
    while let (Some(mut to), Some(column)) = (group.next_column()?, columns.next()) {
        match &column.value {
            Value::Whole(value) => {
                // Parquet has no unsigned words of its own: a hash keeps its bits.
                let values: Vec<i64> = rows.iter().map(|row| value(row).cast_signed()).collect();
                to.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            Value::Real(value) => {
                let all: Vec<Option<f64>> = rows.iter().map(value).collect();
                let levels: Vec<i16> = all.iter().map(|v| i16::from(v.is_some())).collect();
                let values: Vec<f64> = all.into_iter().flatten().collect();
                to.typed::<DoubleType>()
                    .write_batch(&values, Some(&levels), None)?;
            }
        }
        to.close()?;
    }
    group.close().map(drop)
}
