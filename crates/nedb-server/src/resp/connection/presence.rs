//! What a connection shows the others of itself, and how it waits when one of them says so.
//!
//! Promises: the words of a call are never shown, but for the name of a subcommand. Leaves to others: who sees it (`client.rs`).

use std::ops::Range;
use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use nedb_compat::redis::{self, Access};
use nedb_wire::resp::Batch;

use super::{Connection, send};
use crate::resp::channels::Kind;
use crate::resp::commands;
use crate::resp::connected::{Client, Connected};
use crate::rights::Right;
use crate::tls::Stream;

/// The commands whose second word says which of several they are.
const WITH_SUBCOMMANDS: [&str; 9] =
    ["CLIENT", "COMMAND", "CONFIG", "OBJECT", "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO"];

impl Connection {
    /// What the others see of it.
    pub(in crate::resp) fn client(&self) -> &Arc<Client> {
        &self.listed.client
    }

    /// All connections.
    pub(in crate::resp) fn connected(&self) -> &Connected {
        &self.shared.connected
    }

    /// The time by which ages are told.
    pub(in crate::resp) fn now_us(&self) -> u64 {
        self.shared.config.io.clock.monotonic_us()
    }

    /// Shows the others what commands of the connection have changed.
    pub(super) fn describe(&self) {
        let count = |kind: Kind| self.subscriptions.as_ref().map_or(0, |mine| mine.count_of(kind));
        self.client().say(|said| {
            self.database.clone_into(&mut said.database);
            self.identity.as_ref().map_or("", |identity| identity.name.as_str()).clone_into(&mut said.user);
            said.version = self.version;
            said.listens = [Kind::Channel, Kind::Pattern, Kind::Shard].map(count);
            said.session = self.open.as_ref().map(|(_, session)| Arc::clone(session));
        });
    }

    /// Shows the others which command is carried out.
    pub(super) fn begin(&self, words: &[&[u8]]) {
        let Some((name, rest)) = words.split_first() else { return };
        let of_connection = commands::find(name).map(|row| row.command.name);
        let name = of_connection.or_else(|| redis::command_of(words).map(|command| command.name)).unwrap_or_default();
        let subcommand = rest.first().copied().filter(|_| WITH_SUBCOMMANDS.contains(&name));
        self.client().say(|said| said.begin(name, subcommand, self.now_us()));
    }

    /// Demands the right to see and end the connections of others.
    pub(in crate::resp) fn demand_everywhere(&self) -> Result<()> {
        if self.identity.as_ref().is_some_and(|identity| identity.may(Right::Admin, None)) {
            return Ok(());
        }
        let message = "NOPERM this user lacks the right admin on all databases";
        Err(Error::new(ErrorCode::RedisCommand, message))
    }

    /// Waits while calls of databases are paused; false when the client takes no replies, or the daemon ends.
    pub(super) async fn may_go_on(
        &self,
        batch: &Batch,
        calls: Range<usize>,
        out: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> bool {
        self.begin(&batch.call(calls.end.saturating_sub(1)).unwrap_or_default());
        if !self.connected().has_pause() {
            return true;
        }
        // What was answered before the pause must not wait for its end.
        if send(stream, out).await.is_err() {
            return false;
        }
        let mut ending = self.shared.ending();
        let writes = calls.filter_map(|at| batch.call(at)).any(|words| may_write(&words));
        tokio::select! {
            () = self.connected().pass(writes) => true,
            _ending = ending.changed() => false,
        }
    }
}

/// Whether a call waits for the end of a pause of writes: one that writes, or that may carry out others which do.
fn may_write(words: &[&[u8]]) -> bool {
    redis::command_of(words).is_some_and(|command| command.access == Access::Write || command.name == "EXEC")
}
