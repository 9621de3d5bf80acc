//! Ending the life of a log in good order.

use super::{Inner, LogAccess};
use nedb_types::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Inner {
    /// Syncs, cuts unused room off, writes HEAD. A second close does nothing; a poisoned log is left as it is.
    pub(super) fn close(&self) -> Result<()> {
        let tail = self.tail.lock();
        self.end_background();
        if self.access == LogAccess::ReadOnly || self.is_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.check_writable()?;
        let _gate = self.gate.lock();
        self.sync_written()?;
        let used = self.used_bytes(tail.number);
        let file = Arc::clone(&tail.file);
        if file.len_bytes()? > used {
            file.set_len_bytes(used).map_err(|error| Error::from(error).context("cutting unused room off the log"))?;
            self.zeroed.store(used, Ordering::Release);
            self.or_poison(file.sync_all(), "syncing the log's last file")?;
        }
        self.write_head()?;
        self.is_closed.store(true, Ordering::Release);
        Ok(())
    }

    /// Returns the offset behind the last frame in a segment.
    fn used_bytes(&self, number: u64) -> u64 {
        let first = number * self.segment_bytes();
        let end = self.state.lock().written.end.get();
        end.saturating_sub(first).max(crate::layout::SEGMENT_HEADER_BYTES as u64)
    }
}
