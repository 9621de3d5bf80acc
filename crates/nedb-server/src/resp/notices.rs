//! Notifications of what no command did: the end of lifetimes, and what was written through other interfaces.
//!
//! ```text
//! sweep, HTTP, SQL ──> commit ──> the feed of changes ──> one thread for each database ──> Channels::deliver
//! ```
//!
//! Promises: each change is told once, when it is as durable as the database promises, in the order of the commits. Leaves to others: what
//! commands tell themselves (`nedb_compat::redis`), and who listens (`channels.rs`).

use std::sync::Arc;

use nedb::{Database, ErrorCode};
use nedb_compat::redis::{Listeners as _, Notices};

use super::channels::Channels;

/// How long the thread waits at once; a change, and the end of the database, wake it.
const WAIT_US: u64 = 60_000_000;

/// Tells those who listen of changes that the client of the commands did not make, until the database is closed.
pub(crate) fn tell_changes(db: &Database, notices: Notices, of_commands: &'static str, channels: &Arc<Channels>) {
    let (mut feed, channels) = (db.subscribe(db.head().seq()), Arc::clone(channels));
    tokio::task::spawn_blocking(move || {
        loop {
            match feed.next_within(WAIT_US) {
                Ok(Some(entry)) => channels.deliver(notices.of_change(&entry, of_commands, &*channels)),
                Ok(None) => {}
                Err(error) if error.code() == ErrorCode::Closed => return,
                Err(error) => return tracing::error!("notifications of changes ended: {error}"),
            }
        }
    });
}
