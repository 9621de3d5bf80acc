//! Making frames durable, and recording that outside the log.

use super::Inner;
use crate::head::{Head, HeadFailure};
use nedb_types::{Error, ErrorCode, Result};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Inner {
    /// Makes everything written so far durable.
    pub(super) fn sync(&self) -> Result<u64> {
        let _gate = self.gate.lock();
        self.check_writable()?;
        self.sync_written()
    }

    /// As [`sync`](Self::sync), for callers that hold the gate. A sync that failed while they waited for it is not tried again.
    pub(super) fn sync_written(&self) -> Result<u64> {
        self.check_not_poisoned()?;
        let (target, file) = {
            let state = self.state.lock();
            (state.written, Arc::clone(&state.file))
        };
        if self.state.lock().durable.end >= target.end {
            return Ok(target.size);
        }
        self.or_poison(file.sync_data(), "syncing the log")?;
        self.state.lock().durable = target;
        self.watermark.store(target.watermark().get(), Ordering::Release);
        Ok(target.size)
    }

    /// Writes HEAD at the durable end, when it does not stand there.
    pub(super) fn write_head(&self) -> Result<()> {
        let mut head = self.head.lock();
        self.check_not_poisoned()?;
        let durable = self.state.lock().durable;
        if head.current().end == durable.end && head.current().epoch == self.epoch {
            return Ok(());
        }
        let segment_bytes = head.current().segment_bytes;
        match head.write(Head::at(&durable, self.database, self.epoch, segment_bytes)) {
            Ok(()) => Ok(()),
            Err(HeadFailure::Write(error)) => Err(Error::from(error).context("writing HEAD")),
            Err(HeadFailure::Sync(error)) => self.or_poison(Err(error), "syncing HEAD"),
        }
    }

    /// Passes success on; a failed sync poisons the log.
    pub(super) fn or_poison(&self, outcome: io::Result<()>, doing: &str) -> Result<()> {
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => {
                let text = format!("{doing} failed: {error}");
                self.poison_with(&text);
                Err(Error::new(ErrorCode::Poisoned, text).with_source(error))
            }
        }
    }
}
