//! How the rows of a query are printed: as a table, JSON, JSON lines, CSV, or line by line.
//!
//! Promises: JSON lines are printed as rows come; a table and CSV know their columns only when all rows are there. The
//! columns are those of all rows in the order in which they first occur, `_id` before the others.

mod cell;
mod csv;
mod line;
mod table;

use clap::ValueEnum;
use nedb::{DocumentBuf, Object, Value};
use nedb_types::Result;

use crate::output::{Output, Progress, plural};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// Columns that fit the terminal
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// One field a line
    Line,
}

/// Prints rows as they come and returns how many there were.
pub fn print(
    rows: impl Iterator<Item = Result<DocumentBuf>>,
    format: RowFormat,
    width: Option<u16>,
    out: &mut Output,
) -> Result<u64> {
    match format {
        RowFormat::Ndjson => lines(rows, out),
        RowFormat::Json => array(rows, out),
        RowFormat::Line => line::print(rows, out),
        RowFormat::Csv => csv::print(&Sheet::read(rows)?, out),
        RowFormat::Table => table::print(&Sheet::read(rows)?, width, out),
    }
}

/// Prints the rows of a verb, whose bar goes before the first of them appears, and returns how many there were: as JSON lines with --json, as a table with its count for people, unless a format was chosen.
pub fn print_counted(
    rows: impl Iterator<Item = Result<DocumentBuf>>,
    format: Option<RowFormat>,
    progress: Progress,
    out: &mut Output,
) -> Result<u64> {
    let format = format.unwrap_or(if out.is_json() { RowFormat::Ndjson } else { RowFormat::Table });
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let count = print(watched(rows, progress, format), format, width, out)?;
    if format == RowFormat::Table {
        out.note(plural(count, "row", "rows"));
    }
    Ok(count)
}

/// Rows with a bar for as long as none of them is printed.
fn watched<R: Iterator<Item = Result<DocumentBuf>>>(
    mut rows: R,
    mut progress: Progress,
    format: RowFormat,
) -> impl Iterator<Item = Result<DocumentBuf>> {
    let mut count = 0;
    std::iter::from_fn(move || {
        let next = rows.next();
        count += 1;
        match (&next, format) {
            (Some(_), RowFormat::Table | RowFormat::Csv) => progress.at(count, || plural(count, "row", "rows")),
            _ => progress.finish(),
        }
        next
    })
}

fn lines(rows: impl Iterator<Item = Result<DocumentBuf>>, out: &mut Output) -> Result<u64> {
    let mut count = 0;
    for row in rows {
        out.line(row?.as_document().to_json()?)?;
        count += 1;
    }
    Ok(count)
}

fn array(rows: impl Iterator<Item = Result<DocumentBuf>>, out: &mut Output) -> Result<u64> {
    let mut count = 0;
    out.text("[")?;
    for row in rows {
        out.text(if count == 0 { "\n" } else { ",\n" })?;
        out.text(&row?.as_document().to_json()?)?;
        count += 1;
    }
    out.line(if count == 0 { "]" } else { "\n]" })?;
    Ok(count)
}

/// Rows with the columns that they have together.
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Object>,
}

impl Sheet {
    fn read(rows: impl Iterator<Item = Result<DocumentBuf>>) -> Result<Self> {
        let mut sheet = Self { columns: Vec::new(), rows: Vec::new() };
        for row in rows {
            if let Value::Object(object) = row?.as_document().to_value()? {
                sheet.add(object);
            }
        }
        if let Some(position) = sheet.columns.iter().position(|column| column == "_id") {
            let id = sheet.columns.remove(position);
            sheet.columns.insert(0, id);
        }
        Ok(sheet)
    }

    fn add(&mut self, row: Object) {
        for name in row.keys() {
            if self.columns.iter().all(|column| column != name) {
                self.columns.push(name.to_owned());
            }
        }
        self.rows.push(row);
    }

    fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}
