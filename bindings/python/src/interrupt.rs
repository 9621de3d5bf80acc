//! Ctrl-C in the middle of a call: what Python does with a signal is done while the engine works.
//!
//! Python notes a signal and acts on it when its main thread runs Python code again, which a long call of the engine would put off to its
//! end. So a call that may be long gives the engine a token that asks now and then. Promises: an exception that a handler raises
//! ends the call and is raised from it; a call that is short never takes the interpreter lock for this.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::thread;

use nedb::{CancelToken, Database};
use nedb_io::{Clock, RealClock};
use pyo3::prelude::*;

use crate::{database::Nedb, failure::Raise};

/// How long the engine works between two looks at Python's signals: soon enough for a person who waits.
const ASK_EVERY_US: u64 = 50_000;

/// What ends one call at a signal.
pub struct Interrupt {
    /// What a handler raised.
    raised: Arc<Mutex<Option<PyErr>>>,
    token: CancelToken,
}

impl Interrupt {
    /// Begins a call on this thread. On others nothing is asked: Python has handlers run on one thread only, and it is not a worker's.
    pub fn new() -> Self {
        let found = Arc::new(Mutex::new(None));
        let (noted, caller, clock, next_us) =
            (Arc::clone(&found), thread::current().id(), RealClock::new(), AtomicU64::new(ASK_EVERY_US));
        let asks = move || {
            let now_us = clock.monotonic_us();
            if now_us < next_us.load(Ordering::Relaxed) || thread::current().id() != caller {
                return false;
            }
            next_us.store(now_us + ASK_EVERY_US, Ordering::Relaxed);
            let signal = Python::attach(|py| py.check_signals().err());
            let is_raised = signal.is_some();
            if is_raised {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = signal;
            }
            is_raised
        };
        Self { raised: found, token: CancelToken::asking(asks) }
    }

    /// What the engine asks.
    pub fn token(&self) -> CancelToken {
        self.token.clone()
    }

    /// Calls the engine without the interpreter lock.
    pub fn call<T: Send>(
        &self,
        py: Python<'_>,
        db: &Nedb,
        work: impl FnOnce(&Database) -> nedb::Result<T> + Send,
    ) -> PyResult<T> {
        let db = db.db()?;
        self.or_raise(py.detach(|| work(&db)))
    }

    /// Raises what a handler raised, else the engine's error.
    pub fn or_raise<T>(&self, result: nedb::Result<T>) -> PyResult<T> {
        match self.raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(signal) => Err(signal),
            None => result.or_raise(),
        }
    }
}
