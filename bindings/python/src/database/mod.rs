//! The class `NEDB`: opening, closing, and how a call reaches the engine.
//!
//! Promises: every call releases the interpreter lock while the engine works; after `close`, and in a forked child, every
//! call is refused. Its methods are divided by what they do; this file holds what they share.

mod index;
mod proof;
mod read;
mod replica;

pub use read::{node_names, row_to_python};

use std::{
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use nedb::{Database, Error, ErrorCode, Options, Seq};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple, PyType},
};

use self::replica::ToldClock;
use crate::{
    argument,
    failure::{Raise, raised},
    fork::Birthplace,
    history::from_json,
};

/// An open database: `NEDB("path")` on disk, `NEDB()` in memory.
///
/// Opening creates the database where there is none. One process at a time may open a directory for writing. The handle
/// may be shared by threads. `durability` is `sync` (the default), `group` (alias `batch`) or `none` (alias `async`).
#[pyclass(frozen, subclass, weakref, module = "nedb", name = "NEDB")]
pub struct Nedb {
    /// None after the drop, and while it is rebuilt.
    db: ArcSwapOption<Database>,
    is_closed: Arc<AtomicBool>,
    /// The directory and how it was opened; none in memory.
    home: Option<(PathBuf, Options)>,
    /// The clock of a replica, which is told the times of what it replays.
    told: Option<Arc<ToldClock>>,
    birthplace: Birthplace,
}

impl Drop for Nedb {
    fn drop(&mut self) {
        self.birthplace.end(self.db.swap(None));
    }
}

impl Nedb {
    /// The engine's handle, for a call that only moves values in memory.
    pub fn db(&self) -> PyResult<Arc<Database>> {
        self.birthplace.check().or_raise()?;
        if self.is_closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let rebuilt = || raised(&Error::new(ErrorCode::Busy, "the database is being rebuilt"));
        self.db.load_full().ok_or_else(rebuilt)
    }

    /// Calls the engine without the interpreter lock.
    pub fn call<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Database) -> nedb::Result<T> + Send) -> PyResult<T> {
        let db = self.db()?;
        py.detach(|| work(&db)).or_raise()
    }

    /// Whether the handle was closed, for those who work for it meanwhile.
    pub fn closedness(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_closed)
    }

    /// Whether the handle was closed in this process.
    pub fn is_closed_here(&self) -> bool {
        self.birthplace.is_here() && self.is_closed.load(Ordering::Acquire)
    }

    /// Whether the handle still has this database, and not the one that was opened when it was rebuilt.
    pub fn is_open(&self, followed: &Weak<Database>) -> bool {
        self.db.load().as_ref().is_some_and(|db| Weak::ptr_eq(&Arc::downgrade(db), followed))
    }

    /// Refuses to go on in a forked child, where a lock may be held for ever.
    pub fn check_process(&self) -> PyResult<()> {
        self.birthplace.check().or_raise()
    }

    /// Refuses to go on where the database must not be used, for what was made from it.
    pub fn check(&self) -> PyResult<()> {
        self.db().map(drop)
    }
}

#[pymethods]
impl Nedb {
    #[new]
    #[pyo3(signature = (path=None, tmk=None, *, durability="sync".to_owned(), read_only=false, auto_index=true),
        text_signature = "(path=None, tmk=None, *, durability='sync', read_only=False, auto_index=True)")]
    fn new(
        path: Option<PathBuf>,
        tmk: Option<Bound<'_, PyAny>>,
        durability: String,
        read_only: bool,
        auto_index: bool,
    ) -> PyResult<Self> {
        argument::refuse_key(tmk.as_ref())?;
        let mut options = Options::new().durability(argument::durability(&durability)?).auto_index(auto_index);
        if read_only {
            options = options.read_only();
        }
        let home = path.map(|path| (path, options.clone()));
        let open = || match &home {
            Some((path, _)) => Database::open(path, options),
            None => Database::in_memory_with(options, MEMORY_BYTES_MAX),
        };
        let db = Python::attach(|py| py.detach(open)).or_raise()?;
        Ok(Self {
            db: ArcSwapOption::from_pointee(db),
            is_closed: Arc::default(),
            home,
            told: None,
            birthplace: Birthplace::here(),
        })
    }

    /// Does nothing: the constructor has opened the database. A subclass may call it with what it hands on.
    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(slf: &Bound<'_, Self>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) {
        debug_assert!(slf.is_instance_of::<Self>(), "{args} and {kwargs:?} were checked by the constructor");
    }

    /// Ends the use of the database: everything is made durable, a checkpoint is taken, and another handle may open it.
    ///
    /// A second call does nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.birthplace.check().or_raise()?;
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        // While it is rebuilt there is none: whoever rebuilds it closes it then.
        let Some(db) = self.db.load_full() else { return Ok(()) };
        py.detach(|| db.close()).or_raise()
    }

    /// Makes all indexes and checkpoints of the log again and throws away what was stored of them, as `nedb.rebuild` does.
    ///
    /// The handle is closed for it and opened again: calls of other threads are refused as busy meanwhile, and feeds and
    /// cursors that were begun before it end. Returns `{size, head, documents, indexes, duration_us}`.
    fn rebuild<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Some((path, options)) = &self.home else {
            let message = "a database in memory has nothing stored that could be made again";
            return Err(raised(&Error::new(ErrorCode::Unsupported, message)));
        };
        self.db()?;
        let Some(db) = self.db.swap(None) else {
            return Err(raised(&Error::new(ErrorCode::Busy, "the database is being rebuilt")));
        };
        let (report, opened) = py.detach(|| {
            let closed = db.close();
            drop(db);
            let report = closed.and_then(|()| nedb::rebuild(path, options.clone())?.to_json());
            (report, Database::open(path, options.clone()))
        });
        let opened = Arc::new(opened.inspect_err(|_lost| self.is_closed.store(true, Ordering::Release)).or_raise()?);
        self.db.store(Some(Arc::clone(&opened)));
        if self.is_closed.load(Ordering::Acquire) {
            // Somebody closed the handle meanwhile.
            py.detach(|| opened.close()).or_raise()?;
        }
        from_json(py, &report.or_raise()?)
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: Option<Bound<'_, PyType>>,
        exc_value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        drop((exc_type, exc_value, traceback));
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let place = match self.path() {
            Some(path) => path.into_pyobject(py)?.repr()?.to_string(),
            None => "in memory".to_owned(),
        };
        match self.db() {
            Ok(db) => Ok(format!("<NEDB {place}, seq {}>", Seq::number_of(db.head().seq()))),
            Err(_closed_or_forked) => Ok(format!("<NEDB {place}, closed>")),
        }
    }

    /// The directory, or None in memory.
    #[getter]
    fn path(&self) -> Option<String> {
        let (path, _) = self.home.as_ref()?;
        Some(path.to_string_lossy().into_owned())
    }

    /// Whether the handle was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// The root of the Merkle tree over all operations, as 64 hexadecimal digits; zeros when there are none.
    #[getter]
    fn head(&self) -> PyResult<String> {
        Ok(self.db()?.head().hex())
    }

    /// The seq of the last operation; -1 when there is none.
    #[getter]
    fn seq(&self) -> PyResult<i64> {
        Ok(Seq::number_of(self.db()?.head().seq()))
    }

    /// Makes everything that was written durable, whatever the durability mode; returns the last durable seq.
    fn flush(&self, py: Python<'_>) -> PyResult<i64> {
        self.call(py, |db| db.flush().map(Seq::number_of))
    }

    /// Writes a checkpoint, from which the next opening starts; returns the head that it covers.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |db| db.checkpoint().map(|head| head.hex()))
    }
}

/// The refusal of a handle that was closed.
pub fn closed() -> PyErr {
    raised(&Error::new(ErrorCode::Closed, "the database was closed"))
}

/// Most bytes of a database in memory.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
