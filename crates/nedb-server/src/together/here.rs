//! The place for rounds where connections are served, and the thread that stands in for the one that it holds up.
//!
//! ```text
//! thread 1   serves ── round ──────── the disk hangs ────────────> serves
//! thread 2   in reserve ......... it is overdue ── serves ── over ─> in reserve
//! ```
//!
//! A thread that waits for the disk cannot be asked to serve, and to wake another one for each round would cost what such rounds spare
//! (decision 0056). So one thread more than is to serve is kept waiting, which looks now and then whether one round goes on and on.
//!
//! Promises: one round at a time is done where connections are served, and after [`OVERDUE_TIME`], twice that at most, as many threads
//! serve as before it. Nobody looks while there are no such rounds. Leaves to others: which rounds belong there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use nedb_io::{Condvar, Mutex};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// How long a round may hold a thread before the one in reserve stands in for it.
const OVERDUE_TIME: Duration = Duration::from_millis(20);

/// The place: who has it does a round where connections are served.
#[derive(Clone, Default)]
pub(crate) struct Here(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Whose round was the last that was done here. Rounds of several databases would wait for each other's syncs, so who finds that another was
    /// here goes elsewhere.
    last: AtomicUsize,
    /// How often the place was taken and left: odd while somebody has it.
    turns: AtomicU64,
    /// Whether the thread in reserve sleeps until there is a round.
    is_asleep: AtomicBool,
    /// Whether it serves, and is to be told of the end of the round.
    stands_in: AtomicBool,
    is_over: Notify,
    is_ended: Mutex<bool>,
    woken: Condvar,
}

/// The place, taken until this goes.
pub(super) struct Taken<'p>(&'p Inner);

impl Here {
    /// Whether the last that was here was this one, and nobody is.
    pub(super) fn is_for<T>(&self, one: &T) -> bool {
        let address = std::ptr::from_ref(one).addr();
        self.0.last.swap(address, Ordering::Relaxed) == address && is_free(self.0.turns.load(Ordering::Relaxed))
    }

    /// Takes the place, unless somebody has it.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        let turns = self.0.turns.load(Ordering::Relaxed);
        let taken = is_free(turns)
            && self.0.turns.compare_exchange(turns, turns + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        if taken && self.0.is_asleep.load(Ordering::SeqCst) {
            self.0.wake();
        }
        taken.then(|| Taken(&self.0))
    }

    /// Keeps a thread of this runtime in reserve, which has one more than are to serve.
    pub(crate) fn keep_reserve(&self, runtime: &Runtime) -> Reserve {
        let inner = Arc::clone(&self.0);
        runtime.spawn(async move {
            while let Some(turn) = inner.wait_for_overdue() {
                inner.stand_in(turn).await;
            }
        });
        Reserve(Arc::clone(&self.0))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.turns.fetch_add(1, Ordering::SeqCst);
        if self.0.stands_in.load(Ordering::SeqCst) {
            self.0.is_over.notify_one();
        }
    }
}

impl Inner {
    /// Waits, on this thread, for a round that is overdue; `None` at the end.
    fn wait_for_overdue(&self) -> Option<u64> {
        let mut is_ended = self.is_ended.lock();
        while !*is_ended {
            let before = self.turns.load(Ordering::SeqCst);
            (is_ended, _) = self.woken.wait_for(is_ended, OVERDUE_TIME);
            let now = self.turns.load(Ordering::SeqCst);
            if now != before || *is_ended {
                continue;
            }
            if !is_free(now) {
                return Some(now);
            }
            self.is_asleep.store(true, Ordering::SeqCst);
            // Who takes the place from here on sees that it sleeps.
            while !*is_ended && self.turns.load(Ordering::SeqCst) == now {
                is_ended = self.woken.wait(is_ended);
            }
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        None
    }

    /// Lets the thread serve until the round is over.
    async fn stand_in(&self, turn: u64) {
        self.stands_in.store(true, Ordering::SeqCst);
        while self.turns.load(Ordering::SeqCst) == turn {
            self.is_over.notified().await;
        }
        self.stands_in.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        // With the lock, so that it either sleeps already or still looks.
        let _is_ended = self.is_ended.lock();
        self.woken.notify_one();
    }
}

/// A thread in reserve, until this goes; before its runtime does, which waits for all its threads.
pub(crate) struct Reserve(Arc<Inner>);

impl Drop for Reserve {
    fn drop(&mut self) {
        *self.0.is_ended.lock() = true;
        self.0.woken.notify_one();
    }
}

/// Whether nobody has the place after so many turns.
const fn is_free(turns: u64) -> bool {
    turns.is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn serving() -> (Runtime, Here, Reserve) {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let place = Here::default();
        let reserve = place.keep_reserve(&runtime);
        (runtime, place, reserve)
    }

    /// Does a round where connections are served, which lasts until what this returns goes.
    fn hang(runtime: &Runtime, place: &Here) -> mpsc::Sender<()> {
        let (place, (end, is_over), (begin, is_begun)) = (place.clone(), mpsc::channel(), mpsc::channel());
        runtime.spawn(async move {
            let taken = place.take().expect("nobody is there");
            begin.send(()).unwrap();
            // The other end goes.
            let _gone = is_over.recv();
            drop(taken);
        });
        is_begun.recv_timeout(PATIENCE).unwrap();
        end
    }

    fn is_served(runtime: &Runtime) -> bool {
        let (answer, answered) = mpsc::channel();
        runtime.spawn(async move { answer.send(()) });
        answered.recv_timeout(PATIENCE).is_ok()
    }

    #[test]
    fn who_has_the_place_has_it_alone() {
        let place = Here::default();
        let taken = place.take();
        assert!(taken.is_some() && place.take().is_none());
        assert!(!place.is_for(&1_u8), "somebody is there");
        drop(taken);
        assert!(place.take().is_some());
        let (one, other) = (1_u8, 2_u8);
        assert_eq!([place.is_for(&one), place.is_for(&one), place.is_for(&other)], [false, true, false]);
    }

    #[test]
    fn while_a_round_hangs_others_are_served_again_and_again() {
        let (runtime, place, reserve) = serving();
        for _ in 0..5 {
            let hanging = hang(&runtime, &place);
            assert!(is_served(&runtime), "the thread in reserve does it");
            drop(hanging);
            while place.take().is_none() {
                std::thread::yield_now();
            }
            assert!(is_served(&runtime));
        }
        drop(reserve);
    }

    #[test]
    fn the_end_waits_neither_for_a_thread_in_reserve_nor_for_one_that_sleeps() {
        for is_to_sleep in [false, true] {
            let (runtime, place, reserve) = serving();
            while is_to_sleep && !place.0.is_asleep.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            drop((reserve, runtime));
        }
    }
}
