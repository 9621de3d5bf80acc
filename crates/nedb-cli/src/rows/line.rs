//! One field a line, rows divided by an empty line: for rows that are wider than any terminal.

use nedb::DocumentBuf;
use nedb_types::Result;

use super::cell;
use crate::output::Output;

pub fn print(rows: impl Iterator<Item = Result<DocumentBuf>>, out: &mut Output) -> Result<u64> {
    let mut count = 0;
    for row in rows {
        if count > 0 {
            out.line("")?;
        }
        let row = row?;
        let document = row.as_document();
        let mut fields = Vec::new();
        for field in document.iter() {
            let (name, value) = field?;
            fields.push((name, cell::shown(Some(&value.to_value()?))?));
        }
        let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, text) in fields {
            out.line(format_args!("{name:>width$} = {text}"))?;
        }
        count += 1;
    }
    Ok(count)
}
