//! Many writes in flight on one connection, as docs/stream.md has it.
//!
//! ```text
//! put ──> in order, under an id and a key ──> carrier ──> daemon
//!  └ waits while the credit is used up          │  └ connects again, and sends what was not acknowledged
//! Pending::wait <── receipt or error <──────────┘
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `state` | what was handed over and is not acknowledged; who waits for what |
//! | `carrier` | the thread that sends, the one that listens, and when they begin again |
//! | `dial` | how a connection begins: a socket, and the greeting |
//!
//! Promises: writes take effect in the order in which they were handed over, each once, whatever the network does; an error that nobody
//! waited for is given by the next [`Writer::flush`] or [`Writer::close`]. One that the daemon refused is judged anew when a broken connection
//! makes it unknown: a condition on writes before it is only sure when those were waited for.

mod carrier;
mod dial;
mod state;

use std::sync::Arc;
use std::time::Duration;

use nedb::{Body, Error, ErrorCode, Op, Receipt, Result, Seq, WriteBatch};
use nedb_types::hex;
use nedb_wire::stream::Draft;

use crate::socket::Target;
use state::{GoesOn, Slot, State};

/// Bytes of chance in the keys of one writer: enough that no two writers have the same.
const KEY_BYTES: usize = 16;

/// The verb of every write: one rule holds for all of them, and its receipt costs the daemon no reading.
const VERB: &str = "tx";

/// A connection with many writes in flight. Threads may share it.
///
/// Each call hands a write over and gives a [`Pending`] for its receipt; it waits only while as much is in flight as the daemon takes.
/// Whoever drops a `Pending` hears of its error from [`flush`](Self::flush). What was handed over is sent also when the writer is dropped,
/// for as long as the program runs.
///
/// A connection that breaks is made again, and what was not acknowledged is sent again, under the same idempotency keys: so often as
/// [`Options::retries`](crate::Options::retries) says without any progress. After that the writer is over, and says so in every call.
#[derive(Debug)]
pub struct Writer {
    state: Arc<State>,
    key: String,
}

impl Writer {
    pub(crate) fn open(target: Target) -> Result<Self> {
        let mut drawn = [0; KEY_BYTES];
        target.io().random.fill(&mut drawn);
        let state = carrier::start(target)?;
        Ok(Self { state, key: hex::encode(&drawn) })
    }

    /// Writes a new version of a document.
    pub fn put(&self, collection: &str, id: impl AsRef<[u8]>, body: impl Into<Body>) -> Result<Pending> {
        self.write(Op::put(collection, id, body))
    }

    /// Deletes a document.
    pub fn delete(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Pending> {
        self.write(Op::delete(collection, id))
    }

    /// Writes the content of an earlier version of a document again.
    pub fn restore(&self, collection: &str, id: impl AsRef<[u8]>, version: Seq) -> Result<Pending> {
        self.write(Op::restore(collection, id, version))
    }

    /// Adds an edge between two nodes, each written `collection:id`.
    pub fn link(&self, from: &str, relation: &str, to: &str) -> Result<Pending> {
        self.write(Op::link(from, relation, to))
    }

    /// Removes an edge.
    pub fn unlink(&self, from: &str, relation: &str, to: &str) -> Result<Pending> {
        self.write(Op::unlink(from, relation, to))
    }

    /// Writes operations, all or none. A batch without an idempotency key gets one.
    ///
    /// Errors: what is wrong with the batch itself, `batch_too_large`, and that of a writer that is over. What the daemon says of it comes
    /// with [`Pending::wait`].
    pub fn write(&self, batch: impl Into<WriteBatch>) -> Result<Pending> {
        let pending = self.hand_over(&batch.into(), None)?;
        pending.ok_or_else(|| Error::new(ErrorCode::Cancelled, "nobody waits for the write any more"))
    }

    /// Writes as [`write`](Self::write) does, and while it waits asks every 50 ms whether to go on; none when it gave up, and nothing was sent.
    pub fn write_while(&self, batch: impl Into<WriteBatch>, goes_on: impl Fn() -> bool) -> Result<Option<Pending>> {
        self.hand_over(&batch.into(), Some(&goes_on))
    }

    fn hand_over(&self, batch: &WriteBatch, goes_on: GoesOn<'_>) -> Result<Option<Pending>> {
        let mut fields = batch.to_object()?;
        fields.insert("receipt", true);
        if fields.get("idem").is_none() {
            fields.insert("idem", format!("{}-{}", self.key, self.state.next_key()));
        }
        let draft = Draft::new(VERB, &fields, self.state.message_bytes_max())?;
        let slot = self.state.hand_over(&draft, goes_on)?;
        Ok(slot.map(|slot| Pending { slot, state: Arc::clone(&self.state), is_heard: false }))
    }

    /// Waits until everything that was handed over before is acknowledged.
    ///
    /// Errors: the first one of a write whose [`Pending`] was dropped unheard, since the last call; that of a writer that is over.
    pub fn flush(&self) -> Result<()> {
        self.state.flush(None).map(drop)
    }

    /// Waits as [`flush`](Self::flush) does, and asks every 50 ms whether to go on; false when it gave up.
    pub fn flush_while(&self, goes_on: impl Fn() -> bool) -> Result<bool> {
        self.state.flush(Some(&goes_on))
    }

    /// Waits as [`flush`](Self::flush) does, and closes the connection.
    pub fn close(self) -> Result<()> {
        self.state.flush(None)?;
        self.state.close_and_wait(None);
        Ok(())
    }

    /// Closes as [`close`](Self::close) does, and asks every 50 ms whether to go on; false when it gave up, and what was handed over is sent
    /// as after a drop.
    pub fn close_while(self, goes_on: impl Fn() -> bool) -> Result<bool> {
        Ok(self.state.flush(Some(&goes_on))? && self.state.close_and_wait(Some(&goes_on)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.state.close();
    }
}

/// A write that was handed over.
///
/// ```no_run
/// # fn main() -> nedb_client::Result<()> {
/// # let shop = nedb_client::Daemon::at("http://127.0.0.1:7070", nedb_client::Options::new())?.database("shop");
/// # let writer = shop.writer()?;
/// let first = writer.put("c", "a", nedb_client::Body::json("{}"))?;
/// let second = writer.delete("c", "b")?;
/// println!("{:?} {}", first.wait()?.seq(), second.wait()?.changed());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pending {
    slot: Arc<Slot>,
    state: Arc<State>,
    is_heard: bool,
}

impl Pending {
    /// Whether its receipt or error is there.
    pub fn is_done(&self) -> bool {
        self.slot.is_told()
    }

    /// Waits for its receipt or error, but no longer than a time, and says whether it is there.
    pub fn wait_for(&self, time_max: Duration) -> bool {
        self.slot.wait_for(time_max)
    }

    /// Waits for its receipt.
    ///
    /// Errors: what the daemon says, as [`Database::write`](crate::Database::write) would; that of a writer that is over, after which nobody
    /// knows whether it was done.
    pub fn wait(mut self) -> Result<Receipt> {
        self.is_heard = true;
        self.slot.wait()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_heard {
            self.state.forget(&self.slot);
        }
    }
}
