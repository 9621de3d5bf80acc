//! Verifying a whole log from its bytes.
//!
//! Segments are checked side by side (units, commitments, leaves, frame hashes, chains); then the frames are joined in
//! order (links, times, catalogue, the tree after every frame, HEAD). What is wrong is returned as data with its place;
//! an error means only that the log could not be read.

mod chains;
mod join;
mod segment;
mod verdict;

pub use verdict::{Damage, DamageKind, LogVerdict, Progress};

use crate::head::HeadFile;
use crate::segment::{Expected, open_segments};
use crate::{Address, LogReader, ReadMode};
use nedb_io::{Access, Io};
use nedb_types::{Digest, ErrorKind, Result};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says how a log is verified.
///
/// # Examples
///
/// ```
/// use nedb_log::VerifyOptions;
///
/// assert_eq!(VerifyOptions::default().threads, 1);
/// ```
#[derive(Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// On how many threads; each holds one segment in memory.
    pub threads: usize,
    /// A size and the root that the tree must have had there.
    pub expect: Option<(u64, Digest)>,
    /// Is called after each segment, from any of the threads.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        Self { threads: 1, expect: None, progress: None }
    }
}

impl fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyOptions")
            .field("threads", &self.threads)
            .field("expect", &self.expect)
            .finish_non_exhaustive()
    }
}

/// Reads everything and checks everything; modifies nothing.
///
/// A torn tail is no damage: it is counted in the verdict. The log may be open elsewhere.
///
/// # Examples
///
/// ```
/// use nedb_io::Io;
/// use nedb_log::{FileLog, LogOptions, VerifyOptions, verify_log};
/// use nedb_types::DatabaseId;
/// use std::path::Path;
///
/// let io = Io::memory(16 << 20);
/// io.disk.create_dir(Path::new("/db"))?;
/// FileLog::create(&io, Path::new("/db"), DatabaseId::from_bytes([1; 16]), LogOptions::default())?;
/// let verdict = verify_log(&io, Path::new("/db"), VerifyOptions::default())?;
/// assert!(verdict.damage.is_none());
/// assert_eq!(verdict.size, 0);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn verify_log(io: &Io, dir: &Path, options: VerifyOptions<'_>) -> Result<LogVerdict> {
    match verify_files(io, dir, options) {
        Err(error) if error.kind() == ErrorKind::Integrity => Ok(LogVerdict::damaged(Damage::from_error(&error))),
        other => other,
    }
}

fn verify_files(io: &Io, dir: &Path, options: VerifyOptions<'_>) -> Result<LogVerdict> {
    let head_file = HeadFile::open(io, dir, Access::Read)?;
    let head = *head_file.current();
    let expected = Expected { database: head.database, segment_bytes: head.segment_bytes };
    let segments = open_segments(io, dir, expected, Access::Read, ReadMode::Pread)?;
    let reader = LogReader::new(segments, head.database, head.segment_bytes, Address::new(u64::MAX));
    let count = usize::try_from(reader.segments().count()).unwrap_or(usize::MAX);
    let tell = |segments_done| {
        if let Some(progress) = options.progress {
            progress(Progress { segments_done, segments: count as u64 });
        }
    };
    let done = AtomicU64::new(0);
    // How much there is to do is known before anything is done.
    tell(0);
    let parts = nedb_io::scoped(options.threads.max(1), count, |number| {
        let part = segment::verify_segment(&reader, number as u64);
        tell(done.fetch_add(1, Ordering::Relaxed) + 1);
        part
    });
    let mut join = join::Join::new(&reader, head, head_file.is_slot_damaged(), options.expect);
    for part in parts {
        if !join.add(part?) {
            break;
        }
    }
    join.finish()
}
