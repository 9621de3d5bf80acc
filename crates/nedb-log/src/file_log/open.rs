//! Opening an existing log.

use super::{FileLog, Inner, Room, State, Tail};
use crate::head::{Head, HeadFailure, HeadFile};
use crate::recovery::{FrameVisitor, Start, find_end, rewrite_tail};
use crate::segment::{Expected, LOG_DIR, open_segments};
use crate::{Address, FrameView, LogOptions, LogPosition, LogReader, Recovery};
use nedb_io::{Access, Io, Mutex};
use nedb_types::{Error, Result};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

/// How a log is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAccess {
    /// For appending; the caller holds the database's lock.
    Write,
    /// For reading what is durable; nothing is modified, and another process may be writing.
    ReadOnly,
}

/// Says how a log is opened, and from where it is read.
#[derive(Clone, Copy, Debug)]
pub struct LogOpening {
    /// Sizes and read mode; the segment size is that of the log.
    pub options: LogOptions,
    /// For writing or reading.
    pub access: LogAccess,
    /// A durable position that a checkpoint vouches for; without one every frame is read.
    pub start: Option<LogPosition>,
}

/// What an open log is made of.
pub(super) struct Parts {
    pub(super) reader: Arc<LogReader>,
    pub(super) head: HeadFile,
    pub(super) position: LogPosition,
    pub(super) is_sealed: bool,
    pub(super) epoch: u64,
    pub(super) access: LogAccess,
}

impl FileLog {
    /// Opens a log, finds its end, and calls `visitor` with each frame from `start` on, in order.
    ///
    /// The visitor checks
    /// the tree and replays the operations; its error ends the opening. For writing, the tail that was not known durable
    /// is written again and HEAD gets a new epoch before this returns. Damage is `corrupt`, a log that ends before HEAD
    /// or before `start` is `rollback`, each with its place.
    pub fn open(
        io: &Io,
        dir: &Path,
        opening: LogOpening,
        visitor: &mut dyn FnMut(&FrameView<'_>) -> Result<()>,
    ) -> Result<(Self, Recovery)> {
        let LogOpening { options, access, start } = opening;
        let began_us = io.clock.monotonic_us();
        let is_writer = access == LogAccess::Write;
        let file_access = if is_writer { Access::Write } else { Access::Read };
        let mut head_file = HeadFile::open(io, dir, file_access)?;
        let head = *head_file.current();
        let options = LogOptions { segment_bytes: head.segment_bytes, ..options }.fitted();
        options.admit()?;
        let expected = Expected { database: head.database, segment_bytes: head.segment_bytes };
        let segments = open_segments(io, dir, expected, file_access, options.read)?;
        let mut reader = Arc::new(LogReader::new(segments, head.database, head.segment_bytes, Address::ZERO));
        let visitor: FrameVisitor<'_> = visitor;
        let end = find_end(&reader, &head, Start { position: start, is_writer }, visitor)?;
        let mut recovery = Recovery {
            head_slot_damaged: head_file.is_slot_damaged(),
            replayed_frames: end.frames,
            replayed_entries: end.entries,
            cut_bytes: end.cut_bytes,
            rewritten_bytes: 0,
            start: end.start,
            end: end.position.end,
            epoch: end.epoch_max,
            duration_us: 0,
        };
        if is_writer && remove_segments_behind(io, dir, &reader, end.position.end)? {
            let segments = open_segments(io, dir, expected, file_access, options.read)?;
            reader = Arc::new(LogReader::new(segments, head.database, head.segment_bytes, Address::ZERO));
        }
        if is_writer {
            recovery.rewritten_bytes = rewrite_tail(&reader, &end)?;
            recovery.epoch = end.epoch_max.saturating_add(1);
            let next = Head::at(&end.position, head.database, recovery.epoch, head.segment_bytes);
            head_file.write(next).map_err(|failure| match failure {
                HeadFailure::Write(error) | HeadFailure::Sync(error) => Error::from(error).context("writing HEAD"),
            })?;
        }
        reader.publish(end.position.end);
        let (position, is_sealed, epoch) = (end.position, end.is_sealed, recovery.epoch);
        let log =
            Self::assemble(io, dir, options, Parts { reader, head: head_file, position, is_sealed, epoch, access })?;
        recovery.duration_us = io.clock.monotonic_us().saturating_sub(began_us);
        Ok((log, recovery))
    }

    pub(super) fn assemble(io: &Io, dir: &Path, options: LogOptions, parts: Parts) -> Result<Self> {
        let Parts { reader, head, position, is_sealed, epoch, access } = parts;
        let number = position.end.get().saturating_sub(1) / reader.segment_bytes();
        let Some(segment) = reader.segments().get(number) else {
            return Err(Error::corrupt(format!("no segment holds the end of the log, {}", position.end)));
        };
        let file = Arc::clone(segment.file());
        let zeroed = file.len_bytes()?;
        let inner = Inner {
            io: io.clone(),
            dir: dir.to_owned(),
            database: reader.database(),
            options,
            epoch,
            access,
            tail: Mutex::new(Tail { number, file: Arc::clone(&file), is_sealed }),
            room: Mutex::new(Room {
                number,
                file: Arc::clone(&file),
                is_growth_requested: false,
                is_successor_requested: false,
                is_closed: false,
            }),
            zeroed: AtomicU64::new(zeroed),
            large_frames: AtomicU32::new(0),
            gate: Mutex::new(()),
            head: Mutex::new(head),
            spare: Mutex::default(),
            watermark: Arc::new(AtomicU64::new(position.watermark().get())),
            state: Mutex::new(State { written: position, durable: position, file }),
            poison: OnceLock::new(),
            is_closed: AtomicBool::new(false),
            reader,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

/// Removes the segment files behind the one in which the log ends; true when there were any.
///
/// They hold no frame of the log. Whether their names are durable nobody knows: the sync of the directory may have failed, or
/// never come, before the last writer died. The next roll makes them anew, and syncs their names before their first frame.
/// The last one goes first, and durably, so that no crash leaves a gap between those that are still there.
fn remove_segments_behind(io: &Io, dir: &Path, reader: &LogReader, end: Address) -> Result<bool> {
    let last = end.get().saturating_sub(1) / reader.segment_bytes();
    let mut behind: Vec<_> =
        reader.segments().iter().filter(|segment| segment.first().get() / reader.segment_bytes() > last).collect();
    behind.reverse();
    let log_dir = dir.join(LOG_DIR);
    for segment in &behind {
        io.disk.remove(&log_dir.join(segment.name()))?;
        io.disk.sync_dir(&log_dir)?;
    }
    Ok(!behind.is_empty())
}
