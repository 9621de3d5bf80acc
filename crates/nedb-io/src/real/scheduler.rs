//! Background work on the machine's threads: one pool and one timer for the whole process.
//!
//! No database has threads of its own, so that a process may open hundreds of them. A forked child has none of its
//! parent's threads and may find their locks taken: it gets a pool and a timer of its own, and never touches the others.

use std::{sync::Arc, thread};

use arc_swap::ArcSwapOption;

use super::{pool::Pool, timer::Timer};
use crate::{Scheduler, Task, forks};

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
    /// The process whose threads these are, as [`forks`] numbers it.
    forks: u64,
}

impl RealScheduler {
    /// Returns the scheduler of this process; a forked child gets another one than its parent.
    pub fn shared() -> Arc<Self> {
        // No lock and nothing that is made once: a thread that is gone could have been in the middle of it at the fork.
        static SHARED: ArcSwapOption<RealScheduler> = ArcSwapOption::const_empty();
        let forks = forks();
        let is_ours = |shared: &Option<Arc<Self>>| shared.as_ref().is_some_and(|shared| shared.forks == forks);
        if let Some(shared) = SHARED.load_full().filter(|shared| shared.forks == forks) {
            return shared;
        }
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let made = Arc::new(Self::with_threads(THREADS_PER_CORE * cores + THREADS_EXTRA, forks));
        let before = SHARED.rcu(|shared| if is_ours(shared) { shared.clone() } else { Some(Arc::clone(&made)) });
        match before {
            Some(shared) if shared.forks == forks => shared,
            of_parent => {
                // Its tasks are the parent's, and to drop them would touch the parent's databases.
                std::mem::forget(of_parent);
                made
            }
        }
    }

    /// Returns how many tasks have panicked; each ended alone and its thread went on.
    pub fn panics(&self) -> u64 {
        self.pool.panics()
    }

    fn with_threads(threads_max: usize, forks: u64) -> Self {
        let pool = Arc::new(Pool::new(threads_max));
        let timer = Arc::new(Timer::new(Arc::clone(&pool)));
        Self { pool, timer, forks }
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
