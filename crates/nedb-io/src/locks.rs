//! Locks and waiting, whose whole state lies in the lock itself.
//!
//! The standard library's, without its poison: what a panic may leave behind is the business of whoever holds the lock.
//! Promises: no table or queue of the process is behind them, so that a forked child, which has the memory of its parent
//! but not its threads, may lock what was made after the fork. Locks that keep those who wait in a table of the process
//! (`parking_lot`) break that: the table stays locked, or names threads that are gone. In which order locks are taken is
//! left to the callers.

use std::{
    sync::{
        self, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A value that one thread at a time may use.
///
/// ```
/// let count = nedb_io::Mutex::new(1);
/// *count.lock() += 1;
/// assert_eq!(count.into_inner(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Makes a lock that nobody holds.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the value.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value unless another thread has it.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A value that many threads may read or one may change.
///
/// ```
/// let names = nedb_io::RwLock::new(vec!["a"]);
/// names.write().push("b");
/// assert_eq!(names.read().len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct RwLock<T: ?Sized>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// Makes a lock that nobody holds.
    pub const fn new(value: T) -> Self {
        Self(sync::RwLock::new(value))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody changes the value.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody uses the value.
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a wait with a limit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Somebody told, or nobody did: what was waited for has to be looked at again.
    Perhaps,
    /// The time was over.
    TimeOver,
}

/// Where threads wait until another one tells them that something has changed.
///
/// What they wait for must change under the lock that they give to [`wait`](Self::wait): to tell nobody then costs no call
/// of the system, unlike with the standard library's own, and a commit tells nobody most of the time.
///
/// ```
/// use nedb_io::{Condvar, Mutex, Woken};
/// use std::time::Duration;
///
/// let (is_done, changed) = (Mutex::new(false), Condvar::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         *is_done.lock() = true;
///         changed.notify_all();
///     });
///     let mut guard = is_done.lock();
///     while !*guard {
///         guard = changed.wait(guard);
///     }
/// });
/// assert_eq!(changed.wait_for(is_done.lock(), Duration::ZERO).1, Woken::TimeOver);
/// ```
#[derive(Debug, Default)]
pub struct Condvar {
    changed: sync::Condvar,
    /// How many wait. Each is counted under its lock, so whoever takes that lock next to make a change sees it.
    waiting: AtomicUsize,
}

impl Condvar {
    /// Makes a place where nobody waits.
    pub const fn new() -> Self {
        Self { changed: sync::Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    /// Gives the lock back and waits; may return without being told.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        guard
    }

    /// Waits for no longer than a time.
    pub fn wait_for<'a, T>(&self, guard: MutexGuard<'a, T>, time_max: Duration) -> (MutexGuard<'a, T>, Woken) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let (guard, told) = self.changed.wait_timeout(guard, time_max).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        (guard, if told.timed_out() { Woken::TimeOver } else { Woken::Perhaps })
    }

    /// Wakes one of those who wait.
    pub fn notify_one(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_one();
        }
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_all();
        }
    }
}
