//! Commands on keys, whatever lies under them.
//!
//! DBSIZE, KEYS and RANDOMKEY walk over all keys; SCAN goes on where it stopped. RENAME moves one document.

use nedb::{Database, Result};

use super::args::Args;
use super::command_keys::Keys;
use super::commands::Commands;
use super::glob;
use super::hash_value::copy_as_document;
use super::key_walk::KeyWalk;
use super::keyspace::{Found, Header};
use super::layout::{self, CONTAINER_BYTES, DocKey, HASH, KV};
use super::notices::Class;
use super::refusal::{self, no_such_key, syntax};
use super::reply::Reply;
use super::scan::{ScanOptions, Scanned};
use super::table::{Command, Handler};
use super::tx::{Span, Tx};

pub(super) const COMMANDS: &[Command] = &[
    Command::write("DEL", -2, Keys::ALL, Handler::Data(delete)).says(
        "1.0.0",
        "DEL key [key ...] | Deletes keys; their history stays. Elements beyond 1,024 go after the answer is certain.",
    ),
    Command::write("UNLINK", -2, Keys::ALL, Handler::Data(delete))
        .fast()
        .says("4.0.0", "UNLINK key [key ...] | Does what DEL does."),
    Command::read("EXISTS", -2, Keys::ALL, Handler::Data(exists))
        .fast()
        .says("1.0.0", "EXISTS key [key ...] | Counts the keys that exist, each as often as it is named."),
    Command::read("TOUCH", -2, Keys::ALL, Handler::Data(exists))
        .fast()
        .says("3.2.1", "TOUCH key [key ...] | Does what EXISTS does."),
    Command::read("TYPE", 2, Keys::ONE, Handler::Data(type_of))
        .prompt()
        .says("1.0.0", "TYPE key | Names the type of a value."),
    Command::read("KEYS", 2, Keys::Every, Handler::Data(keys))
        .says("1.0.0", "KEYS pattern | Lists the keys that match a pattern."),
    Command::read("SCAN", -2, Keys::Every, Handler::Data(scan))
        .says("2.8.0", "SCAN cursor [MATCH pattern] [COUNT n] [TYPE type] | Lists keys piece by piece."),
    Command::write("RENAME", 3, Keys::TWO, Handler::Data(rename))
        .says("1.0.0", "RENAME key newkey | Moves a value with its lifetime to another key."),
    Command::write("RENAMENX", 3, Keys::TWO, Handler::Data(renamenx))
        .fast()
        .says("1.0.0", "RENAMENX key newkey | Moves a value to a key that does not exist."),
    Command::write("COPY", -3, Keys::TWO, Handler::Data(copy))
        .grows()
        .says("6.2.0", "COPY source destination [REPLACE] | Copies a value with its lifetime."),
    Command::read("RANDOMKEY", 1, Keys::Every, Handler::Data(randomkey)).says("1.0.0", "RANDOMKEY | Picks a key."),
    Command::read("DBSIZE", 1, Keys::Every, Handler::Data(dbsize)).fast().says("1.0.0", "DBSIZE | Counts the keys."),
    Command::write("FLUSHDB", -1, Keys::Every, FLUSH)
        .says("1.0.0", "FLUSHDB [ASYNC\\|SYNC] | Deletes every key, and so every document; their history stays."),
    Command::write("FLUSHALL", -1, Keys::Every, FLUSH)
        .says("1.0.0", "FLUSHALL [ASYNC\\|SYNC] | Does what FLUSHDB does: commands know one database."),
];

/// Visits keys in their order, behind one of them, until the visitor says false; returns the key it stopped at.
fn walk_keys(
    tx: &mut Tx<'_>,
    behind: Option<&[u8]>,
    mut visit: impl FnMut(&mut Tx<'_>, &[u8]) -> Result<bool>,
) -> Result<Option<Vec<u8>>> {
    let mut walk = KeyWalk::new(tx, behind)?;
    while let Some(key) = walk.next(tx)? {
        if !visit(tx, &key)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn delete(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut deleted = 0;
    for key in args.from(0) {
        deleted += usize::from(tx.remove_and_tell(key)?);
    }
    Ok(Reply::count(deleted))
}

fn exists(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut found = 0;
    for key in args.from(0) {
        found += usize::from(tx.find(key)?.is_some());
    }
    Ok(Reply::count(found))
}

fn type_of(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let found = tx.find(args.at(0))?;
    Ok(Reply::Simple(found.map_or("none", |found| found.kind().name()).into()))
}

fn keys(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (pattern, mut keys) = (args.at(0), Vec::new());
    walk_keys(tx, None, |tx, key| {
        if glob::is_match(pattern, key) {
            tx.keep(size_of::<Reply>() + key.len())?;
            keys.push(Reply::bulk(key));
        }
        Ok(true)
    })?;
    Ok(Reply::Array(keys))
}

fn scan(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let behind = tx.cursors().place(args.at(0))?;
    let options = ScanOptions::read(args.options(1), Scanned::Keys)?;
    let (mut visited, mut keys) = (0, Vec::new());
    let stopped = walk_keys(tx, behind.as_deref(), |tx, key| {
        visited += 1;
        let is_wanted = match &options.kind {
            Some(kind) => tx.find(key)?.is_some_and(|found| kind == found.kind().name().as_bytes()),
            None => true,
        };
        if is_wanted && options.admits(key) {
            tx.keep(size_of::<Reply>() + key.len())?;
            keys.push(Reply::bulk(key));
        }
        Ok(visited < options.count)
    })?;
    let cursor = tx.cursors().cursor(stopped);
    Ok(Reply::Array(vec![Reply::bulk(cursor.to_string()), Reply::Array(keys)]))
}

fn rename(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let found = tx.find(args.at(0))?.ok_or_else(no_such_key)?;
    if args.at(0) != args.at(1) {
        tx.remove(args.at(1))?;
        tx.rename(args.at(0), args.at(1), &found)?;
        tell_renamed(tx, args.at(0), args.at(1));
    }
    Ok(Reply::ok())
}

fn renamenx(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let found = tx.find(args.at(0))?.ok_or_else(no_such_key)?;
    if tx.find(args.at(1))?.is_some() {
        return Ok(Reply::Int(0));
    }
    tx.rename(args.at(0), args.at(1), &found)?;
    tell_renamed(tx, args.at(0), args.at(1));
    Ok(Reply::Int(1))
}

fn tell_renamed(tx: &mut Tx<'_>, from: &[u8], to: &[u8]) {
    tx.tell_new(to);
    tx.tell(Class::Generic, "rename_from", from);
    tx.tell(Class::Generic, "rename_to", to);
}

fn copy(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (from, to) = (args.at(0), args.at(1));
    let (mut replaces, mut options) = (false, args.options(2));
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"REPLACE" => replaces = true,
            b"DB" => return Err(refusal::unsupported("COPY to another database is not supported")),
            _ => return Err(syntax()),
        }
    }
    if from == to {
        return Err(refusal::refused("ERR source and destination objects are the same"));
    }
    let Some(found) = tx.find_to_read(from)? else { return Ok(Reply::Int(0)) };
    if tx.find(to)?.is_some() {
        if !replaces {
            return Ok(Reply::Int(0));
        }
        tx.remove(to)?;
    }
    match &found {
        Found::Header(header, _) if copy_as_document(tx, header, to)? => {}
        Found::Header(header, _) => copy_elements(tx, header, to)?,
        Found::String(_) | Found::Hash(_) => tx.copy_document(to, &found)?,
    }
    tx.tell_new(to);
    tx.tell(Class::Generic, "copy_to", to);
    Ok(Reply::Int(1))
}

/// Copies a value that is made of elements: each of them, under a container of its own.
fn copy_elements(tx: &mut Tx<'_>, header: &Header, to: &[u8]) -> Result<()> {
    let copied = Header { container: tx.new_container(), ..header.clone() };
    for collection in header.kind.collections() {
        for element in tx.walk(&Span::prefix(collection, &header.container))? {
            let (id, record) = element?;
            let part = id.get(CONTAINER_BYTES..).unwrap_or_default();
            tx.put_record(DocKey::part(collection, &copied.container, part), record);
        }
    }
    copied.save(tx, to)
}

fn randomkey(tx: &mut Tx<'_>, _args: Args<'_>) -> Result<Reply> {
    let (mut seen, mut chosen) = (0, None);
    walk_keys(tx, None, |tx, key| {
        seen += 1;
        if tx.random_below(seen) == 0 {
            chosen = Some(key.to_vec());
        }
        Ok(true)
    })?;
    Ok(Reply::bulk_or_nil(chosen))
}

/// How many keys a database has and how many of them have a lifetime, the latter as far as a bound: what INFO tells.
///
/// Nothing is walked over but the keys with a lifetime. Unlike DBSIZE, keys whose lifetime has ended count until they are swept, and a
/// string counts beside the document that it hides.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let session = nedb_compat::redis::Commands::new(&db).session();
/// session.execute(&[b"RPUSH", b"list", b"a", b"b"]);
/// session.execute(&[b"SET", b"key", b"value", b"EX", b"100"]);
/// assert_eq!(nedb_compat::redis::key_counts(&db, 1_000)?, (3, 1));
/// # Ok(())
/// # }
/// ```
pub fn key_counts(db: &Database, expiring_max: u64) -> Result<(u64, u64)> {
    let sizes = db.collection_sizes()?;
    let has_keys = |name: &str| [layout::KV, layout::HASH].contains(&name) || layout::is_user(name);
    let keys = sizes.iter().filter(|(name, _)| has_keys(name)).map(|(_, size)| size).sum();
    Ok((keys, db.count_expiring(expiring_max)?.min(keys)))
}

fn dbsize(tx: &mut Tx<'_>, _args: Args<'_>) -> Result<Reply> {
    let mut count = 0;
    walk_keys(tx, None, |_tx, _key| {
        count += 1;
        Ok(true)
    })?;
    Ok(Reply::count(count))
}

const FLUSH: Handler = Handler::Either { alone: flush, within: flush_within };

fn check_flush(args: Args<'_>) -> Result<()> {
    let mut options = args.options(0);
    if let Some(word) = options.next_word()
        && !matches!(word.as_slice(), b"ASYNC" | b"SYNC")
    {
        return Err(syntax());
    }
    options.end()
}

fn flush(commands: &Commands, args: Args<'_>) -> Result<Reply> {
    check_flush(args)?;
    let flushed = delete_every_key(commands);
    // Also when not all could be deleted.
    commands.note_flushed();
    flushed.map(|()| Reply::ok())
}

fn delete_every_key(commands: &Commands) -> Result<()> {
    let db = commands.database();
    // Keys first: without its header an element belongs to nothing.
    for name in db.snapshot().collection_names()? {
        if layout::is_user(name.as_str()) {
            commands.delete_all(name.as_str(), b"")?;
        }
    }
    for name in [KV, HASH] {
        commands.delete_all(name, b"")?;
    }
    // Not all elements: a value that came into being meanwhile keeps its own.
    commands.reclaim().map(drop)
}

/// Deletes every key as a part of a transaction, which has room for some ten thousand of them.
fn flush_within(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    check_flush(args)?;
    tx.touches().flushed();
    let mut all = Vec::new();
    walk_keys(tx, None, |_tx, key| {
        all.push(key.to_vec());
        Ok(true)
    })?;
    for key in all {
        tx.remove_leaving_elements(&key)?;
    }
    Ok(Reply::ok())
}
