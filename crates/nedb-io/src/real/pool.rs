//! The threads that run background tasks: started when needed, ended when idle, never more than a fixed number.
//!
//! A task that panics ends alone; its thread goes on. When to run what is left to the scheduler.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::{Condvar, Mutex, Task, Woken};

/// Long enough to bridge the pauses of a busy database, short enough that an idle process has no threads left.
const IDLE_MAX: Duration = Duration::from_secs(10);

pub(super) struct Pool {
    threads_max: usize,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(&'static str, Task)>,
    threads: usize,
    idle: usize,
    panics: u64,
}

impl Pool {
    pub(super) fn new(threads_max: usize) -> Self {
        Self { threads_max: threads_max.max(1), state: Mutex::default(), work: Condvar::new() }
    }

    /// Queues the task and makes sure that a thread will come for it.
    pub(super) fn run(self: &Arc<Self>, name: &'static str, task: Task) {
        let mut state = self.state.lock();
        state.queue.push_back((name, task));
        if state.queue.len() <= state.idle || state.threads == self.threads_max {
            drop(state);
            self.work.notify_one();
            return;
        }
        state.threads += 1;
        drop(state);
        let pool = Arc::clone(self);
        let started = thread::Builder::new().name(format!("nedb-{name}")).spawn(move || pool.work_until_idle());
        if started.is_err() {
            self.go_on_without_thread();
        }
    }

    /// Returns how many tasks have panicked.
    pub(super) fn panics(&self) -> u64 {
        self.state.lock().panics
    }

    /// The system refuses more threads: the present ones take the task, or the caller's when there is none.
    fn go_on_without_thread(&self) {
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return;
        }
        let task = state.queue.pop_front();
        drop(state);
        if let Some((_, task)) = task {
            self.perform(task);
        }
    }

    fn work_until_idle(&self) {
        while let Some(task) = self.next_task() {
            self.perform(task);
        }
    }

    /// Waits for a task; `None` ends the thread, which has then been taken off the count.
    fn next_task(&self) -> Option<Task> {
        let mut state = self.state.lock();
        loop {
            if let Some((_, task)) = state.queue.pop_front() {
                return Some(task);
            }
            state.idle += 1;
            let woken;
            (state, woken) = self.work.wait_for(state, IDLE_MAX);
            state.idle -= 1;
            if woken == Woken::TimeOver && state.queue.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn perform(&self, task: Task) {
        if catch_unwind(AssertUnwindSafe(task)).is_err() {
            self.state.lock().panics += 1;
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        formatter
            .debug_struct("Pool")
            .field("threads", &state.threads)
            .field("threads_max", &self.threads_max)
            .field("queued", &state.queue.iter().map(|(name, _)| *name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
