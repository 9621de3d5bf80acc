//! What a connection shows the others of itself, how it waits when one of them says so, and what it is told of keys that they change.
//!
//! Promises: the words of a call are never shown, but for the name of a subcommand. Leaves to others: who sees it (`client.rs`).

use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use nedb_compat::redis::{Noting, Reply};
use nedb_wire::resp::Writer;

use super::Connection;
use crate::databases::{Served, is_own};
use crate::resp::called::Called;
use crate::resp::channels::Kind;
use crate::resp::connected::{Client, Connected};
use crate::resp::tracking::{Tracker, Tracks};
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
    pub(in crate::resp) fn connected(&self) -> &Arc<Connected> {
        &self.shared.connected
    }

    /// The time by which ages are told.
    pub(in crate::resp) fn now_us(&self) -> u64 {
        self.shared.config.io.clock.monotonic_us()
    }

    /// The port that it came to, the address on which the daemon listens, and how many connections there may be, as texts.
    pub(in crate::resp) fn place(&self) -> (String, String, String) {
        let config = &self.shared.config;
        (self.client().local_port().to_string(), config.host.to_string(), config.connections_max.to_string())
    }

    /// What lists the databases that are open and that it has a right on, by their names; but for those of the daemon.
    pub(in crate::resp) fn visible_databases(&self) -> impl FnOnce() -> Vec<Arc<Served>> + Send + use<> {
        let (shared, identity) = (Arc::clone(&self.shared), self.identity.clone());
        move || {
            let may_know =
                |name: &str| identity.as_ref().is_some_and(|identity| identity.may(Right::Verify, Some(name)));
            let mut visible = shared.databases.opened();
            visible.retain(|served| !is_own(&served.name) && may_know(&served.name));
            visible.sort_by(|one, other| one.name.cmp(&other.name));
            visible
        }
    }

    /// How long the daemon has run.
    pub(in crate::resp) fn uptime_s(&self) -> i64 {
        self.shared.metrics.age_s(self.shared.config.io.clock.wall_us())
    }

    /// Counts a command of the connection.
    pub(in crate::resp) fn count_call(&self) {
        self.shared.metrics.own_call();
    }

    /// What was counted, as lines of INFO.
    pub(in crate::resp) fn stats(&self) -> String {
        self.shared.metrics.redis_lines()
    }

    /// Begins to count anew, for all connections.
    pub(in crate::resp) fn forget_stats(&self) -> Result<()> {
        self.demand_everywhere()?;
        self.shared.metrics.forget_redis();
        Ok(())
    }

    /// Shows the others what commands of the connection have changed.
    pub(super) fn describe(&self) {
        let count = |kind: Kind| self.subscriptions.as_ref().map_or(0, |mine| mine.count_of(kind));
        self.client().say(|said| {
            self.database.clone_into(&mut said.database);
            self.identity.as_ref().map_or("", |identity| identity.name.as_str()).clone_into(&mut said.user);
            said.version = self.version;
            said.listens = [Kind::Channel, Kind::Pattern, Kind::Shard].map(count);
            said.tracker = self.tracks.as_ref().map(|tracks| Arc::clone(tracks.tracker()));
            said.session = self.open.as_ref().map(|(_, session)| Arc::clone(session));
        });
    }

    /// Shows the others which command is carried out, and returns since when.
    pub(super) fn begin(&self, call: &Called<'_>) -> u64 {
        let name = call.name();
        let subcommand = call.words.get(1).copied().filter(|_| WITH_SUBCOMMANDS.contains(&name));
        let now_us = self.now_us();
        self.client().say(|said| said.begin(name, subcommand, now_us));
        now_us
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
    pub(super) async fn may_go_on(&mut self, calls: &[Called<'_>], out: &mut Vec<u8>, stream: &mut Stream) -> bool {
        if let Some(last) = calls.last() {
            self.begin(last);
        }
        if !self.connected().has_pause() {
            return true;
        }
        // What was answered before the pause must not wait for its end.
        if self.holding.send(stream, out).await.is_err() {
            return false;
        }
        let mut ending = self.shared.ending();
        let writes = calls.iter().any(Called::may_write);
        tokio::select! {
            () = self.connected().pass(writes) => true,
            _ending = ending.changed() => false,
        }
    }

    /// What it tracks.
    pub(in crate::resp) fn tracks(&self) -> Option<&Tracks> {
        self.tracks.as_ref()
    }

    /// Which keys that its session reads are noted.
    pub(in crate::resp) fn noting(&self) -> Option<Noting> {
        self.open.as_ref().map(|(_, session)| session.noting())
    }

    /// Tracks keys from now on. Prefixes tell names of keys that the connection did not read: that takes the right to read, and the database
    /// at once.
    pub(super) async fn begin_tracking(&mut self, tracker: Tracker) -> Reply {
        if tracker.is_broadcasting() {
            let opened = match self.demand(Right::Read, &self.database) {
                Ok(()) => self.open().await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = opened {
                return Reply::Error(error);
            }
        }
        self.track(Some(tracker));
        self.describe();
        Reply::ok()
    }

    /// Tracks keys from now on, or none any more.
    pub(in crate::resp) fn track(&mut self, tracker: Option<Tracker>) {
        match (tracker, &mut self.tracks) {
            (Some(tracker), Some(tracks)) => tracks.change(tracker),
            (Some(tracker), None) => self.tracks = Some(Tracks::new(tracker)),
            (None, _) => self.tracks = None,
        }
        self.track_here();
    }

    /// The user to whose connections alone it may be redirected; none where it may be to all.
    pub(in crate::resp) fn redirects_as(&self) -> Option<String> {
        let identity = self.identity.as_ref().filter(|identity| !identity.may(Right::Admin, None));
        identity.map(|identity| identity.name.clone())
    }

    /// Tracks keys as far as the identity may that calls from now on.
    pub(super) fn track_as_identity(&mut self) {
        let user = self.redirects_as();
        if let (Some(tracks), Some(identity)) = (&mut self.tracks, &self.identity) {
            tracks.change_user(user, |database| identity.may(Right::Read, Some(database)));
            self.track_here();
        }
    }

    /// Says that of the next command it is the other way round than of all.
    pub(in crate::resp) fn cache_next(&mut self) {
        if let Some(tracks) = &mut self.tracks {
            tracks.cache_next();
        }
        self.track_here();
    }

    /// Tracks keys of the database that is open now.
    pub(super) fn track_here(&mut self) {
        let may_read = self.demand(Right::Read, &self.database).is_ok();
        let Some((served, session)) = &self.open else { return };
        let Some(tracks) = &mut self.tracks else { return session.note_reads(Noting::None) };
        if may_read {
            tracks.join(served);
        }
        session.note_reads(tracks.noting());
    }

    /// Writes which keys have changed.
    pub(super) fn push_changes(&self, out: &mut Vec<u8>) {
        let is_listening = self.subscriptions.is_some();
        self.client().pushes.write(&mut Writer::new(out, self.version), is_listening);
    }
}
