//! The database as Redis commands see it: one command after the other, each atomic, from any number of threads.

use std::sync::Arc;

use nedb::{CacheFigures, Database, Error, ErrorCode, Op, QueryOptions, Result, Row, ScanRange, Snapshot, WriteBatch};
use nedb_io::{Random, RealRandom};

use super::args::Args;
use super::cursors::Cursors;
use super::locks::Wanted;
use super::messages::{Listeners, Message};
use super::notices::Notices;
use super::scripts::{ScriptBounds, Scripts};
use super::session::Session;
use super::table::{Access, Command, Handler};
use super::tracking::{Caller, Noted, Trackers};
use super::tx::{Committed, Surroundings, Tx};
use super::waiting::{Asked, Outcome};
use super::{keyspace::Header, layout, refusal};

/// How often a command is tried when others write what it read. Commands on one key take turns, so that only writes that are no
/// commands come in between: each time somebody's write went through.
const TRIES_MAX: u32 = 64;

/// How many elements of a deleted value one batch deletes.
const RECLAIMED_AT_ONCE: u64 = 4096;

/// Redis commands on a database. Clones share cursors; a [`Session`] is what one client talks to.
///
/// Each command is atomic, and so is a transaction. The answers of reads come from one snapshot. Commands on one key
/// take turns, whichever handle made by `new` on the database they came through.
///
/// ```
/// use nedb_compat::redis::{Commands, Reply};
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// let session = Commands::new(&db).session();
/// session.execute(&[b"HSET", b"user:1", b"name", b"Ada"]);
/// assert_eq!(db.get("user", "1")?.expect("a hash is a document").to_json()?, r#"{"name":"Ada"}"#);
/// assert_eq!(session.execute(&[b"EXISTS", b"user:1", b"user:2"]), Reply::Int(1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Commands {
    shared: Arc<Shared>,
}

struct Shared {
    db: Database,
    client: String,
    random: Arc<dyn Random>,
    cursors: Cursors,
    bounds: QueryOptions,
    scripts: Scripts,
    listeners: Option<Arc<dyn Listeners>>,
    connection_commands: Vec<&'static Command>,
    notices: Option<Notices>,
    trackers: Option<Arc<dyn Trackers>>,
}

/// What commands go by beside the database: each part has a default.
///
/// ```
/// use nedb_compat::redis::{Commands, Setup};
/// # fn main() -> nedb::Result<()> {
/// let bounds = nedb::QueryOptions::new().deadline_us(1_000_000);
/// let commands = Commands::set_up(&nedb::Database::in_memory()?, Setup { bounds, ..Setup::default() });
/// # drop(commands);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Setup {
    /// The client under whose name commands write.
    pub client: String,
    /// Where chance comes from.
    pub random: Arc<dyn Random>,
    /// The deadline and the memory of questions in NQL; the memory bounds the answer of a command, too.
    pub bounds: QueryOptions,
    /// The time and the memory of scripts.
    pub scripts: ScriptBounds,
    /// Those who listen to channels; without them PUBLISH is refused.
    pub listeners: Option<Arc<dyn Listeners>>,
    /// The commands that whoever has the connections carries out, and that COMMAND tells of beside those here.
    pub connection_commands: Vec<&'static Command>,
    /// What happened to keys, as it is told on channels.
    pub notices: Option<Notices>,
    /// Those who are told of the keys that they read.
    pub trackers: Option<Arc<dyn Trackers>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            client: "redis".to_owned(),
            random: Arc::new(RealRandom::new()),
            bounds: QueryOptions::new(),
            scripts: ScriptBounds::default(),
            listeners: None,
            connection_commands: Vec::new(),
            notices: None,
            trackers: None,
        }
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Setup").field("client", &self.client).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Commands").field("db", &self.shared.db).finish_non_exhaustive()
    }
}

impl Commands {
    /// Takes commands for a database, writing as the client `redis`.
    pub fn new(db: &Database) -> Self {
        Self::set_up(db, Setup::default())
    }

    /// Takes commands for a database, writing as a client of this name.
    pub fn of_client(db: &Database, client: impl Into<String>) -> Self {
        Self::set_up(db, Setup { client: client.into(), ..Setup::default() })
    }

    /// Takes commands for a database, writing as a client of this name, with a source of randomness: for tests.
    pub fn with(db: &Database, client: impl Into<String>, random: Arc<dyn Random>) -> Self {
        Self::set_up(db, Setup { client: client.into(), random, ..Setup::default() })
    }

    /// Takes commands for a database, with all that they go by.
    pub fn set_up(db: &Database, setup: Setup) -> Self {
        let Setup { client, random, bounds, scripts, listeners, connection_commands, notices, trackers } = setup;
        let notices = notices.filter(|notices| notices.flags.is_any());
        let (db, cursors, scripts) = (db.clone(), Cursors::new(), Scripts::new(scripts));
        let shared =
            Shared { db, client, random, cursors, bounds, scripts, listeners, connection_commands, notices, trackers };
        Self { shared: Arc::new(shared) }
    }

    /// Begins a session: what one client talks to, with its own MULTI and WATCH.
    pub fn session(&self) -> Session {
        self.session_of(0)
    }

    /// Begins a session with a number: the one by which [`Trackers`] know it.
    pub fn session_of(&self, id: i64) -> Session {
        Session::new(self.clone(), id)
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.shared.db
    }

    /// How often a script that was called by its digest was kept; each database has its own.
    ///
    /// ```
    /// use nedb_compat::redis::Commands;
    /// # fn main() -> nedb::Result<()> {
    /// let commands = Commands::new(&nedb::Database::in_memory()?);
    /// commands.session().execute(&[b"EVALSHA", &[b'0'; 40], b"0"]);
    /// assert_eq!(commands.script_figures().misses, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn script_figures(&self) -> CacheFigures {
        self.shared.scripts.figures()
    }

    /// Those who are told of the keys that they read.
    pub(super) fn trackers(&self) -> Option<&dyn Trackers> {
        self.shared.trackers.as_deref()
    }

    /// The bounds of a question.
    pub(super) fn bounds(&self) -> QueryOptions {
        self.shared.bounds.clone()
    }

    pub(super) fn client(&self) -> &str {
        &self.shared.client
    }

    /// Carries out one command that is not the session's; one that may wait is tried once.
    pub(super) fn run(&self, caller: Caller, command: &Command, words: &[&[u8]], asked: Asked) -> Result<Outcome> {
        let args = Args::new(words);
        match command.handler {
            Handler::Engine(call) | Handler::Either { alone: call, .. } => call(self, args).map(Outcome::Answered),
            Handler::Data(call) => self.run_data(caller, command, words, |tx| call(tx, args).map(Outcome::Answered)),
            Handler::Blocking(call) => self.run_data(caller, command, words, |tx| call(tx, args, asked)),
            Handler::Session | Handler::Question(_) | Handler::Connection => {
                Err(refusal::unsupported(format_args!("{} needs a session", command.name)))
            }
        }
    }

    fn run_data<T>(
        &self,
        caller: Caller,
        command: &Command,
        words: &[&[u8]],
        work: impl Fn(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let work = |tx: &mut Tx<'_>| {
            tx.touches().begin(caller);
            tx.begin_telling(command);
            tx.note_reads(command, words);
            work(tx)
        };
        match command.access {
            Access::Write if command.is_on_every_key() => self.transact(&Wanted::Every, work),
            Access::Write => self.transact(&Wanted::Keys(command.keys.of(words)), work),
            Access::Read | Access::Control => {
                let mut tx = self.look()?;
                let answer = work(&mut tx)?;
                self.deliver(tx.take_messages());
                self.note(Noted::of(&mut tx), None);
                Ok(answer)
            }
        }
    }

    /// Whether a round would wait for more than its own sync now: for the turn of a call that does not come this way, or for a checkpoint.
    ///
    /// ```
    /// use nedb_compat::redis::Commands;
    /// # fn main() -> nedb::Result<()> {
    /// let db = nedb::Database::in_memory()?;
    /// let commands = Commands::new(&db);
    /// assert!(!commands.is_held_up());
    /// let turn = db.turns().alone([b"orders".as_slice()]);
    /// assert!(commands.is_held_up());
    /// # drop(turn);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_held_up(&self) -> bool {
        let db = &self.shared.db;
        db.turns().is_any_taken() || db.is_checkpoint_awaited()
    }

    /// Gives messages to those who listen.
    pub(super) fn deliver(&self, messages: Vec<Message>) {
        if let Some(listeners) = self.shared.listeners.as_ref().filter(|_| !messages.is_empty()) {
            listeners.deliver(messages);
        }
    }

    /// A transaction that only reads.
    pub(super) fn look(&self) -> Result<Tx<'_>> {
        self.look_at(self.shared.db.snapshot())
    }

    /// A transaction that only reads, as of a moment.
    pub(super) fn look_at(&self, snapshot: Snapshot) -> Result<Tx<'_>> {
        let Shared { random, cursors, scripts, listeners, connection_commands, notices, bounds, .. } = &*self.shared;
        let trackers = self.trackers();
        let (random, listeners) = (&**random, listeners.as_deref());
        let notices = notices.as_ref();
        let around =
            Surroundings { random, cursors, scripts, listeners, connection_commands, notices, trackers, bounds };
        Tx::new(snapshot, around)
    }

    /// Does work on some keys as one transaction; again, when a document that it depends on changed meanwhile.
    pub(super) fn transact<T>(&self, wanted: &Wanted<'_>, work: impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let turn = wanted.turn(self.shared.db.turns());
        for _ in 0..TRIES_MAX {
            let mut tx = self.look()?;
            let answer = work(&mut tx)?;
            let messages = tx.take_messages();
            match tx.commit(&self.shared.db, &self.shared.client) {
                Ok(Committed { left_behind, noted, last_seq }) => {
                    // In the order of the commits, so before others have their turns.
                    self.deliver(messages);
                    self.note(noted, last_seq);
                    drop(turn);
                    for (collection, container) in left_behind {
                        // The command has happened; what could not be deleted now is left to `reclaim`.
                        let _left_to_reclaim = self.delete_all(collection, &container);
                    }
                    return Ok(answer);
                }
                Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
                Err(error) => return Err(error),
            }
        }
        let message = format!("the keys of a command changed {TRIES_MAX} times while it was carried out");
        Err(Error::new(ErrorCode::Busy, message))
    }

    /// Deletes the elements of values that have expired or were deleted, and returns how many it deleted.
    ///
    /// No read finds them in any case; what they take is room in the indexes. An expired value without elements is swept by the
    /// engine itself.
    ///
    /// ```
    /// use nedb_compat::redis::Commands;
    /// # fn main() -> nedb::Result<()> {
    /// let commands = Commands::new(&nedb::Database::in_memory()?);
    /// assert_eq!(commands.reclaim()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reclaim(&self) -> Result<u64> {
        // Headers and elements are those of one moment: an element without its header then never gets one later.
        let snapshot = self.shared.db.snapshot();
        let mut live = std::collections::BTreeSet::new();
        for row in snapshot.scan(layout::KV, &ScanRange::all())? {
            live.extend(Header::container_of(&row?)?);
        }
        let mut deleted = 0;
        for collection in layout::PARTS {
            let mut batch = Deletions::new(self, collection);
            for row in snapshot.scan(collection, &ScanRange::all())? {
                let row = row?;
                let container = row.id_bytes().get(..layout::CONTAINER_BYTES).unwrap_or_default();
                if !live.contains(container) {
                    batch.delete(&row)?;
                }
            }
            deleted += batch.finish()?;
        }
        Ok(deleted)
    }

    /// Deletes the documents of a collection whose ids begin with some bytes, some thousand at a time.
    pub(super) fn delete_all(&self, collection: &str, prefix: &[u8]) -> Result<()> {
        let mut batch = Deletions::new(self, collection);
        for row in self.shared.db.snapshot().scan(collection, &ScanRange::prefix(prefix))? {
            batch.delete(&row?)?;
        }
        batch.finish().map(drop)
    }
}

/// Deletions that nothing depends on, some thousand at a time.
struct Deletions<'c> {
    commands: &'c Commands,
    collection: &'c str,
    ops: WriteBatch,
    deleted: u64,
}

impl<'c> Deletions<'c> {
    fn new(commands: &'c Commands, collection: &'c str) -> Self {
        Self { commands, collection, ops: WriteBatch::new().client(commands.client()), deleted: 0 }
    }

    fn delete(&mut self, row: &Row) -> Result<()> {
        self.ops.push(Op::delete(self.collection, row.id_bytes()));
        if self.ops.len() as u64 >= RECLAIMED_AT_ONCE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        if self.ops.is_empty() {
            return Ok(());
        }
        let empty = WriteBatch::new().client(self.commands.client());
        let batch = std::mem::replace(&mut self.ops, empty);
        self.deleted += batch.len() as u64;
        self.commands.shared.db.write(batch).map(drop)
    }

    fn finish(mut self) -> Result<u64> {
        self.write()?;
        Ok(self.deleted)
    }
}
