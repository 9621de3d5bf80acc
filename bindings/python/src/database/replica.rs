//! A database in memory that replays operations which have their seqs and times from elsewhere.
//!
//! `nedb.wrap_redis` keeps one beside a stream in Redis. Promises: what is written while a time is told gets exactly that
//! commit time, and nothing is written that was not replayed: expired documents are not swept. Leaves to the caller: the
//! order of the operations, and one writer at a time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::ArcSwapOption;
use nedb::{Database, Options};
use nedb_io::{Clock, Io, RealClock};
use pyo3::prelude::*;

use super::{MEMORY_BYTES_MAX, Nedb};
use crate::{argument::invalid, failure::Raise, fork::Birthplace};

/// No time is told: a moment that no operation has.
const UNTOLD: i64 = i64::MIN;

/// The machine's clock, unless it is told another time.
#[derive(Debug)]
pub struct ToldClock {
    real: RealClock,
    wall_us: AtomicI64,
}

impl Clock for ToldClock {
    fn wall_us(&self) -> i64 {
        match self.wall_us.load(Ordering::SeqCst) {
            UNTOLD => self.real.wall_us(),
            told => told,
        }
    }

    fn monotonic_us(&self) -> u64 {
        self.real.monotonic_us()
    }
}

#[pymethods]
impl Nedb {
    /// Opens an empty replica in memory.
    #[staticmethod]
    #[pyo3(name = "_replica")]
    fn replica(py: Python<'_>) -> PyResult<Self> {
        // Commit times never decrease, and opening has one too: it is before everything that is replayed.
        let clock = Arc::new(ToldClock { real: RealClock::new(), wall_us: AtomicI64::new(0) });
        let io = Io { clock: Arc::<ToldClock>::clone(&clock), ..Io::memory(MEMORY_BYTES_MAX) };
        // A logged index must fit under the limit everywhere, so that no index is made because of what one process asked.
        let options = Options::new().io(io).sweep_interval_us(0).auto_index(false);
        let db = py.detach(|| Database::open("/replica", options)).or_raise()?;
        clock.wall_us.store(UNTOLD, Ordering::SeqCst);
        Ok(Self::of_replica(db, clock))
    }

    /// Tells a replica the time in microseconds since 1970; None lets it see the machine's again.
    #[pyo3(name = "_tell_time")]
    fn tell_time(&self, wall_us: Option<i64>) -> PyResult<()> {
        let Some(clock) = &self.told else {
            return Err(invalid("only a replica is told the time".to_owned()));
        };
        clock.wall_us.store(wall_us.unwrap_or(UNTOLD), Ordering::SeqCst);
        Ok(())
    }
}

impl Nedb {
    fn of_replica(db: Database, clock: Arc<ToldClock>) -> Self {
        Self {
            db: ArcSwapOption::from_pointee(db),
            is_closed: Arc::default(),
            home: None,
            told: Some(clock),
            birthplace: Birthplace::here(),
        }
    }
}
