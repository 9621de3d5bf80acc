//! `subscribe`: a place in the log that goes on as the database does.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use nedb::{Collection, Database, Entry, ErrorCode, Seq};
use pyo3::prelude::*;

use super::Op;
use crate::{
    argument::{micros, seq_or_before},
    database::Nedb,
    failure::{Raise, raised},
};

/// Between two looks at Python's signals while nothing comes.
const PATIENCE: Duration = Duration::from_millis(100);

/// Operations of other collections that are passed over between two looks at the time and at Python's signals.
const PASSED_MAX: usize = 1024;

/// What a look at the feed gave.
enum Step {
    Found(Box<Entry>),
    /// Operations of other collections.
    Passed,
    Nothing,
}

/// Operations as they become durable; an iterator and an async iterator of `Op`.
#[pyclass(frozen, weakref, module = "nedb")]
pub struct ChangeFeed {
    db: Py<Nedb>,
    /// What it follows; the handle has another one after it was rebuilt.
    followed: Weak<Database>,
    collection: Option<Collection>,
    feed: Mutex<nedb::ChangeFeed>,
}

impl ChangeFeed {
    pub fn open(db: &Bound<'_, Nedb>, coll: Option<String>, from_seq: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let collection = coll.map(|name| Collection::new(&name)).transpose().or_raise()?;
        let engine = db.get().db()?;
        let after = match from_seq {
            None => engine.head().seq(),
            Some(seq) => seq_or_before("from_seq", seq)?.and_then(|seq| seq.checked_sub(1)).map(Seq::new),
        };
        let (followed, feed) = (Arc::downgrade(&engine), Mutex::new(engine.subscribe(after)));
        Ok(Self { db: db.clone().unbind(), followed, collection, feed })
    }

    /// Waits for an operation for at most this time, and passes over some of other collections without waiting again.
    fn step(&self, patience: Duration) -> nedb::Result<Step> {
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut micros = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
        for passed in 0..PASSED_MAX {
            match feed.next_within(micros)? {
                Some(entry) if self.collection.as_ref().is_none_or(|wanted| *wanted == entry.collection) => {
                    return Ok(Step::Found(Box::new(entry)));
                }
                Some(_) => micros = 0,
                None if passed == 0 => return Ok(Step::Nothing),
                None => break,
            }
        }
        Ok(Step::Passed)
    }

    /// Waits in small steps, so that signals reach Python; `None` for the end of the feed or of the time.
    fn wait(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<Option<Op>> {
        let db = self.db.get();
        #[allow(clippy::disallowed_methods, reason = "a caller in Python waits in real time")]
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            db.check_process()?;
            #[allow(clippy::disallowed_methods, reason = "a caller in Python waits in real time")]
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            match py.detach(|| self.step(left.min(PATIENCE))) {
                Ok(Step::Found(entry)) => return Ok(Some(Op::new(self.db.clone_ref(py), *entry))),
                Err(error) if error.code() == ErrorCode::Closed => return Ok(None),
                Err(error) => return Err(raised(&error)),
                Ok(Step::Nothing) if left.is_zero() => return Ok(None),
                Ok(Step::Passed) if deadline.is_some() && left.is_zero() => return Ok(None),
                Ok(Step::Nothing | Step::Passed) => py.check_signals()?,
            }
        }
    }
}

#[pymethods]
impl ChangeFeed {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Op>> {
        self.wait(py, None)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("nedb.aio._database")?.getattr("_next_of")?.call1((slf,))
    }

    /// The next operation, or None when the database is closed or none came within the time; None waits for ever.
    #[pyo3(signature = (timeout_s=None))]
    fn next(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<Option<Op>> {
        let timeout = timeout_s.map(|seconds| micros(seconds, "a timeout").map(Duration::from_micros)).transpose()?;
        self.wait(py, timeout)
    }

    /// Whether the database is closed: what was durable by then is still told, and nothing more will come.
    #[getter]
    fn closed(&self) -> bool {
        let db = self.db.get();
        db.is_closed_here() || !db.is_open(&self.followed)
    }

    /// The seq that comes next; a later subscription from it misses nothing.
    #[getter]
    fn position(&self, py: Python<'_>) -> PyResult<u64> {
        self.db.get().check_process()?;
        Ok(py.detach(|| self.feed.lock().unwrap_or_else(PoisonError::into_inner).position().get()))
    }
}
