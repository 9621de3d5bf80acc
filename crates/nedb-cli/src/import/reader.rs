//! The side of an import that reads: it decodes and prepares records ahead of the side that writes.
//!
//! It runs as a task of the scheduler, sends chunks over a bounded channel, and ends when nobody listens any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::SyncSender,
};

use nedb_types::{Error, Result};

use super::{
    prepare::{Prepared, Preparer, Target},
    record::{Records, Refusal},
};

/// What both sides of an import, and whoever wants to stop it, know.
#[derive(Debug, Default)]
pub struct Shared {
    is_stopped: AtomicBool,
    bytes_read: AtomicU64,
    /// Records up to this number are in the database already.
    known_through: AtomicU64,
    /// How many of these the reader passed over.
    passed: AtomicU64,
}

impl Shared {
    /// Asks the import to end after the transaction under way.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether it was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Counts bytes of the file.
    pub fn count_bytes(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of the file that were read.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Says that the records up to this one need not be read.
    pub fn know_through(&self, record: u64) {
        self.known_through.store(record, Ordering::Release);
    }

    /// How many records were passed over because they are known.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Acquire)
    }

    fn passes(&self, record: u64) -> bool {
        let is_known = record <= self.known_through.load(Ordering::Acquire);
        self.passed.fetch_add(u64::from(is_known), Ordering::Release);
        is_known
    }
}

/// One record of a chunk.
pub enum Item {
    /// Ready to be put.
    Ready(Prepared),
    /// Cannot be stored.
    Refused(Refusal),
}

/// What the reader sends.
pub enum Message {
    /// The next records.
    Chunk(Vec<Item>),
    /// There are no more.
    End,
    /// The file cannot be read on.
    Failed(Error),
}

/// The task.
pub struct Reading {
    /// The file's records.
    pub records: Box<dyn Records + Send>,
    /// Where they go.
    pub target: Arc<Target>,
    /// What both sides know.
    pub shared: Arc<Shared>,
    /// The way to the other side.
    pub sender: SyncSender<Message>,
    /// Records in one chunk.
    pub chunk_records: usize,
}

impl Reading {
    /// Reads to the end, or until nobody listens.
    pub fn run(self) {
        let Self { mut records, target, shared, sender, chunk_records } = self;
        let mut preparer = Preparer::new(&target);
        loop {
            let chunk = next_chunk(records.as_mut(), &mut preparer, &shared, chunk_records);
            let (message, is_last) = match chunk {
                Ok(Some(items)) => (Message::Chunk(items), false),
                Ok(None) => (Message::End, true),
                Err(error) => (Message::Failed(error), true),
            };
            if sender.send(message).is_err() || is_last || shared.is_stopped() {
                return;
            }
        }
    }
}

fn next_chunk(
    records: &mut (dyn Records + Send),
    preparer: &mut Preparer<'_>,
    shared: &Shared,
    chunk_records: usize,
) -> Result<Option<Vec<Item>>> {
    let mut items = Vec::with_capacity(chunk_records.min(4096));
    while items.len() < chunk_records {
        let Some(next) = records.next_record()? else { break };
        let item = match next {
            Ok(record) if shared.passes(record.position.number) => continue,
            Ok(record) => preparer.prepare(record).map_or_else(Item::Refused, Item::Ready),
            Err(refusal) => Item::Refused(refusal),
        };
        items.push(item);
    }
    Ok((!items.is_empty()).then_some(items))
}
