//! Rows of a daemon that Ctrl-C ends, also while the daemon is silent.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use nedb::CancelToken;
use nedb_client::Rows;
use nedb_io::Io;
use nedb_types::{Error, ErrorCode, Object, Result};

/// Rows that are read ahead.
const ROWS_AHEAD: usize = 256;

/// Between two looks at whether anybody still wants the rows.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Asks on another thread; what comes after the token was cancelled is left there.
pub fn interruptible(
    ask: impl FnOnce() -> Result<Rows> + Send + 'static,
    cancel: CancelToken,
) -> impl Iterator<Item = Result<Object>> {
    let (sender, receiver) = mpsc::sync_channel(ROWS_AHEAD);
    let read = move || {
        let rows = match ask() {
            Ok(rows) => rows,
            // Without a receiver nobody asks any more; so it is with each send here.
            Err(error) => return drop(sender.send(Err(error))),
        };
        for row in rows {
            if sender.send(row).is_err() {
                return;
            }
        }
    };
    Io::real().scheduler.run("answer", Box::new(read));
    let mut is_over = false;
    std::iter::from_fn(move || {
        while !is_over {
            match receiver.recv_timeout(LOOK_EVERY) {
                Ok(row) => return Some(row),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    is_over = true;
                    return Some(Err(Error::new(ErrorCode::Cancelled, "the query was cancelled")));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_over = true,
            }
        }
        None
    })
}
