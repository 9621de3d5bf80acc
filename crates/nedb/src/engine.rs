//! The engine behind every handle: the log, the indexes into it, and the state that follows from it.
//!
//! It holds things together and hands them to the modules that do the work: `commit` writes, `read` reads, `open` builds
//! it, `maintenance` keeps it tidy. Lock order: `committer`, then any one of the small state locks; never two of those.

use std::{
    path::PathBuf,
    sync::{
        OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use nedb_index::{KeyIndex, SlotIndex};
use nedb_io::{Condvar, Io, LockGuard, Mutex, RwLock};
use nedb_log::{Address, FileLog, LogReader, LogStore, OpKind, Record, Scratch};
use nedb_types::{DatabaseId, Digest, DocumentBuf, Error, ErrorCode, Result, Seq, Timestamp};

use crate::{
    clock_watch::ClockWatch,
    commit::{CommitCounts, CommitQueue, Committer},
    keys::Key,
    live::Touches,
    maintenance::Maintenance,
    object_ids::ObjectIds,
    options::{Access, CheckpointPolicy, Durability},
    proof::Signer,
    secondary::Secondary,
    state::{CollectionCounts, SeqSamples, TreeNodes},
};

/// One open database.
pub(crate) struct Engine {
    pub(crate) io: Io,
    pub(crate) dir: PathBuf,
    pub(crate) id: DatabaseId,
    pub(crate) access: Access,
    pub(crate) durability: Durability,
    pub(crate) checkpoint_policy: CheckpointPolicy,
    pub(crate) delta_bytes_max: u64,
    pub(crate) sweep_interval_us: u64,
    pub(crate) log: FileLog,
    pub(crate) keys: KeyIndex,
    pub(crate) client_slots: SlotIndex,
    pub(crate) idempotency: SlotIndex,
    pub(crate) queue: CommitQueue,
    pub(crate) commits: CommitCounts,
    pub(crate) committer: Mutex<Committer>,
    pub(crate) collections: RwLock<CollectionCounts>,
    pub(crate) seqs: RwLock<SeqSamples>,
    pub(crate) tree: RwLock<TreeNodes>,
    pub(crate) signer: Option<Signer>,
    pub(crate) secondary: Secondary,
    pub(crate) maintenance: Maintenance,
    pub(crate) clock_watch: ClockWatch,
    pub(crate) object_ids: ObjectIds,
    pub(crate) published: Publication,
    pub(crate) touches: Touches,
    pub(crate) is_closed: AtomicBool,
    /// What came of closing.
    pub(crate) closed: OnceLock<Result<()>>,
    /// Held for as long as the handle may write.
    pub(crate) lock: Mutex<Option<Box<dyn LockGuard>>>,
    /// This engine, for tasks in the background, which must not keep it alive.
    pub(crate) weak: Weak<Engine>,
}

/// The newest state that readers may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of operations in the history.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Digest,
    /// Commit time of the last one; the epoch when there is none.
    pub committed_at: Timestamp,
}

impl Head {
    /// The seq of the last operation.
    pub fn seq(&self) -> Option<Seq> {
        self.size.checked_sub(1).map(Seq::new)
    }

    /// The root in 64 hexadecimal digits as every face shows it: zeros for a history without operations.
    pub fn hex(&self) -> String {
        if self.size == 0 { Digest::ZERO.to_string() } else { self.root.to_string() }
    }
}

/// The visible head and those who wait for it to move.
pub(crate) struct Publication {
    size: AtomicU64,
    head: ArcSwap<Head>,
    moved: Mutex<()>,
    changed: Condvar,
}

impl Publication {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            size: AtomicU64::new(head.size),
            head: ArcSwap::from_pointee(head),
            moved: Mutex::new(()),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(crate) fn head(&self) -> Head {
        **self.head.load()
    }

    pub(crate) fn set(&self, head: Head) {
        self.head.store(std::sync::Arc::new(head));
        self.size.store(head.size, Ordering::Release);
        self.wake();
    }

    pub(crate) fn wake(&self) {
        drop(self.moved.lock());
        self.changed.notify_all();
    }

    /// Waits until `is_ready` says so or the time is over; spurious returns are possible.
    pub(crate) fn wait(&self, timeout_us: u64, is_ready: impl Fn() -> bool) {
        let guard = self.moved.lock();
        if !is_ready() {
            let _woken = self.changed.wait_for(guard, std::time::Duration::from_micros(timeout_us));
        }
    }
}

impl Engine {
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorCode::Closed, "the database was closed"));
        }
        Ok(())
    }

    /// Refuses what would change the database or its files.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.access == Access::ReadOnly {
            return Err(Error::new(ErrorCode::ReadOnly, "this handle was opened for reading only"));
        }
        self.check_open()
    }

    pub(crate) fn publish(&self, size: u64, root: Digest, commit_time_us: i64) {
        // The frames before the first operation have times of their own, which are not those of any operation.
        let committed_at = Timestamp::from_micros(if size == 0 { 0 } else { commit_time_us });
        self.published.set(Head { size, root, committed_at });
    }

    /// The time of a read at the head: the clock, but never before the newest commit.
    pub(crate) fn read_time_us(&self) -> i64 {
        self.io.clock.wall_us().max(self.published.head().committed_at.as_micros())
    }

    /// Visits consecutive operations from `first` on, at most `count`, until the visitor says false.
    pub(crate) fn walk(
        &self,
        reader: &LogReader,
        first: Seq,
        count: u64,
        mut visit: impl FnMut(&Record<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut scratch = Scratch::new();
        let mut next = self.address_of(reader, first)?;
        let mut frame = None;
        for _ in 0..count {
            let Some(address) = next else { return Ok(()) };
            let record = reader.record(address, &mut scratch)?;
            if !visit(&record)? {
                return Ok(());
            }
            next = reader.step(&record, &mut frame)?;
        }
        Ok(())
    }

    /// Where the operation lies; `None` beyond the end of the log.
    pub(crate) fn address_of(&self, reader: &LogReader, seq: Seq) -> Result<Option<Address>> {
        let Some((sampled, mut address)) = self.seqs.read().at_or_before(seq) else { return Ok(None) };
        let (mut scratch, mut frame) = (Scratch::new(), None);
        for _ in sampled.get()..seq.get() {
            let record = reader.record_entry(address, &mut scratch)?;
            match reader.step(&record, &mut frame)? {
                Some(next) => address = next,
                None => return Ok(None),
            }
        }
        Ok(Some(address))
    }

    /// The stored document of one version of a key, for a restore.
    pub(crate) fn document_of_version(&self, key: &Key, version: Seq) -> Result<DocumentBuf> {
        let missing = |what: &str| {
            let id = key.id();
            let message = format!("seq {version} {what} {} {:?}", key.collection(), id.to_string());
            Error::new(ErrorCode::UnknownVersion, message)
        };
        if version.get() >= self.published.size() {
            return Err(missing("is beyond the head: it cannot be a version of"));
        }
        let reader = self.log.reader();
        let address = self.address_of(&reader, version)?.ok_or_else(|| missing("is not in the log: no version of"))?;
        let (mut scratch, mut content_scratch) = (Scratch::new(), Scratch::new());
        let record = reader.record(address, &mut scratch)?;
        if !key.is_of(&record) {
            return Err(missing("is not a version of"));
        }
        let content = match record.payload_pointer {
            Some(pointer) => reader.record(pointer, &mut content_scratch)?,
            None => record,
        };
        match content.document() {
            Some(bytes) if record.entry.kind() != OpKind::Delete => DocumentBuf::from_bytes(bytes.to_vec()),
            _ => Err(missing("is a deletion, which has no content, of")),
        }
    }
}
