//! Which live queries of a database are followed, and whom to wake when one is due.
//!
//! Promises: a query that rests costs a look in memory for each group of commits, on the one thread that watches the database, and no
//! thread and no task of its own. Leaves to others: answering.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use nedb::LiveWatch;
use nedb_io::Mutex;
use tokio::sync::Notify;

/// The live queries of one database.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    followed: Mutex<Vec<Weak<Followed>>>,
    answers: AtomicU64,
}

/// A live query that is followed until this goes.
#[derive(Debug)]
pub(crate) struct Followed {
    watch: LiveWatch,
    is_due: AtomicBool,
    /// Wakes who answers it.
    wake: Arc<Notify>,
}

impl Followed {
    /// Whether it became due since this was asked last.
    pub(crate) fn take_due(&self) -> bool {
        self.is_due.swap(false, Ordering::AcqRel)
    }

    fn wake(&self) {
        self.is_due.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

impl Lives {
    /// Follows a query from now on; it is due at the first look after its first answer that finds something.
    pub(crate) fn join(&self, watch: LiveWatch, wake: &Arc<Notify>) -> Arc<Followed> {
        let followed = Arc::new(Followed { watch, is_due: AtomicBool::new(false), wake: Arc::clone(wake) });
        let mut all = self.followed.lock();
        all.retain(|followed| followed.strong_count() > 0);
        all.push(Arc::downgrade(&followed));
        followed
    }

    /// Wakes those that what was committed makes due.
    pub(crate) fn wake_due(&self) {
        for followed in self.all() {
            // What cannot be told is told by the next answer.
            if !followed.is_due.load(Ordering::Acquire) && followed.watch.is_due().unwrap_or(true) {
                followed.wake();
            }
        }
    }

    /// Wakes all.
    pub(crate) fn wake_all(&self) {
        self.all().iter().for_each(|followed| followed.wake());
    }

    /// Counts answers.
    pub(crate) fn answered(&self, answers: u64) {
        self.answers.fetch_add(answers, Ordering::Relaxed);
    }

    /// How many are followed.
    pub(crate) fn count(&self) -> u64 {
        self.followed.lock().iter().filter(|followed| followed.strong_count() > 0).count() as u64
    }

    /// How often they were answered.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    fn all(&self) -> Vec<Arc<Followed>> {
        self.followed.lock().iter().filter_map(Weak::upgrade).collect()
    }
}
