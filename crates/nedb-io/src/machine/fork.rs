//! How often this process was forked off another one.
//!
//! A forked child has the memory of its parent and one of its threads. Promises: what was noted with the number before a
//! fork has another number in the child, however the fork was made. Leaves to others: what may not be used there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static FORKS: AtomicU64 = AtomicU64::new(0);

/// Returns a number that is another one in every forked child, and else always the same.
///
/// ```
/// assert_eq!(nedb_io::forks(), nedb_io::forks());
/// ```
#[inline]
pub fn forks() -> u64 {
    static IS_COUNTED: AtomicBool = AtomicBool::new(false);
    if !IS_COUNTED.load(Ordering::Acquire) {
        // Two threads may both ask for it: a fork then counts twice, which is as good. A lock could be held at the fork.
        count_forks();
        IS_COUNTED.store(true, Ordering::Release);
    }
    FORKS.load(Ordering::Acquire)
}

#[cfg(unix)]
fn count_forks() {
    extern "C" fn after_fork_in_child() {
        FORKS.fetch_add(1, Ordering::AcqRel);
    }
    // SAFETY: the handler has the type that C expects and lives as long as the code of this library, which the system
    // forgets together with its handlers. In the child, where only what is safe in a signal handler may be called, it adds
    // to an atomic number and nothing else.
    let status = unsafe { libc::pthread_atfork(None, None, Some(after_fork_in_child)) };
    assert_eq!(status, 0, "the system has memory for three pointers");
}

#[cfg(not(unix))]
fn count_forks() {}
