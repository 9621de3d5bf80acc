//! What is left of an open database in a forked process: nothing that may be used.
//!
//! A child has the parent's memory but not its threads, and it shares the parent's files. Promises: a handle that was opened
//! before a fork refuses every call in the child, and does nothing there when it goes: the files are the parent's. What the
//! child opens itself has threads and locks of its own (`nedb_io::RealScheduler`), and what is made once for the process is not made
//! behind a lock that another thread could find taken after a fork ([`MadeOnce`]).

use std::sync::Arc;

use nedb::{Database, Error, ErrorCode, Result};
use nedb_io::forks;
use pyo3::{prelude::*, sync::PyOnceLock};

/// The process in which something was opened.
#[derive(Clone, Copy)]
pub struct Birthplace {
    forks: u64,
    process: u32,
}

impl Birthplace {
    pub fn here() -> Self {
        Self { forks: forks(), process: std::process::id() }
    }

    /// Whether this still is that process.
    pub fn is_here(self) -> bool {
        self.forks == forks()
    }

    /// Ends a database: closes it without holding up the interpreter, or leaves it to the parent.
    pub fn end(self, db: Option<Arc<Database>>) {
        if !self.is_here() {
            // The files are the parent's: closing them here would write to them.
            std::mem::forget(db);
            return;
        }
        // Closing writes a checkpoint. Without an interpreter there is nobody to hold up.
        let mut db = Some(db);
        if Python::try_attach(|py| py.detach(|| drop(db.take()))).is_none() {
            drop(db);
        }
    }

    /// Refuses to go on in a child.
    pub fn check(self) -> Result<()> {
        if self.is_here() {
            return Ok(());
        }
        let (parent, child) = (self.process, std::process::id());
        let message = format!(
            "the database was opened in process {parent} and cannot be used in its forked child {child}: open it after the \
             fork, or start processes with the method \"spawn\""
        );
        Err(Error::new(ErrorCode::Unsupported, message))
    }
}

/// An object of Python's that is made once for the process.
///
/// `PyOnceLock::get_or_init` lets other threads run while it makes one. If one of them forks, the child waits for ever for a thread that it
/// does not have. Here each thread that finds none makes one, and the first is kept: the lock is
/// held for a move of a pointer alone.
pub struct MadeOnce(PyOnceLock<Py<PyAny>>);

impl MadeOnce {
    pub const fn new() -> Self {
        Self(PyOnceLock::new())
    }

    /// The one object, which is made now if there is none.
    pub fn get<'py, T>(
        &self,
        py: Python<'py>,
        make: impl FnOnce() -> PyResult<Bound<'py, T>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(known) = self.0.get(py) {
            return Ok(known.bind(py).clone());
        }
        let made = make()?.into_any();
        // Another thread may have been quicker; one object is as good as the other.
        let _kept = self.0.set(py, made.clone().unbind());
        Ok(made)
    }
}
