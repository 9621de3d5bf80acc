//! How a database is opened: durability, access, checkpoints, and the seams underneath.

use nedb_index::DELTA_BYTES_MAX;
use nedb_io::Io;
use nedb_log::{LogOptions, ReadMode};

/// When a write is acknowledged, and what a power cut may take.
///
/// | mode | acknowledged | a kill -9 loses | a power cut loses |
/// |---|---|---|---|
/// | `Sync` | after `fdatasync` | nothing acknowledged | nothing acknowledged |
/// | `Group` | after the write call | nothing acknowledged | at most the last interval, as a suffix |
/// | `None` | after the write call | nothing acknowledged | a suffix since the last segment end, checkpoint or flush |
///
/// Never a hole: what survives is always a prefix of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every acknowledged write is on the disk.
    #[default]
    Sync,
    /// The log is synced in the background, at most this many microseconds after a write.
    Group {
        /// The greatest age of an acknowledged write that is not yet on the disk.
        interval_us: u64,
    },
    /// The log is synced only at segment ends, checkpoints, `flush` and close.
    None,
}

/// Whether a handle may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The one writer; excludes every other writer.
    #[default]
    Write,
    /// Reads beside a writer and changes nothing. It sees what HEAD or a later frame showed to be durable when it was opened:
    /// all but what the writer wrote in the last moments (HEAD follows within 50 ms of idle).
    ReadOnly,
}

/// When checkpoints are taken by themselves; whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPolicy {
    /// After this many operations. Replay costs about a microsecond each.
    pub records: u64,
    /// After this many bytes of log.
    pub bytes: u64,
    /// After this many microseconds with changes.
    pub interval_us: u64,
    /// When the database is closed.
    pub on_close: bool,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self { records: 500_000, bytes: 256 << 20, interval_us: 60_000_000, on_close: true }
    }
}

impl CheckpointPolicy {
    /// Takes checkpoints only on demand.
    pub const fn manual() -> Self {
        Self { records: u64::MAX, bytes: u64::MAX, interval_us: u64::MAX, on_close: false }
    }
}

/// How to open a database. The defaults are safe and need no change.
///
/// ```
/// use nedb::{Durability, Options};
/// let options = Options::new().durability(Durability::Group { interval_us: 10_000 }).sweep_interval_us(1_000_000);
/// # drop(options);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) io: Io,
    pub(crate) access: Access,
    pub(crate) durability: Durability,
    pub(crate) checkpoint: CheckpointPolicy,
    pub(crate) delta_bytes_max: u64,
    pub(crate) log: LogOptions,
    pub(crate) create: bool,
    pub(crate) origin: Option<String>,
    pub(crate) sweep_interval_us: u64,
    pub(crate) auto_index: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            io: Io::real(),
            access: Access::default(),
            durability: Durability::default(),
            checkpoint: CheckpointPolicy::default(),
            delta_bytes_max: DELTA_BYTES_MAX,
            log: LogOptions::default(),
            create: true,
            origin: None,
            sweep_interval_us: 1_000_000,
            auto_index: true,
        }
    }
}

impl Options {
    /// The defaults: create when absent, write, durability `Sync`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens beside a writer without the right to write; the database must exist.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.access = Access::ReadOnly;
        self.create = false;
        self
    }

    /// Whether a database that does not exist is created (yes unless said otherwise).
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// When a write is acknowledged.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// When checkpoints are taken by themselves.
    #[must_use]
    pub fn checkpoints(mut self, policy: CheckpointPolicy) -> Self {
        self.checkpoint = policy;
        self
    }

    /// How much memory the keys that no checkpoint has written yet may take, and the entries of indexes likewise (64 MiB).
    ///
    /// From here on a checkpoint is taken, whatever the policy of checkpoints. At twice as many bytes of keys, writers wait
    /// for it, and are refused with `busy` while it fails. A program that opens many databases divides its memory among
    /// them here: they know nothing of each other.
    #[must_use]
    pub fn delta_bytes_max(mut self, bytes: u64) -> Self {
        self.delta_bytes_max = bytes;
        self
    }

    /// How often expired documents are deleted; 0 leaves it to explicit calls. They are invisible from their expiry on
    /// either way.
    #[must_use]
    pub fn sweep_interval_us(mut self, interval_us: u64) -> Self {
        self.sweep_interval_us = interval_us;
        self
    }

    /// Whether the engine makes indexes by itself when queries would profit (yes unless said otherwise).
    ///
    /// They never change an answer, are bounded in number, listed by [`Database::indexes`](crate::Database::indexes) as
    /// automatic, and can be dropped.
    #[must_use]
    pub fn auto_index(mut self, auto_index: bool) -> Self {
        self.auto_index = auto_index;
        self
    }

    /// Names the origin line of signed checkpoints; used when the database is created (`nedb/` and its id unless named).
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Whether the log is read through memory maps (the default) or positional reads.
    #[must_use]
    pub fn read_mode(mut self, mode: ReadMode) -> Self {
        self.log.read = mode;
        self
    }

    /// Replaces the files, clock, randomness and threads underneath: for simulation and tests.
    #[must_use]
    pub fn io(mut self, io: Io) -> Self {
        self.io = io;
        self
    }

    /// Sets sizes of the log's files: for simulation and tests. The segment size counts when the database is created.
    #[must_use]
    pub fn log(mut self, log: LogOptions) -> Self {
        self.log = log;
        self
    }
}
