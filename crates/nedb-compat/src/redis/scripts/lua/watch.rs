//! When a script ends: the clock that all looks at which runs for it.
//!
//! Promises: once a script is over it stays so, whatever it catches. Leaves to others: to look often enough. Instructions of Lua do it
//! through the hook of the machine, functions in Rust when they are called, and those that may take long while they work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use nedb_io::Clock;

/// How many steps of a function are done between two looks at the clock: some ten microseconds.
const STEPS: usize = 10_000;

/// What it costs to read or to make a value of Lua, beside its bytes.
pub(super) const VALUE_STEPS: usize = 16;

/// When a script ends.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Arc<dyn Clock>,
    end_us: AtomicU64,
    is_over: AtomicBool,
    /// Steps since the last look. One thread uses a machine at a time, so that nothing is lost between reading and writing it.
    steps: AtomicUsize,
}

impl Watch {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let (end_us, is_over) = (AtomicU64::new(u64::MAX), AtomicBool::new(false));
        Self { clock, end_us, is_over, steps: AtomicUsize::new(0) }
    }

    pub(super) fn begin(&self, timeout_us: u64) {
        self.end_us.store(self.clock.monotonic_us().saturating_add(timeout_us), Ordering::Relaxed);
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// Fails when the time of the script is over.
    pub(super) fn look(&self) -> mlua::Result<()> {
        if self.is_over() || self.clock.monotonic_us() >= self.end_us.load(Ordering::Relaxed) {
            self.is_over.store(true, Ordering::Relaxed);
            return Err(mlua::Error::runtime("the script was ended"));
        }
        Ok(())
    }

    /// Counts steps of work, each of some nanoseconds, and looks at the clock when enough have come together.
    pub(super) fn spend(&self, steps: usize) -> mlua::Result<()> {
        let spent = self.steps.load(Ordering::Relaxed).saturating_add(steps);
        if spent < STEPS {
            self.steps.store(spent, Ordering::Relaxed);
            return Ok(());
        }
        self.steps.store(0, Ordering::Relaxed);
        self.look()
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
