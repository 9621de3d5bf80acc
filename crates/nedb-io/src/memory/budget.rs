//! How many bytes a disk in memory may hold.
//!
//! Bytes are taken before they are allocated and given back when they are freed; the limit is never passed.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

#[derive(Debug)]
pub(super) struct Budget {
    bytes_max: u64,
    bytes_used: AtomicU64,
}

impl Budget {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, bytes_used: AtomicU64::new(0) }
    }

    pub(super) fn bytes_used(&self) -> u64 {
        self.bytes_used.load(Ordering::SeqCst)
    }

    /// Takes bytes; `OutOfMemory` when they are not there.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.bytes_max);
        match self.bytes_used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits) {
            Ok(_) => Ok(()),
            Err(used) => {
                let text =
                    format!("the disk in memory is full: {used} of {} bytes used, {bytes} more wanted", self.bytes_max);
                Err(io::Error::new(io::ErrorKind::OutOfMemory, text))
            }
        }
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.bytes_used.fetch_sub(bytes, Ordering::SeqCst);
    }
}
