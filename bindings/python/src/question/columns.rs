//! The rows of a query column by column, for a table of Arrow.
//!
//! Promises: each value is read once, straight from the stored form, and no row is made into a dict. The table itself is made by
//! `nedb/arrow.py` from the buffers of the columns, which pyarrow takes as they are: filling the structures of Arrow's C interface
//! here would take `unsafe` (`docs/decisions/0021-tables-of-arrow-are-made-of-buffers.md`).

use std::collections::BTreeMap;

use nedb::QueryRow;
use pyo3::{prelude::*, types::PyDict};

use super::column::Column;
use crate::failure::Raise;

/// Columns that grow row by row; a field that a row lacks is null there.
#[derive(Default)]
pub struct Columns {
    named: Vec<(String, Column)>,
    places: BTreeMap<String, usize>,
    rows: usize,
}

impl Columns {
    /// Adds a row.
    pub fn push(&mut self, py: Python<'_>, row: &QueryRow) -> PyResult<()> {
        for (at, field) in row.document().as_document().root().iter().enumerate() {
            let (name, value) = field.or_raise()?;
            let rows = self.rows;
            let column = self.column(at, name);
            column.fill(py, rows)?;
            column.push(py, &value)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The table of Arrow.
    pub fn table(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let columns = PyDict::new(py);
        for (name, mut column) in self.named {
            column.fill(py, self.rows)?;
            columns.set_item(name, column.finish(py)?)?;
        }
        py.import("nedb.arrow")?.getattr("table_of")?.call1((columns,))
    }

    /// The column of a name. Rows of one collection mostly have the same fields in the same order, so the place in the row is tried first.
    fn column(&mut self, at: usize, name: &str) -> &mut Column {
        let place = match self.named.get(at) {
            Some((known, _)) if known == name => at,
            _ => self.places.get(name).copied().unwrap_or_else(|| {
                self.places.insert(name.to_owned(), self.named.len());
                self.named.push((name.to_owned(), Column::new()));
                self.named.len() - 1
            }),
        };
        let column = self.named.get_mut(place).map(|(_, column)| column);
        column.expect("a place is that of a column")
    }
}
