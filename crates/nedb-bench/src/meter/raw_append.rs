//! The machine's own limit for a durable write: append to a file that was zeroed before, then `fdatasync`.

use std::{path::Path, sync::Arc};

use nedb::Result;
use nedb_io::{File, Io};

/// Length of the zeroed file.
const FILE_BYTES: u64 = 64 << 20;

/// About what a small document takes in a log with its headers.
const APPEND_BYTES: usize = 512;

/// A file that is appended to.
pub(crate) struct RawAppend {
    file: Arc<dyn File>,
    position: u64,
}

impl RawAppend {
    pub(crate) fn create(io: &Io, path: &Path) -> Result<Self> {
        let file = io.disk.create_new(path)?;
        let zeros = vec![0; 1 << 20];
        for at in (0..FILE_BYTES).step_by(zeros.len()) {
            file.write_all_at(&zeros, at)?;
        }
        file.sync_all()?;
        Ok(Self { file, position: 0 })
    }

    /// Appends bytes that begin with the number, and waits until they are on the disk.
    pub(crate) fn append(&mut self, number: [u8; 8]) -> Result<()> {
        if self.position + APPEND_BYTES as u64 > FILE_BYTES {
            self.position = 0;
        }
        let mut bytes = [0xA5; APPEND_BYTES];
        if let Some(start) = bytes.first_chunk_mut() {
            *start = number;
        }
        self.file.write_all_at(&bytes, self.position)?;
        self.position += APPEND_BYTES as u64;
        Ok(self.file.sync_data()?)
    }
}
