//! Client-side caching: who is told that a key which he read, or which begins with his prefix, has changed.
//!
//! ```text
//! commands ──> Trackers::note ──┐                                     ┌─> the connection that read
//! feed     ──> of_change      ──┼─> Tracking: who read it, prefixes ──┤
//! lifetime ──> ends.rs        ──┘                                     └─> the one that it redirects to
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `table` | who read which keys, and which are forgotten when they are too many |
//! | `tracker` | one connection that tracks: its mode, and the way to it |
//! | `broadcasts` | what those who broadcast are told of together |
//! | `pushes` | what waits to be written to one connection |
//! | `ends` | lifetimes that end without a write |
//! | `command` | CLIENT TRACKING and its kin |
//!
//! Promises: who read a key is told of its next change once, whoever changes it: a command before its caller has the reply, HTTP, SQL and the
//! sweep soon after; nobody waits for a slow reader. What is kept is bounded: a key that is forgotten, and pushes that are too many, are
//! told as changed. Leaves to others: what commands touch (`nedb_compat::redis`).

mod broadcasts;
mod command;
mod ends;
mod pushes;
mod table;
mod tracker;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nedb::{Entry, EntryKind};
use nedb_compat::redis::{Touch, Trackers, changed_key};
use nedb_io::{Clock, Mutex};
use tokio::sync::{Notify, watch};

use broadcasts::Broadcasts;
pub(super) use command::{caching, get_redirection, tracking, tracking_info};
pub(super) use pushes::Pushes;
use table::Table;
pub(super) use tracker::{Tracker, Tracks};

use crate::databases::Served;

/// How many bytes the keys that are remembered take in one database, with whoever read them.
const REMEMBERED_BYTES_MAX: usize = 64 << 20;

/// Who tracks keys of one database, and which.
pub(crate) struct Tracking {
    table: Mutex<Table>,
    /// How many track; what most commands ask, and all there is to ask then.
    count: AtomicUsize,
    clock: Arc<dyn Clock>,
    /// Wakes the task that waits for the ends of lifetimes.
    ends: Arc<Notify>,
}

impl Tracking {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let table = Mutex::new(Table::new(REMEMBERED_BYTES_MAX));
        Arc::new(Self { table, count: AtomicUsize::new(0), clock, ends: Arc::default() })
    }

    /// Notes what no command of the client `of_commands` changed.
    pub(crate) fn of_change(&self, entry: &Entry, of_commands: &str) {
        let is_change = matches!(entry.kind, EntryKind::Put(_) | EntryKind::Delete | EntryKind::Expire { .. });
        if !self.is_any() || !is_change || entry.client.as_str() == of_commands {
            return;
        }
        if let Some(key) = changed_key(entry.collection.as_str(), entry.id.as_bytes()) {
            self.note(vec![Touch::Wrote { by: None, key }]);
        }
    }

    /// Tells all that any key may have changed.
    pub(crate) fn every_key(&self) {
        self.note(vec![Touch::EveryKey]);
    }
}

impl Trackers for Tracking {
    fn is_any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    fn note(&self, touches: Vec<Touch>) {
        let mut broadcasts = Broadcasts::default();
        let mut table = self.table.lock();
        for touch in touches {
            match touch {
                Touch::Read { by, key, ends_at } => {
                    if table.remember(by, key, ends_at) {
                        self.ends.notify_one();
                    }
                }
                Touch::Wrote { by, key } => {
                    table.broadcast(by, &key, &mut broadcasts);
                    table.invalidate(by, &key);
                }
                Touch::EveryKey => {
                    broadcasts.clear();
                    table.forget_all();
                }
            }
        }
        for (tracker, push) in broadcasts.pushes() {
            table.tell(tracker, push);
        }
    }
}

/// A connection that tracks keys of a database, until this goes. It keeps no database open that was dropped.
pub(super) struct Joined {
    database: String,
    tracking: Arc<Tracking>,
    tracker: i64,
    /// While it lives, somebody watches what other interfaces write.
    changes: watch::Receiver<()>,
}

impl Joined {
    /// Takes a connection in; one that broadcasts has its prefixes.
    pub(super) fn new(served: &Arc<Served>, tracker: &Arc<Tracker>) -> Self {
        let tracking = Arc::clone(&served.tracking);
        // First somebody watches, then it is told: what comes in between is told twice at most.
        let changes = served.changes();
        tracking.count.fetch_add(1, Ordering::SeqCst);
        tracking.table.lock().join(tracker);
        ends::watch(&tracking);
        Self { database: served.name.clone(), tracking, tracker: tracker.id(), changes }
    }

    fn change(&self, tracker: &Arc<Tracker>) {
        self.tracking.table.lock().join(tracker);
    }

    fn is_in(&self, served: &Served) -> bool {
        Arc::ptr_eq(&self.tracking, &served.tracking)
    }

    /// Whether the database was dropped and nobody has it any more.
    fn is_over(&self) -> bool {
        self.changes.has_changed().is_err()
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let tracking = &self.tracking;
        tracking.table.lock().leave(self.tracker);
        tracking.count.fetch_sub(1, Ordering::SeqCst);
        // The task that waits for lifetimes may have no more to wait for.
        tracking.ends.notify_one();
    }
}
