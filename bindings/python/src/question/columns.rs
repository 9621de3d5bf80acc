//! The rows of a query column by column, for a table of Arrow.
//!
//! Promises: each value is made once, straight from the stored form, and no row is made into a dict. Leaves the table itself
//! to `nedb/arrow.py`: the structures of Arrow's C interface are filled by pyarrow, because filling them takes `unsafe`.

use std::collections::BTreeMap;

use nedb::QueryRow;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

use crate::{convert, failure::Raise};

/// Columns that grow row by row; a field that a row lacks is None there.
pub struct Columns<'py> {
    py: Python<'py>,
    named: Vec<(String, Bound<'py, PyList>)>,
    places: BTreeMap<String, usize>,
    rows: usize,
}

impl<'py> Columns<'py> {
    pub fn new(py: Python<'py>) -> Self {
        Self { py, named: Vec::new(), places: BTreeMap::new(), rows: 0 }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &QueryRow) -> PyResult<()> {
        for field in row.document().as_document().root().iter() {
            let (name, value) = field.or_raise()?;
            let value = convert::stored_to_python(self.py, &value)?;
            let rows = self.rows;
            let column = self.column(name);
            fill(column, rows)?;
            column.append(value)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The table of Arrow.
    pub fn table(self) -> PyResult<Bound<'py, PyAny>> {
        let columns = PyDict::new(self.py);
        for (name, column) in &self.named {
            fill(column, self.rows)?;
            columns.set_item(name, column)?;
        }
        self.py.import("nedb.arrow")?.getattr("table_of")?.call1((columns,))
    }

    fn column(&mut self, name: &str) -> &Bound<'py, PyList> {
        let next = self.named.len();
        let place = if let Some(place) = self.places.get(name) {
            *place
        } else {
            self.places.insert(name.to_owned(), next);
            self.named.push((name.to_owned(), PyList::empty(self.py)));
            next
        };
        let column = self.named.get(place).map(|(_, column)| column);
        column.expect("a place is that of a column")
    }
}

/// Appends None up to a number of rows.
fn fill(column: &Bound<'_, PyList>, rows: usize) -> PyResult<()> {
    while column.len() < rows {
        column.append(column.py().None())?;
    }
    Ok(())
}
