//! Writes of many requests to one database, committed together.
//!
//! Leaves to others: what is written, and who waits for whom (`together.rs`).

use std::sync::Arc;

use nedb::{Database, MemoryShare, Receipt, Result, WriteBatch};
use nedb_io::Mutex;

use crate::doorman::Place;
use crate::together::{Joined, LastHere, Together, Work};

/// What a request that writes holds until it is written.
pub(crate) struct Held {
    _holds: Holds,
    /// How many bytes its body has, unfolded.
    bytes: usize,
}

/// Where it is counted.
enum Holds {
    /// Its place among the requests, and its memory.
    Request { _place: Place, _account: MemoryShare },
    /// The memory of the connection that it shares with others.
    Connection { _account: Arc<Mutex<MemoryShare>> },
}

impl Held {
    pub(crate) fn new(place: Place, account: MemoryShare, bytes: usize) -> Self {
        Self { _holds: Holds::Request { _place: place, _account: account }, bytes }
    }

    /// One of many in flight on a connection, which counts them.
    pub(crate) fn of_connection(account: Arc<Mutex<MemoryShare>>, bytes: usize) -> Self {
        Self { _holds: Holds::Connection { _account: account }, bytes }
    }
}

struct Writer {
    db: Database,
}

/// A batch with what its request holds until it is written, whether its client still waits or not.
struct Item {
    batch: WriteBatch,
    held: Held,
}

impl Work for Writer {
    type Item = Item;
    type Answer = Result<Receipt>;

    /// A request of HTTP costs more beside its write, to be read and answered, than the write: that goes on during the sync.
    fn is_short(&self, _item: &Item) -> bool {
        false
    }

    fn is_held_up(&self) -> bool {
        false
    }

    fn round(&self, items: &mut Vec<Item>) -> Vec<Result<Receipt>> {
        let (batches, held): (Vec<WriteBatch>, Vec<Held>) = items.drain(..).map(|item| (item.batch, item.held)).unzip();
        let receipts = self.db.write_each(batches);
        drop(held);
        receipts
    }
}

/// The writes of one database.
pub(crate) struct Writes {
    together: Arc<Together<Writer>>,
}

impl Writes {
    pub(crate) fn new(db: &Database) -> Self {
        Self { together: Together::new(Writer { db: db.clone() }, LastHere::default()) }
    }

    /// How many bytes of requests wait to be written.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.together.waiting_bytes()
    }

    /// Brings a batch to the next round, behind those that are there already; each is atomic and has its own receipt.
    ///
    /// Errors: `busy` when too much waits.
    pub(crate) fn join(&self, batch: WriteBatch, held: Held) -> Result<Joined<Result<Receipt>>> {
        let bytes = held.bytes;
        self.together.join(Item { batch, held }, bytes)
    }
}
