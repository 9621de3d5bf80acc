//! The one thread that waits for delayed tasks and hands them to the pool.
//!
//! It starts with the first delayed task and ends when it has had none for a while. Tasks never run on it.
#![allow(clippy::disallowed_methods, reason = "this is the implementation that the ban points to")]

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::pool::Pool;
use crate::{Condvar, Mutex, Task, Woken};

/// An idle process keeps no thread for longer than this.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// Keeps sums of instants from overflowing; nothing is scheduled further ahead than this.
const DELAY_MAX: Duration = Duration::from_hours(365 * 24);

pub(super) struct Timer {
    pool: Arc<Pool>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_running: bool,
    count: u64,
    delayed: BTreeMap<(Instant, u64), (&'static str, Task)>,
}

impl Timer {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Hands the task to the pool once the delay has passed.
    pub(super) fn after(self: &Arc<Self>, delay_us: u64, name: &'static str, task: Task) {
        let due = Instant::now() + Duration::from_micros(delay_us).min(DELAY_MAX);
        let mut state = self.state.lock();
        let number = state.count;
        state.count += 1;
        state.delayed.insert((due, number), (name, task));
        let must_start = !state.is_running;
        state.is_running = true;
        drop(state);
        if must_start {
            self.start();
        } else {
            self.changed.notify_one();
        }
    }

    fn start(self: &Arc<Self>) {
        let timer = Arc::clone(self);
        if thread::Builder::new().name("nedb-timer".to_owned()).spawn(move || timer.wait_until_idle()).is_ok() {
            return;
        }
        // The system refuses the thread: running early is better than never, since delays only save work.
        let mut state = self.state.lock();
        state.is_running = false;
        let delayed = std::mem::take(&mut state.delayed);
        drop(state);
        for (name, task) in delayed.into_values() {
            self.pool.run(name, task);
        }
    }

    fn wait_until_idle(&self) {
        let mut state = self.state.lock();
        loop {
            let now = Instant::now();
            let Some(first) = state.delayed.first_entry() else {
                let woken;
                (state, woken) = self.changed.wait_for(state, IDLE_MAX);
                if woken == Woken::TimeOver && state.delayed.is_empty() {
                    state.is_running = false;
                    return;
                }
                continue;
            };
            let due = first.key().0;
            if due > now {
                // Woken early or late, the loop looks again.
                (state, _) = self.changed.wait_for(state, due - now);
                continue;
            }
            let (name, task) = first.remove();
            drop(state);
            self.pool.run(name, task);
            state = self.state.lock();
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Timer").field("delayed", &self.state.lock().delayed.len()).finish_non_exhaustive()
    }
}
