//! The connections of the Redis protocol: who they are, and what one of them makes the others do.
//!
//! ```text
//! CLIENT LIST  <── what each connection says of itself, as it changes
//! CLIENT KILL  ──> the connection ends where it stands, whatever it waits for
//! CLIENT PAUSE ──> calls of databases wait until the pause is over
//! ```
//!
//! Promises: what a connection is told to do reaches it at once, and nobody asks again and again; who has gone is not listed. Leaves to
//! others: who may tell (`client.rs`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nedb_compat::redis::Session;
use nedb_io::Mutex;
use nedb_wire::resp::Version;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::tracking::{Pushes, Tracker};
use super::waiting::Standing;
use crate::databases::selected_as;

/// All connections, by their numbers.
#[derive(Default)]
pub(crate) struct Connected {
    clients: Mutex<BTreeMap<i64, Arc<Client>>>,
    /// Whether there may be a pause: what most calls ask, and all there is to ask then.
    is_paused: AtomicBool,
    pause: watch::Sender<Option<Pause>>,
}

/// Whose calls wait during a pause; all wait whose calls write do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Paused {
    Writes,
    All,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    whom: Paused,
    end: Instant,
}

/// One connection.
pub(super) struct Client {
    pub(super) id: i64,
    address: SocketAddr,
    local: SocketAddr,
    since_us: u64,
    /// What it is told of keys that changed.
    pub(super) pushes: Arc<Pushes>,
    said: Mutex<Said>,
    killed: Notify,
}

/// What a connection says of itself.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) name: String,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) version: Version,
    pub(super) library: Library,
    /// How many channels, patterns and channels of shards it listens to.
    pub(super) listens: [usize; 3],
    pub(super) session: Option<Arc<Session>>,
    /// What it is told of keys.
    pub(super) tracker: Option<Arc<Tracker>>,
    /// The last command, and its subcommand.
    command: (&'static str, String),
    active_us: u64,
    /// Where it waits for a key.
    standing: Option<Standing>,
}

/// What a client says of its library.
#[derive(Clone, Default)]
pub(super) struct Library {
    pub(super) name: String,
    pub(super) version: String,
}

/// What a connection is used for, as Redis tells connections apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Normal,
    Listening,
    /// Replicas and masters, of which there are none.
    Replication,
}

/// Which connections are meant: those for which all that is given holds.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) ids: Option<Vec<i64>>,
    pub(super) address: Option<String>,
    pub(super) local: Option<String>,
    pub(super) user: Option<String>,
    pub(super) used: Option<Use>,
    /// Only those that are at least so old.
    pub(super) age_s_min: Option<u64>,
    /// Not this one.
    pub(super) but: Option<i64>,
}

impl Connected {
    /// Takes a connection in; it is listed until what is returned goes.
    pub(super) fn join(self: &Arc<Self>, id: i64, (address, local): (SocketAddr, SocketAddr), now_us: u64) -> Listed {
        let said = Said { active_us: now_us, ..Said::default() };
        let client = Arc::new(Client {
            id,
            address,
            local,
            since_us: now_us,
            pushes: Arc::default(),
            said: Mutex::new(said),
            killed: Notify::new(),
        });
        self.clients.lock().insert(id, Arc::clone(&client));
        Listed { connected: Arc::clone(self), client }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.clients.lock().len()
    }

    /// The one with a number, while it is there.
    pub(super) fn get(&self, id: i64) -> Option<Arc<Client>> {
        self.clients.lock().get(&id).cloned()
    }

    /// How many of them track keys.
    pub(super) fn tracking(&self) -> usize {
        self.clients.lock().values().filter(|client| client.said.lock().tracker.is_some()).count()
    }

    /// Those that are meant, in the order in which they came.
    pub(super) fn matching(&self, filter: &Filter, now_us: u64) -> Vec<Arc<Client>> {
        let clients: Vec<Arc<Client>> = self.clients.lock().values().cloned().collect();
        clients.into_iter().filter(|client| filter.is_meant(client, now_us)).collect()
    }

    /// Ends a connection, at once; it is listed no more.
    pub(super) fn kill(&self, client: &Client) {
        self.clients.lock().remove(&client.id);
        client.killed.notify_one();
    }

    /// Makes calls of databases wait for a time. A pause that is there already becomes no shorter and lets no more through.
    pub(super) fn pause(&self, whom: Paused, end: Instant) {
        self.pause.send_modify(|pause| {
            let before = pause.filter(|pause| pause.end > Instant::now());
            let whom = before.map_or(whom, |before| before.whom.max(whom));
            let end = before.map_or(end, |before| before.end.max(end));
            *pause = Some(Pause { whom, end });
        });
        self.is_paused.store(true, Ordering::SeqCst);
    }

    /// Ends the pause.
    pub(super) fn go_on(&self) {
        self.is_paused.store(false, Ordering::SeqCst);
        self.pause.send_replace(None);
    }

    /// Forgets a pause that is over, unless there is another one by now.
    fn forget(&self, over: Pause) {
        self.pause.send_if_modified(|pause| {
            if pause.is_some_and(|pause| pause.end <= over.end) {
                *pause = None;
                self.is_paused.store(false, Ordering::SeqCst);
            }
            false
        });
    }

    /// Whether there may be a pause.
    pub(super) fn has_pause(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Waits until calls that write, or all, may go on.
    pub(super) async fn pass(&self, writes: bool) {
        let mut changes = self.pause.subscribe();
        loop {
            let pause = *changes.borrow_and_update();
            let Some(pause) = pause.filter(|pause| writes || pause.whom == Paused::All) else { return };
            if pause.end <= Instant::now() {
                self.forget(pause);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(pause.end) => {}
                // The sender lives as long as the daemon.
                _changed = changes.changed() => {}
            }
        }
    }
}

impl Client {
    /// Says something else of the connection.
    pub(super) fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock());
    }

    /// What the connection says of itself.
    pub(super) fn said(&self) -> Said {
        self.said.lock().clone()
    }

    /// The port that it came to.
    pub(super) fn local_port(&self) -> u16 {
        self.local.port()
    }

    /// Where the client is, with its port.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the client is.
    pub(super) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// Whether it is a connection of this user.
    pub(super) fn is_of(&self, user: &str) -> bool {
        self.said.lock().user == user
    }

    /// Ends when somebody killed it.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// The line of CLIENT LIST and INFO: what Redis tells, without that which means nothing here.
    pub(super) fn line(&self, now_us: u64) -> String {
        let said = self.said();
        let seconds = |since_us: u64| now_us.saturating_sub(since_us) / 1_000_000;
        let queued = said.session.as_ref().and_then(|session| session.queued());
        let [channels, patterns, shards] = said.listens;
        let mut line = format!("id={} addr={} laddr={}", self.id, self.address, self.local);
        let mut add = |name: &str, value: &dyn std::fmt::Display| {
            // Writing to a String cannot fail; the result says so only to satisfy the trait.
            let written = write!(line, " {name}={value}");
            debug_assert!(written.is_ok(), "a String takes every line");
        };
        add("name", &said.name);
        add("age", &seconds(self.since_us));
        add("idle", &seconds(said.active_us));
        add("flags", &said.flags(queued.is_some()));
        add("db", &selected_as(&said.database));
        add("sub", &channels);
        add("psub", &patterns);
        add("ssub", &shards);
        add("multi", &queued.map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX)));
        match &said.command {
            ("", _) => add("cmd", &"NULL"),
            (command, subcommand) if subcommand.is_empty() => add("cmd", &command.to_ascii_lowercase()),
            (command, subcommand) => add("cmd", &format_args!("{}|{subcommand}", command.to_ascii_lowercase())),
        }
        add("user", &said.user);
        add("redir", &said.tracker.as_ref().map_or(-1, |tracker| tracker.redirects_to()));
        add("resp", &said.version.number());
        add("lib-name", &said.library.name);
        add("lib-ver", &said.library.version);
        line.push('\n');
        line
    }
}

impl Said {
    /// Says which command is carried out, and its subcommand if it has any.
    pub(super) fn begin(&mut self, command: &'static str, subcommand: Option<&[u8]>, now_us: u64) {
        let (name, text) = &mut self.command;
        *name = command;
        text.clear();
        // Only what a subcommand may be: it stands between other fields.
        let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        if let Some(word) = subcommand.filter(|word| word.iter().all(is_sign)) {
            text.extend(word.iter().take(SUBCOMMAND_BYTES_MAX).map(|byte| char::from(byte.to_ascii_lowercase())));
        }
        self.active_us = now_us;
    }

    /// Says where it waits for a key, and that it waits no longer.
    pub(super) fn stand(&mut self, standing: Option<Standing>) {
        self.standing = standing;
    }

    /// Where it waits for a key.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    fn used(&self) -> Use {
        if self.listens == [0; 3] { Use::Normal } else { Use::Listening }
    }

    fn flags(&self, is_in_transaction: bool) -> String {
        let tracker = self.tracker.as_ref();
        let flags = [
            ('P', self.used() == Use::Listening),
            ('x', is_in_transaction),
            ('b', self.standing.is_some()),
            ('t', tracker.is_some()),
            ('R', tracker.is_some_and(|tracker| tracker.is_broken())),
            ('B', tracker.is_some_and(|tracker| tracker.is_broadcasting())),
        ];
        let flags: String = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag).collect();
        if flags.is_empty() { "N".to_owned() } else { flags }
    }
}

/// How much of a word that should be a subcommand is shown.
const SUBCOMMAND_BYTES_MAX: usize = 32;

impl Filter {
    fn is_meant(&self, client: &Client, now_us: u64) -> bool {
        let said = client.said.lock();
        let is = |wanted: &Option<String>, found: &dyn Fn() -> String| {
            wanted.as_ref().is_none_or(|wanted| *wanted == found())
        };
        let age_s = now_us.saturating_sub(client.since_us) / 1_000_000;
        self.ids.as_ref().is_none_or(|ids| ids.contains(&client.id))
            && is(&self.address, &|| client.address.to_string())
            && is(&self.local, &|| client.local.to_string())
            && is(&self.user, &|| said.user.clone())
            && self.used.is_none_or(|used| used == said.used())
            && self.age_s_min.is_none_or(|min| age_s >= min)
            && self.but != Some(client.id)
    }
}

/// A connection that is listed until this goes.
pub(super) struct Listed {
    connected: Arc<Connected>,
    pub(super) client: Arc<Client>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connected.clients.lock().remove(&self.client.id);
    }
}
