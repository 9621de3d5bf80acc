//! What ends a call of the engine in its middle: a signal, an awaiting task that was cancelled, or the end of the handle.
//!
//! Python notes a signal and acts on it when its main thread runs Python code again, which a long call of the engine would put off to its
//! end. So a call that may be long gives the engine a token that asks now and then. Promises: an exception that a signal's handler raises
//! ends the call and is raised from it; `close` and a [`Cancellation`] end it on any thread; a call that is short never takes the
//! interpreter lock for this.

use std::cell::RefCell;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::thread;

use nedb::{CancelToken, Database, Error, ErrorCode};
use nedb_io::{Clock, RealClock};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    database::{Nedb, closed},
    failure::{Raise, raised},
};

/// How long the engine works between two looks at Python's signals: soon enough for a person who waits.
const ASK_EVERY_US: u64 = 50_000;

thread_local! {
    /// What may cancel the calls that this thread makes now.
    static CANCELLATION: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Ends calls that another thread makes, when nobody waits for them any more.
#[pyclass(frozen, module = "nedb._native")]
pub struct Cancellation {
    is_cancelled: Arc<AtomicBool>,
}

#[pymethods]
impl Cancellation {
    #[new]
    fn new() -> Self {
        Self { is_cancelled: Arc::default() }
    }

    /// Calls with the arguments; what the call asks of the engine ends with `cancelled` once `cancel` was called.
    #[pyo3(signature = (call, /, *args, **kwargs))]
    fn run<'py>(
        &self,
        call: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let before = CANCELLATION.replace(Some(Arc::clone(&self.is_cancelled)));
        let done = call.call(args, kwargs);
        CANCELLATION.set(before);
        done
    }

    /// Ends what runs, soon.
    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
    }
}

fn is_set(cancellation: Option<&Arc<AtomicBool>>) -> bool {
    cancellation.is_some_and(|is_cancelled| is_cancelled.load(Ordering::Acquire))
}

/// Whether nobody waits any more for what this thread does.
fn is_cancelled_here() -> bool {
    CANCELLATION.with_borrow(|cancellation| is_set(cancellation.as_ref()))
}

/// Between two parts of a call that is made of many: raises what a handler raises, and ends what was cancelled.
pub fn check(py: Python<'_>) -> PyResult<()> {
    py.check_signals()?;
    if is_cancelled_here() {
        return Err(raised(&Error::new(ErrorCode::Cancelled, "nobody waits for the call any more")));
    }
    Ok(())
}

/// What ends one call.
pub struct Interrupt {
    /// What a handler raised.
    raised: Arc<Mutex<Option<PyErr>>>,
    /// Whether the handle was closed.
    is_closed: Arc<AtomicBool>,
    token: CancelToken,
}

impl Interrupt {
    /// Begins a call of a handle on this thread. On others no signals are asked for: Python has handlers run on one thread only, and it
    /// is not a worker's.
    pub fn of(db: &Nedb) -> Self {
        let found = Arc::new(Mutex::new(None));
        let is_closed = db.closedness();
        let begun_under = CANCELLATION.with_borrow(Clone::clone);
        let (noted, caller, clock, next_us) =
            (Arc::clone(&found), thread::current().id(), RealClock::new(), AtomicU64::new(ASK_EVERY_US));
        let ends = Arc::clone(&is_closed);
        let asks = move || {
            if ends.load(Ordering::Acquire) || is_set(begun_under.as_ref()) || is_cancelled_here() {
                return true;
            }
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
        Self { raised: found, is_closed, token: CancelToken::asking(asks) }
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

    /// Raises what a handler raised, else the engine's error; what the close of the handle ended is told as that.
    pub fn or_raise<T>(&self, result: nedb::Result<T>) -> PyResult<T> {
        if let Some(signal) = self.raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(signal);
        }
        let is_ended = result.as_ref().is_err_and(|error| error.code() == ErrorCode::Cancelled);
        if is_ended && self.is_closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        result.or_raise()
    }
}
