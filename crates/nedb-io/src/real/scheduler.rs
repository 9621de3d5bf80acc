//! Background work on the machine's threads: one pool and one timer for the whole process.
//!
//! No database has threads of its own, so that a process may open hundreds of them.

use std::{
    sync::{Arc, OnceLock},
    thread,
};

use super::{pool::Pool, timer::Timer};
use crate::{Scheduler, Task};

/// Tasks mostly wait for the disk, so there may be more of them than cores; the 8 keep small machines responsive.
const THREADS_PER_CORE: usize = 2;
const THREADS_EXTRA: usize = 8;

/// Runs tasks on a bounded pool of threads that start when needed and end when idle.
///
/// ```
/// use nedb_io::{RealScheduler, Scheduler};
/// use std::sync::mpsc;
///
/// let (sender, receiver) = mpsc::channel();
/// RealScheduler::shared().run("greet", Box::new(move || sender.send("hello").expect("the receiver waits")));
/// assert_eq!(receiver.recv(), Ok("hello"));
/// ```
#[derive(Debug)]
pub struct RealScheduler {
    pool: Arc<Pool>,
    timer: Arc<Timer>,
}

impl RealScheduler {
    /// Returns the scheduler of this process.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<RealScheduler>> = OnceLock::new();
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::with_threads(THREADS_PER_CORE * cores() + THREADS_EXTRA))))
    }

    /// Returns how many tasks have panicked; each ended alone and its thread went on.
    pub fn panics(&self) -> u64 {
        self.pool.panics()
    }

    fn with_threads(threads_max: usize) -> Self {
        let pool = Arc::new(Pool::new(threads_max));
        let timer = Arc::new(Timer::new(Arc::clone(&pool)));
        Self { pool, timer }
    }
}

impl Scheduler for RealScheduler {
    fn run(&self, name: &'static str, task: Task) {
        self.pool.run(name, task);
    }

    fn after(&self, delay_us: u64, name: &'static str, task: Task) {
        self.timer.after(delay_us, name, task);
    }
}
