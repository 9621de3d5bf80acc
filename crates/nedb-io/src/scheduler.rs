//! The seam for background work: run this now, run that later.
//!
//! Tasks are short or block on a disk; they may start in any order. A task must never wait for another one that was
//! handed in later, because the number of threads is bounded. Who waits for a result, and how, is left to the callers.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Debug},
};

use crate::Mutex;

/// A piece of background work.
pub type Task = Box<dyn FnOnce() + Send>;

/// Runs tasks in the background.
pub trait Scheduler: Send + Sync + Debug {
    /// Runs the task as soon as there is a free thread.
    fn run(&self, name: &'static str, task: Task);

    /// Runs the task once the delay has passed.
    fn after(&self, delay_us: u64, name: &'static str, task: Task);
}

/// A queue that does nothing until a test steps it, always in the same order.
///
/// ```
/// use nedb_io::{ManualScheduler, Scheduler};
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
///
/// let scheduler = ManualScheduler::new();
/// let done = Arc::new(AtomicU32::new(0));
/// let count = Arc::clone(&done);
/// scheduler.after(10, "count", Box::new(move || { count.fetch_add(1, Ordering::SeqCst); }));
/// assert!(!scheduler.run_next());
/// assert_eq!(scheduler.run_due(10), 1);
/// assert_eq!(done.load(Ordering::SeqCst), 1);
/// ```
#[derive(Default)]
pub struct ManualScheduler {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    now_us: u64,
    ready: VecDeque<(&'static str, Task)>,
    delayed: BTreeMap<(u64, u64), (&'static str, Task)>,
    delayed_count: u64,
}

impl ManualScheduler {
    /// Creates an empty queue whose time is zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs the oldest ready task in the caller's thread and returns true, or returns false when none is ready.
    pub fn run_next(&self) -> bool {
        let next = self.queue.lock().ready.pop_front();
        match next {
            Some((_, task)) => {
                task();
                true
            }
            None => false,
        }
    }

    /// Moves the queue's time to `now_us`, runs every ready and every due task, and returns how many ran.
    ///
    /// Tasks that these hand in are run too when they are due. The time never moves back.
    pub fn run_due(&self, now_us: u64) -> u64 {
        let mut ran = 0;
        loop {
            self.queue.lock().promote(now_us);
            if !self.run_next() {
                return ran;
            }
            ran += 1;
        }
    }

    /// Returns how many tasks wait, ready or delayed.
    pub fn pending(&self) -> usize {
        let queue = self.queue.lock();
        queue.ready.len() + queue.delayed.len()
    }

    /// Returns the names of the waiting tasks: the ready ones in order, then the delayed ones by time.
    pub fn pending_names(&self) -> Vec<&'static str> {
        let queue = self.queue.lock();
        queue.ready.iter().chain(queue.delayed.values()).map(|(name, _)| *name).collect()
    }

    /// Returns the time at which the next delayed task is due.
    pub fn next_due_us(&self) -> Option<u64> {
        self.queue.lock().delayed.keys().next().map(|(due_us, _)| *due_us)
    }

    /// Throws all waiting tasks away, as the end of a process does.
    pub fn forget_all(&self) {
        let mut queue = self.queue.lock();
        let now_us = queue.now_us;
        let forgotten = std::mem::replace(&mut *queue, Queue { now_us, ..Queue::default() });
        // What a task owns may call back when it is dropped.
        drop(queue);
        drop(forgotten);
    }
}

impl Queue {
    fn promote(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > self.now_us {
                break;
            }
            self.ready.push_back(entry.remove());
        }
    }
}

impl Scheduler for ManualScheduler {
    fn run(&self, name: &'static str, task: Task) {
        self.queue.lock().ready.push_back((name, task));
    }

    fn after(&self, delay_us: u64, name: &'static str, task: Task) {
        let mut queue = self.queue.lock();
        let key = (queue.now_us.saturating_add(delay_us), queue.delayed_count);
        queue.delayed_count += 1;
        queue.delayed.insert(key, (name, task));
    }
}

impl Debug for ManualScheduler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ManualScheduler").field("pending", &self.pending_names()).finish()
    }
}
