//! How long calls of a connection took: for the figures, and for the slow log.
//!
//! Leaves to others: the time of rounds (`rounds.rs`) and of calls that may wait (`waiting.rs`), and which calls are kept (`slow_calls.rs`).

use std::sync::Arc;

use nedb::Result;
use nedb_compat::redis::Reply;

use super::Connection;
use crate::databases::Served;
use crate::resp::called::Called;
use crate::resp::slow_calls::{self, Part};
use crate::rights::Right;
use crate::slow::SlowLog;

impl Connection {
    /// Counts a call with the time that it took together with those of its round.
    pub(super) fn count_timed(&self, call: &Called<'_>, reply: &Reply, time_us: u64) {
        if let Some((family, _)) = call.listed() {
            self.shared.metrics.call(family, matches!(reply, Reply::Error(_)), time_us);
        }
    }

    /// Keeps look-ups if they took long together.
    pub(super) fn keep_slow(&self, served: &Served, calls: &[Called<'_>], time_us: u64) {
        if served.slow.is_slow(time_us) {
            let calls = calls.iter().map(|call| call.words.clone()).collect();
            let part = Part { client: self.client(), calls, course: None };
            slow_calls::keep((&served.slow, &served.name), &[part], time_us);
        }
    }

    /// Keeps a command of the connection if it took long: its database may have been opened for it.
    pub(super) fn keep_slow_opening(&self, call: &Called<'_>, begun_us: u64) {
        if let Some((served, _)) = &self.open {
            self.keep_slow(served, std::slice::from_ref(call), self.now_us().saturating_sub(begun_us));
        }
    }

    /// From how many microseconds on something is kept; never when there is none.
    pub(in crate::resp) fn slow_us(&self) -> Option<u64> {
        self.shared.config.slow_us
    }

    /// What took long in the database of the connection; nothing before it was opened.
    pub(in crate::resp) fn slow_log(&self) -> Result<Option<Arc<SlowLog>>> {
        self.demand(Right::Admin, &self.database)?;
        Ok(self.open.as_ref().map(|(served, _)| Arc::clone(&served.slow)))
    }
}
