//! Making a segment file.
//!
//! Promises: a file with a segment's final name has a durable header. It is written under another name, synced and
//! renamed; what a crash leaves of it is never taken for a segment.

use super::name::{LOG_DIR, segment_name, unfinished_name};
use super::{Segment, SegmentHeader};
use crate::{Address, LogOptions};
use nedb_io::Io;
use nedb_types::{DatabaseId, Error};
use std::io;
use std::path::Path;

/// Why a segment was not made.
#[derive(Debug)]
pub(crate) enum CreateFailure {
    /// Space or a write failed: nothing was promised to anyone, and it can be tried again.
    Write(Error),
    /// A sync failed: what is on the disk is not known.
    Sync(Error),
}

/// Makes the segment that begins at `first` and returns it with its name durable.
pub(crate) fn create_segment(
    io: &Io,
    dir: &Path,
    database: DatabaseId,
    first: Address,
    options: &LogOptions,
) -> Result<Segment, CreateFailure> {
    let log = dir.join(LOG_DIR);
    let unfinished = log.join(unfinished_name(first));
    let mut salt = [0; 32];
    io.random.fill(&mut salt);
    let header = SegmentHeader {
        database,
        lineage: database,
        first,
        segment_bytes: options.segment_bytes,
        salt,
        created_us: io.clock.wall_us(),
    };
    remove_leftover(io, &unfinished).map_err(write_failure)?;
    let file = io.disk.create_new(&unfinished).map_err(write_failure)?;
    let written = write_new_segment(&header, options, |bytes, offset| file.write_all_at(bytes, offset));
    if let Err(error) = written {
        // The space is needed more than the name; when even the removal fails, the next attempt removes the file.
        let _removed = io.disk.remove(&unfinished).is_ok();
        return Err(write_failure(error));
    }
    file.sync_all().map_err(sync_failure)?;
    io.disk.rename(&unfinished, &log.join(segment_name(first))).map_err(write_failure)?;
    io.disk.sync_dir(&log).map_err(sync_failure)?;
    Segment::new(file, header, options.read).map_err(CreateFailure::Write)
}

/// Writes the header and the zeros of a new segment file.
fn write_new_segment(
    header: &SegmentHeader,
    options: &LogOptions,
    mut write: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    // One call, so that the kernel keeps the bytes in one piece.
    let mut bytes = header.encode();
    bytes.resize(bytes.len().max(options.first_segment_bytes as usize), 0);
    write(&bytes, 0)
}

fn remove_leftover(io: &Io, path: &Path) -> io::Result<()> {
    match io.disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn write_failure(error: io::Error) -> CreateFailure {
    CreateFailure::Write(Error::from(error).context("making a segment of the log"))
}

fn sync_failure(error: io::Error) -> CreateFailure {
    CreateFailure::Sync(Error::from(error).context("syncing a new segment of the log"))
}
