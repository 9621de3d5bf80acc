//! `db.log`: the operations as a sequence that is read as it is asked for.

use std::sync::{Mutex, PoisonError};

use nedb::{Database, Entry, Seq};
use pyo3::{
    exceptions::{PyIndexError, PyValueError},
    prelude::*,
    types::{PyList, PySlice},
};

use super::Op;
use crate::database::Nedb;

/// Operations that are read at once without the interpreter lock.
const OPS_AT_ONCE: usize = 256;

/// The operations of a database, oldest first: a read-only sequence of `Op` up to the durable end.
#[pyclass(frozen, sequence, module = "nedb")]
pub struct LogView {
    db: Py<Nedb>,
}

fn durable_size(db: &Database) -> u64 {
    db.durable_seq().map_or(0, |seq| seq.get() + 1).min(db.head().size)
}

/// The seq before an operation, after which `since` begins.
fn before(seq: u64) -> Option<Seq> {
    seq.checked_sub(1).map(Seq::new)
}

impl LogView {
    pub fn new(db: Py<Nedb>) -> Self {
        Self { db }
    }

    /// The operations from a seq on, all or so many.
    pub fn read_from(&self, py: Python<'_>, from: u64, count: Option<usize>) -> PyResult<Vec<Op>> {
        let entries: Vec<Entry> =
            self.db.get().call(py, |db| db.since(before(from)).take(count.unwrap_or(usize::MAX)).collect())?;
        Ok(entries.into_iter().map(|entry| Op::new(self.db.clone_ref(py), entry)).collect())
    }

    /// Where an operation of this log stands.
    fn find(&self, op: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let Ok(op) = op.cast::<Op>() else { return Ok(None) };
        let at = op.get().position();
        let Some(place) = usize::try_from(at).ok().filter(|at| self.size().is_ok_and(|size| *at < size)) else {
            return Ok(None);
        };
        let found = self.read_from(op.py(), at, Some(1))?.pop();
        Ok(found.is_some_and(|found| found.__eq__(op.get())).then_some(place))
    }

    fn size(&self) -> PyResult<usize> {
        Ok(usize::try_from(durable_size(&*self.db.get().db()?)).unwrap_or(usize::MAX))
    }
}

#[pymethods]
impl LogView {
    fn __len__(&self) -> PyResult<usize> {
        self.size()
    }

    /// One operation, or a list of those of a slice.
    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let size = self.size()?;
        let Ok(slice) = index.cast::<PySlice>() else {
            let index: isize = index.extract()?;
            let at = if index < 0 { size.checked_add_signed(index) } else { usize::try_from(index).ok() };
            let found = match at.filter(|at| *at < size) {
                Some(at) => self.read_from(py, at as u64, Some(1))?.pop(),
                None => None,
            };
            let found = found.ok_or_else(|| PyIndexError::new_err(format!("the log has {size} operations")))?;
            return Ok(Bound::new(py, found)?.into_any());
        };
        let indices = slice.indices(isize::try_from(size).unwrap_or(isize::MAX))?;
        if indices.step == 1 {
            let from = u64::try_from(indices.start).unwrap_or(0);
            return Ok(PyList::new(py, self.read_from(py, from, Some(indices.slicelength))?)?.into_any());
        }
        let (mut ops, mut at) = (Vec::with_capacity(indices.slicelength), indices.start);
        for _ in 0..indices.slicelength {
            ops.extend(self.read_from(py, u64::try_from(at).unwrap_or(0), Some(1))?);
            at += indices.step;
        }
        Ok(PyList::new(py, ops)?.into_any())
    }

    /// Where an operation stands, which is its seq; `ValueError` when the log does not have it.
    #[pyo3(signature = (op, start=0, stop=None, /))]
    fn index(&self, op: &Bound<'_, PyAny>, start: isize, stop: Option<isize>) -> PyResult<usize> {
        let missing = || PyValueError::new_err("the log does not have this operation");
        let size = self.size()?;
        let at_least_0 = |at: isize| if at < 0 { size.saturating_add_signed(at) } else { at.unsigned_abs() };
        let at = self.find(op)?.ok_or_else(missing)?;
        let is_within = (at_least_0(start)..stop.map_or(size, at_least_0)).contains(&at);
        if is_within { Ok(at) } else { Err(missing()) }
    }

    /// How often it has an operation: once or not at all.
    #[pyo3(signature = (op, /))]
    fn count(&self, op: &Bound<'_, PyAny>) -> PyResult<usize> {
        Ok(usize::from(self.find(op)?.is_some()))
    }

    fn __contains__(&self, op: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.find(op)?.is_some())
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<OpIterator> {
        let end = self.size()? as u64;
        Ok(OpIterator { log: Self::new(self.db.clone_ref(py)), end, place: Mutex::new((0, Vec::new().into_iter())) })
    }

    /// The root of the tree over all operations; zeros when there are none.
    #[getter]
    fn head(&self) -> PyResult<String> {
        Ok(self.db.get().db()?.head().hex())
    }

    /// All operations as a list.
    #[getter]
    fn ops(&self, py: Python<'_>) -> PyResult<Vec<Op>> {
        self.read_from(py, 0, None)
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("<log of {} operations>", self.size()?))
    }
}

/// The operations of a log up to the end that it had when the iteration began.
#[pyclass(frozen, module = "nedb")]
pub struct OpIterator {
    log: LogView,
    end: u64,
    /// The seq behind what was read, and what of that was not given out yet.
    place: Mutex<(u64, std::vec::IntoIter<Entry>)>,
}

#[pymethods]
impl OpIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Op>> {
        let entry = self.log.db.get().call(py, |db| {
            let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            let (from, unread) = &mut *place;
            if unread.as_slice().is_empty() && *from < self.end {
                let count = OPS_AT_ONCE.min(usize::try_from(self.end - *from).unwrap_or(OPS_AT_ONCE));
                let entries: Vec<Entry> = db.since(before(*from)).take(count).collect::<nedb::Result<_>>()?;
                *from += count as u64;
                *unread = entries.into_iter();
            }
            Ok(unread.next())
        })?;
        Ok(entry.map(|entry| Op::new(self.log.db.clone_ref(py), entry)))
    }
}
