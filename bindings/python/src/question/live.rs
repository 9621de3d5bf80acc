//! `live`: the rows of a query that is followed.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use nedb::{Database, ErrorCode, LiveChange, QueryOptions, Seq};
use pyo3::{prelude::*, types::PyDict};

use super::params_of;
use crate::{argument::micros, convert, database::Nedb, failure::Raise, interrupt::Interrupt};

/// Between two looks at Python's signals while nothing comes.
const PATIENCE: Duration = Duration::from_millis(100);

/// What becomes of the rows of a query: an iterator and an async iterator of dicts.
///
/// The first has `seq` and `rows`, each further one `seq`, `removed` (positions in the rows before) and `inserted` (pairs of a position in
/// the rows after and a row).
#[pyclass(frozen, weakref, module = "nedb")]
pub struct LiveQuery {
    db: Py<Nedb>,
    /// What it follows; the handle has another one after it was rebuilt.
    followed: Weak<Database>,
    interrupt: Interrupt,
    live: Mutex<nedb::LiveQuery>,
}

impl LiveQuery {
    fn open(db: &Bound<'_, Nedb>, nql: &str, params: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let (engine, interrupt) = (db.get().db()?, Interrupt::of(db.get()));
        let options = QueryOptions::new().params(params_of(params)?).cancel(interrupt.token());
        let live = Mutex::new(engine.live(nql, &options).or_raise()?);
        Ok(Self { db: db.clone().unbind(), followed: Arc::downgrade(&engine), interrupt, live })
    }

    /// Waits in small steps, so that signals reach Python; `None` for the end of the database or of the time.
    fn wait(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<Option<LiveChange>> {
        #[allow(clippy::disallowed_methods, reason = "a caller in Python waits in real time")]
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            self.db.get().check_process()?;
            #[allow(clippy::disallowed_methods, reason = "a caller in Python waits in real time")]
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            let patience_us = u64::try_from(left.min(PATIENCE).as_micros()).unwrap_or(u64::MAX);
            let next = || self.live.lock().unwrap_or_else(PoisonError::into_inner).next_within(patience_us);
            match py.detach(next) {
                Ok(Some(change)) => return Ok(Some(change)),
                Ok(None) if left.is_zero() => return Ok(None),
                Ok(None) => py.check_signals()?,
                // The close of the handle may end an answer in its middle.
                Err(error) if error.code() == ErrorCode::Closed || self.db.get().is_closed_here() => return Ok(None),
                Err(error) => self.interrupt.or_raise(Err(error))?,
            }
        }
    }

    fn told<'py>(&self, py: Python<'py>, timeout: Option<Duration>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.wait(py, timeout)?.map(|change| dict_of(py, &change)).transpose()
    }
}

/// A change as the messages of the daemon have it.
fn dict_of<'py>(py: Python<'py>, change: &LiveChange) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("seq", Seq::number_of(change.seq))?;
    let rows = change.inserted.iter().map(|(at, row)| Ok((*at, convert::dict_of(py, &row.document().as_document())?)));
    let rows = rows.collect::<PyResult<Vec<_>>>()?;
    if change.is_whole {
        dict.set_item("rows", rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>())?;
    } else {
        dict.set_item("removed", &change.removed)?;
        dict.set_item("inserted", rows)?;
    }
    Ok(dict)
}

#[pymethods]
impl LiveQuery {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.told(py, None)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("nedb.aio._database")?.getattr("_next_of")?.call1((slf,))
    }

    /// What is different, or None when the database is closed or nothing was within the time; None waits for ever.
    #[pyo3(signature = (timeout_s=None))]
    fn next<'py>(&self, py: Python<'py>, timeout_s: Option<f64>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let timeout = timeout_s.map(|seconds| micros(seconds, "a timeout").map(Duration::from_micros)).transpose()?;
        self.told(py, timeout)
    }

    /// Whether the database is closed: nothing more will come.
    #[getter]
    fn closed(&self) -> bool {
        let db = self.db.get();
        db.is_closed_here() || !db.is_open(&self.followed)
    }
}

#[pymethods]
impl Nedb {
    /// Follows the rows of a query: an iterator, and an async iterator, that waits for what becomes of them.
    ///
    /// The first dict has all `rows`; each further one says which positions are `removed` from the rows before and which rows are `inserted`
    /// where in the rows after. It ends when the database is closed.
    #[pyo3(signature = (nql, params=None))]
    fn live(slf: &Bound<'_, Self>, nql: String, params: Option<&Bound<'_, PyDict>>) -> PyResult<LiveQuery> {
        LiveQuery::open(slf, &nql, params)
    }
}
