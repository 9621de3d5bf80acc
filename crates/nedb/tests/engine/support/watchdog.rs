//! Ends a test process that stands still, because a deadlock must be found and never waited for.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nedb_io::{RealScheduler, Scheduler};

/// Aborts the process unless it is dropped in time.
#[derive(Debug)]
pub struct Watchdog(Arc<AtomicBool>);

impl Watchdog {
    /// Begins to wait.
    pub fn seconds(name: &'static str, seconds: u64) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_done);
        let bark = move || {
            if !seen.load(Ordering::SeqCst) {
                // The test harness captures `eprintln`; this must be seen.
                let _unseen = writeln!(std::io::stderr(), "{name} has stood still for {seconds} s");
                std::process::abort();
            }
        };
        RealScheduler::shared().after(seconds * 1_000_000, "watchdog", Box::new(bark));
        Self(is_done)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
