//! The database as Redis commands see it: one command after the other, each atomic, from any number of threads.

use std::sync::Arc;

use nedb::{Database, Error, ErrorCode, Op, Result, Row, ScanRange, Snapshot, WriteBatch};
use nedb_io::{Random, RealRandom};

use super::args::Args;
use super::cursors::Cursors;
use super::locks::Wanted;
use super::reply::Reply;
use super::session::Session;
use super::table::{Access, Command, Handler};
use super::tx::Tx;
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
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Commands").field("db", &self.shared.db).finish_non_exhaustive()
    }
}

impl Commands {
    /// Takes commands for a database, writing as the client `redis`.
    pub fn new(db: &Database) -> Self {
        Self::of_client(db, "redis")
    }

    /// Takes commands for a database, writing as a client of this name.
    pub fn of_client(db: &Database, client: impl Into<String>) -> Self {
        Self::with(db, client, Arc::new(RealRandom::new()))
    }

    /// Takes commands for a database, writing as a client of this name, with a source of randomness: for tests.
    pub fn with(db: &Database, client: impl Into<String>, random: Arc<dyn Random>) -> Self {
        let (db, client) = (db.clone(), client.into());
        Self { shared: Arc::new(Shared { db, client, random, cursors: Cursors::new() }) }
    }

    /// Begins a session: what one client talks to, with its own MULTI and WATCH.
    pub fn session(&self) -> Session {
        Session::new(self.clone())
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.shared.db
    }

    pub(super) fn client(&self) -> &str {
        &self.shared.client
    }

    /// Carries out one command that is not the session's.
    pub(super) fn run(&self, command: &Command, words: &[&[u8]]) -> Result<Reply> {
        match command.handler {
            Handler::Engine(call) => call(self, Args::new(words)),
            Handler::Data(call) if command.access == Access::Write => {
                self.transact(&Wanted::Keys(command.keys.of(words)), |tx| call(tx, Args::new(words)))
            }
            Handler::Data(call) => call(&mut self.look()?, Args::new(words)),
            Handler::Session => Err(refusal::unsupported(format_args!("{} needs a session", command.name))),
        }
    }

    /// A transaction that only reads.
    pub(super) fn look(&self) -> Result<Tx<'_>> {
        self.look_at(self.shared.db.snapshot())
    }

    /// A transaction that only reads, as of a moment.
    pub(super) fn look_at(&self, snapshot: Snapshot) -> Result<Tx<'_>> {
        Tx::new(snapshot, &*self.shared.random, &self.shared.cursors)
    }

    /// Does work on some keys as one transaction; again, when a document that it depends on changed meanwhile.
    pub(super) fn transact<T>(&self, wanted: &Wanted<'_>, work: impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let turn = wanted.turn(self.shared.db.turns());
        for _ in 0..TRIES_MAX {
            let mut tx = self.look()?;
            let answer = work(&mut tx)?;
            match tx.commit(&self.shared.db, &self.shared.client) {
                Ok(left_behind) => {
                    drop(turn);
                    for (collection, container) in left_behind {
                        // The command has happened; what could not be deleted now is left to `reclaim`.
                        let _left_to_reclaim = self.reclaim_container(collection, &container);
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

    fn reclaim_container(&self, collection: &str, container: &[u8]) -> Result<()> {
        let mut batch = Deletions::new(self, collection);
        for row in self.shared.db.snapshot().scan(collection, &ScanRange::prefix(container))? {
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
