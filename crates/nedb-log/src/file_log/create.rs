//! Making the files of a new log.

use super::{FileLog, LogAccess};
use crate::head::{Head, HeadFile};
use crate::segment::{CreateFailure, LOG_DIR, SegmentTable, create_segment};
use crate::{Address, LogOptions, LogPosition, LogReader};
use nedb_io::Io;
use nedb_types::{DatabaseId, Result};
use std::path::Path;
use std::sync::Arc;

impl FileLog {
    /// Creates the log of a new database in an existing empty directory, all of it durable but the directory's own name.
    ///
    /// The caller makes the directory under a temporary name and renames it, so that a crash leaves no half database.
    pub fn create(io: &Io, dir: &Path, database: DatabaseId, options: LogOptions) -> Result<Self> {
        options.admit()?;
        io.disk.create_dir(&dir.join(LOG_DIR))?;
        let segment = create_segment(io, dir, database, Address::ZERO, &options).map_err(|failure| match failure {
            CreateFailure::Write(error) | CreateFailure::Sync(error) => error,
        })?;
        let position = LogPosition::start();
        let epoch = 1;
        let head = HeadFile::create(io, dir, Head::at(&position, database, epoch, options.segment_bytes))?;
        io.disk.sync_dir(dir)?;
        let segments = SegmentTable::new();
        segments.push(segment);
        let reader = Arc::new(LogReader::new(segments, database, options.segment_bytes, position.end));
        let parts = super::open::Parts { reader, head, position, is_sealed: false, epoch, access: LogAccess::Write };
        Self::assemble(io, dir, options, parts)
    }
}
