//! The log on files.
//!
//! ```text
//! begin -> (roll: seal, sync, next segment, HEAD) -> append: room of zeros, one write -> sync: one fdatasync
//! ```
//!
//! Promises: a frame is visible to readers only once it is written as a whole, and durable once a sync returned. A
//! failed sync poisons the handle: nothing more is written, HEAD included, and reads go on. Full disks are survived.
//!
//! Lock order: `tail`, `room`, `gate`, `head`, `state`, `spare`. The first four are held across I/O on purpose: each
//! serialises one kind of it (appends, growth, syncs, HEAD). `state` and `spare` are held for memory work only.

mod append;
mod background;
mod close;
mod create;
mod grow;
mod open;
mod roll;
mod sync;

pub use open::{LogAccess, LogOpening};

use crate::head::HeadFile;
use crate::{Address, Append, Frame, FrameBuilder, FramePlan, Frames, LogOptions, LogPosition, LogReader, LogStore};
use nedb_io::{File, Io, Mutex};
use nedb_types::{DatabaseId, Error, ErrorCode, Result};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

/// Stores frames in segment files in a directory.
///
/// # Examples
///
/// ```
/// use nedb_io::Io;
/// use nedb_log::{FileLog, LogAccess, LogOpening, LogOptions, LogStore};
/// use nedb_types::DatabaseId;
/// use std::path::Path;
///
/// let io = Io::memory(16 << 20);
/// io.disk.create_dir(Path::new("/db"))?;
/// FileLog::create(&io, Path::new("/db"), DatabaseId::from_bytes([1; 16]), LogOptions::default())?.close()?;
///
/// let opening = LogOpening { options: LogOptions::default(), access: LogAccess::Write, start: None };
/// let (log, recovery) = FileLog::open(&io, Path::new("/db"), opening, &mut |_frame| Ok(()))?;
/// assert_eq!((log.position().size, recovery.cut_bytes), (0, None));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct FileLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    io: Io,
    dir: PathBuf,
    database: DatabaseId,
    options: LogOptions,
    epoch: u64,
    access: LogAccess,
    reader: Arc<LogReader>,
    /// Where the next frame goes; held by the one thread that appends.
    tail: Mutex<Tail>,
    /// The zeroed room ahead of the tail.
    room: Mutex<Room>,
    /// How far the current segment's file is zeroed: an offset. Written under `room`, read without it.
    zeroed: AtomicU64,
    /// How many large frames were the last ones, for which the room ahead is then made.
    large_frames: AtomicU32,
    /// Held during every sync, so that a failure is seen by all who rely on a sync.
    gate: Mutex<()>,
    head: Mutex<HeadFile>,
    state: Mutex<State>,
    /// The room of the last frame, for the next one: fresh memory costs a page fault for every few records.
    spare: Mutex<Vec<u8>>,
    /// The address of the durable end as frames state it.
    watermark: Arc<AtomicU64>,
    /// Why nothing is written any more.
    poison: OnceLock<String>,
    is_closed: AtomicBool,
}

/// Where the next frame goes.
#[derive(Debug)]
struct Tail {
    /// The number of the segment that takes frames.
    number: u64,
    file: Arc<dyn File>,
    /// Whether the segment ends with a seal, so that the next frame needs the next segment.
    is_sealed: bool,
}

/// The file that grows ahead of the tail.
#[derive(Debug)]
struct Room {
    number: u64,
    file: Arc<dyn File>,
    is_growth_requested: bool,
    is_successor_requested: bool,
    is_closed: bool,
}

/// What has been written and what is durable.
#[derive(Debug)]
struct State {
    written: LogPosition,
    durable: LogPosition,
    /// The file that holds everything written but not durable.
    file: Arc<dyn File>,
}

impl FileLog {
    /// Returns the database.
    pub fn database(&self) -> DatabaseId {
        self.inner.database
    }

    /// Returns the number of this opening for writing.
    pub fn epoch(&self) -> u64 {
        self.inner.epoch
    }

    /// Returns why nothing is written any more, after a failed sync.
    pub fn poison(&self) -> Option<&str> {
        self.inner.poison.get().map(String::as_str)
    }

    /// Makes everything durable, cuts unused room off the last file, writes HEAD, and ends writing; reads go on.
    pub fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

impl Drop for FileLog {
    /// Ends background work, so that it cannot write into files that somebody else opens next.
    fn drop(&mut self) {
        self.inner.end_background();
    }
}

impl LogStore for FileLog {
    fn position(&self) -> LogPosition {
        self.inner.state.lock().written
    }

    fn durable(&self) -> LogPosition {
        self.inner.state.lock().durable
    }

    fn begin(&self, plan: &FramePlan<'_>) -> Result<FrameBuilder> {
        self.inner.begin(plan)
    }

    fn append(&self, expected: Address, frame: Frame) -> Result<Append> {
        self.inner.append(expected, frame)
    }

    fn sync(&self) -> Result<u64> {
        self.inner.sync()
    }

    fn reader(&self) -> Arc<LogReader> {
        Arc::clone(&self.inner.reader)
    }

    fn tail(&self, from: Address) -> Result<Frames> {
        Frames::new(self.reader(), from, self.durable().end)
    }

    fn write_head(&self) -> Result<()> {
        self.inner.check_writable()?;
        self.inner.write_head()
    }

    fn trim(&self, before: Address) -> Result<()> {
        let text = format!("trimming the log before {before} is not supported by the log on files");
        Err(Error::new(ErrorCode::Unsupported, text))
    }

    fn redact(&self, record: Address) -> Result<()> {
        let text = format!("erasing the payload at {record} is not supported by the log on files");
        Err(Error::new(ErrorCode::Unsupported, text))
    }
}
