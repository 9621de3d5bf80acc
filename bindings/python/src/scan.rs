//! `scan`: the documents of a collection by id, taken as they are asked for.

use std::sync::{Mutex, PoisonError};

use nedb::{AsOf, Row, ScanRange};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyDict, PyString},
};

use crate::{
    argument::{Id, Moment, number},
    database::{Nedb, row_to_python},
    failure::Raise,
};

/// Documents that are read at once without the interpreter lock.
const ROWS_AT_ONCE: usize = 256;

/// The documents of a scan, in the byte order of their ids; an iterator.
#[pyclass(frozen, module = "nedb")]
pub struct Scan {
    db: Py<Nedb>,
    rows: Mutex<Rows>,
}

struct Rows {
    scan: nedb::Scan,
    /// Rows that were read ahead; an error behind them comes after them.
    ready: std::vec::IntoIter<nedb::Result<Row>>,
}

impl Rows {
    fn next(&mut self) -> nedb::Result<Option<Row>> {
        if self.ready.len() == 0 {
            self.ready = self.scan.by_ref().take(ROWS_AT_ONCE).collect::<Vec<_>>().into_iter();
        }
        self.ready.next().transpose()
    }
}

#[pymethods]
impl Scan {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.db.get().check()?;
        // A row that is ready is taken as it is; only reading more is worth giving the lock away.
        let ready = self.rows.try_lock().ok().and_then(|mut rows| rows.ready.next());
        let row = match ready {
            Some(row) => row.map(Some),
            None => py.detach(|| self.rows.lock().unwrap_or_else(PoisonError::into_inner).next()),
        };
        row.or_raise()?.map(|row| row_to_python(py, &row)).transpose()
    }
}

#[pymethods]
impl Nedb {
    /// The documents of a collection by id in byte order: with a prefix, from `start` (inclusive) to `end` (exclusive).
    #[pyo3(signature = (coll, **kwargs), text_signature = "($self, coll, *, prefix=None, start=None, end=None, as_of=None, \
        limit=None, reverse=False)")]
    fn scan(slf: &Bound<'_, Self>, coll: String, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Scan> {
        let prefix = kwargs.map(|kwargs| kwargs.get_item("prefix")).transpose()?.flatten();
        let prefix = prefix.filter(|prefix| !prefix.is_none()).map(|prefix| prefix.extract::<Id>()).transpose()?;
        let mut range = prefix.map_or_else(ScanRange::all, ScanRange::prefix);
        let mut as_of = AsOf::Head;
        for (name, value) in kwargs.into_iter().flat_map(PyDictMethods::iter) {
            if value.is_none() {
                continue;
            }
            match &*name.cast::<PyString>()?.to_cow()? {
                "start" => range = range.from(value.extract::<Id>()?),
                "end" => range = range.to(value.extract::<Id>()?),
                "limit" => range = range.limit(number("limit", &value)?),
                "as_of" => as_of = value.extract::<Moment>()?.0,
                "reverse" if value.is_truthy()? => range = range.reverse(),
                "prefix" | "reverse" => {}
                other => {
                    return Err(PyTypeError::new_err(format!("scan() got an unexpected keyword argument '{other}'")));
                }
            }
        }
        let scan = slf.get().call(slf.py(), |db| db.snapshot_at(as_of)?.scan(&coll, &range))?;
        let rows = Mutex::new(Rows { scan, ready: Vec::new().into_iter() });
        Ok(Scan { db: slf.clone().unbind(), rows })
    }
}
