//! The seam for work that is split over threads and waited for.
//!
//! Promises: results come back in the order of the jobs, whatever the threads did, so a parallel run answers as a
//! sequential one. Choosing the jobs is left to the callers.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Mutex;

/// Runs `jobs` jobs on at most `threads` threads, the caller's included, and returns their results in order.
///
/// Where the system gives no more threads, fewer do the work. A job that panics ends the call with a panic.
///
/// ```
/// let squares = nedb_io::scoped(4, 5, |job| job * job);
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
pub fn scoped<T: Send>(threads: usize, jobs: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(jobs));
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            let result = run(job);
            results.lock().push((job, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(jobs) {
            // Where no thread can be had, those that there are do the work.
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut results = results.into_inner();
    results.sort_by_key(|(job, _)| *job);
    results.into_iter().map(|(_, result)| result).collect()
}
