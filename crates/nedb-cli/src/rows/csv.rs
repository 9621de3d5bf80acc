//! Comma-separated values after RFC 4180, with a header.

use nedb_types::Result;

use super::{Sheet, cell};
use crate::output::Output;

pub fn print(sheet: &Sheet, out: &mut Output) -> Result<u64> {
    if sheet.columns.is_empty() {
        return Ok(sheet.count());
    }
    out.line(record(sheet.columns.iter().map(String::as_str)))?;
    for row in &sheet.rows {
        let cells: Vec<String> =
            sheet.columns.iter().map(|column| cell::text(row.get(column))).collect::<Result<_>>()?;
        out.line(record(cells.iter().map(String::as_str)))?;
    }
    Ok(sheet.count())
}

fn record<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted = |cell: &str| {
        let is_plain = !cell.contains(['"', ',', '\n', '\r']);
        if is_plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    cells.map(quoted).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_or_line_ends_are_quoted() {
        assert_eq!(record(["a", "b,c", "d\"e", "", "f\ng"].into_iter()), "a,\"b,c\",\"d\"\"e\",,\"f\ng\"");
    }
}
