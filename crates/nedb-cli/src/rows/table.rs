//! Rows as a table that fits the terminal: a cell that is too wide is cut and ends in `…`, a row is always one line, and
//! columns for which there is no room are left out and counted.

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};
use nedb_types::Result;

use super::{Sheet, cell};
use crate::output::{Output, count};

/// A column has room for this much of its cells, or for all of them.
const CELL_WIDTH_MIN: usize = 6;

/// What a column takes besides its cells: two spaces and a border.
const COLUMN_FRAME: usize = 3;

/// What stands for columns that are left out, and for the end of a cell.
const MORE: &str = "…";

pub fn print(sheet: &Sheet, width: Option<u16>, out: &mut Output) -> Result<u64> {
    if !sheet.columns.is_empty() {
        let mut table = Table::new();
        let cells = cells(sheet)?;
        let width = width.or_else(|| table.width());
        let shown = width.map_or(sheet.columns.len(), |width| columns_shown(&sheet.columns, &cells, width));
        arrange(&mut table, width);
        fill(&mut table, sheet, &cells, shown);
        for line in table.lines() {
            out.line(line.trim_end())?;
        }
        if shown < sheet.columns.len() {
            let (shown, all) = (count(shown as u64), count(sheet.columns.len() as u64));
            out.note(format_args!("{shown} of {all} columns are shown; SELECT chooses, the format line shows all"));
        }
    }
    Ok(sheet.count())
}

/// The cells as they are shown, row by row.
fn cells(sheet: &Sheet) -> Result<Vec<Vec<String>>> {
    let row = |row: &nedb::Object| sheet.columns.iter().map(|column| cell::shown(row.get(column))).collect();
    sheet.rows.iter().map(row).collect()
}

/// How many columns have room, from the left; at least one is shown.
fn columns_shown(columns: &[String], cells: &[Vec<String>], width: u16) -> usize {
    let mut needs = columns.iter().enumerate().map(|(position, name)| {
        let own = cells.iter().filter_map(|row| row.get(position)).map(|cell| cell.chars().count());
        own.max().unwrap_or(0).max(name.chars().count()).min(CELL_WIDTH_MIN) + COLUMN_FRAME
    });
    let (room, more) = (usize::from(width).saturating_sub(1), 1 + COLUMN_FRAME);
    let (mut taken, mut shown) = (0, 0);
    for need in needs.by_ref() {
        taken += need;
        if taken + more > room {
            break;
        }
        shown += 1;
    }
    // The last ones may take the room that would tell of them.
    let rest: usize = needs.sum();
    if taken + rest <= room { columns.len() } else { shown.max(1) }
}

fn arrange(table: &mut Table, width: Option<u16>) {
    table
        .set_truncation_indicator(MORE)
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    match width {
        Some(width) => table.set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
}

fn fill(table: &mut Table, sheet: &Sheet, cells: &[Vec<String>], shown: usize) {
    let more = (shown < sheet.columns.len()).then_some(MORE);
    let line = |cells: &[String]| {
        let mut line = Row::from(cells.iter().take(shown).map(String::as_str).chain(more).collect::<Vec<_>>());
        line.max_height(1);
        line
    };
    table.set_header(line(&sheet.columns));
    for row in cells {
        table.add_row(line(row));
    }
    for (position, name) in sheet.columns.iter().take(shown).enumerate() {
        let mut values = sheet.rows.iter().filter_map(|row| row.get(name));
        if values.all(|value| cell::is_number(value) || *value == nedb::Value::Null)
            && let Some(column) = table.column_mut(position)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_only_when_there_is_no_room() {
        let columns: Vec<String> = (0..4).map(|number| format!("column {number}")).collect();
        // Four columns of six characters with their frames, and the border in front.
        for (width, shown) in [(200, 4), (37, 4), (36, 3), (32, 3), (31, 2), (13, 1), (3, 1)] {
            assert_eq!(columns_shown(&columns, &[], width), shown, "{width}");
        }
        let narrow = [String::from("a"), String::from("b")];
        assert_eq!(columns_shown(&narrow, &[vec!["1".into(), "22".into()]], 10), 2);
        assert_eq!(columns_shown(&narrow, &[vec!["1".into(), "22".into()]], 9), 1);
    }
}
