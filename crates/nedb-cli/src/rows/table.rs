//! Rows as a table that fits the terminal: a cell that is too wide is cut and ends in `…`, a row is always one line.

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};
use nedb_types::Result;

use super::{Sheet, cell};
use crate::output::Output;

pub fn print(sheet: &Sheet, width: Option<u16>, out: &mut Output) -> Result<u64> {
    let count = sheet.count();
    if !sheet.columns.is_empty() {
        for line in table(sheet, width)?.lines() {
            out.line(line.trim_end())?;
        }
    }
    Ok(count)
}

fn table(sheet: &Sheet, width: Option<u16>) -> Result<Table> {
    let mut table = Table::new();
    table
        .set_truncation_indicator("…")
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    match width {
        Some(width) => table.set_width(width),
        None if table.width().is_none() => table.set_content_arrangement(ContentArrangement::Disabled),
        None => &mut table,
    };
    table.set_header(&sheet.columns);
    for row in &sheet.rows {
        let cells: Vec<String> =
            sheet.columns.iter().map(|column| cell::shown(row.get(column))).collect::<Result<_>>()?;
        let mut line = Row::from(cells);
        line.max_height(1);
        table.add_row(line);
    }
    for (position, name) in sheet.columns.iter().enumerate() {
        let mut values = sheet.rows.iter().filter_map(|row| row.get(name));
        if values.all(|value| cell::is_number(value) || *value == nedb::Value::Null)
            && let Some(column) = table.column_mut(position)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(table)
}
