//! SQLite, bundled: WAL, prepared statements, 1 GiB of cache and map; a durable write commits with `synchronous=FULL`, a load
//! with `OFF` and ends with a checkpoint of the WAL. One connection, behind a lock, as SQLite has one writer.

use std::{path::Path, sync::Mutex};

use nedb_bench::{Candidate, Item, Mode, Reader, Store, Table, TableKind};
use nedb_types::Result;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    failure::failed,
    sqlite_table::SqliteTable,
    versioned::{items_of_version, touched, versioned},
};

const GET: &str = "SELECT body FROM rows WHERE id = ?1";
const PUT: &str = "INSERT INTO rows (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
const RANGE: &str = "SELECT body FROM rows WHERE id >= ?1 ORDER BY id LIMIT ?2";
const AS_OF: &str = "SELECT body FROM rows WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1";

pub struct Sqlite;

impl Candidate for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let path = dir.join("sqlite.db");
        let connection = connect(&path)?;
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS rows (id BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID")
            .map_err(failed)?;
        let synchronous = if mode == Mode::Durable { "FULL" } else { "OFF" };
        connection.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
        Ok(Box::new(SqliteStore { path, writer: Mutex::new(connection) }))
    }

    fn open_table(&self, dir: &Path, kind: TableKind) -> Result<Option<Box<dyn Table>>> {
        Ok(Some(Box::new(SqliteTable::open(dir, kind)?)))
    }
}

pub fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(failed)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "cache_size", -(1 << 20)).map_err(failed)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30).map_err(failed)?;
    Ok(connection)
}

struct SqliteStore {
    path: std::path::PathBuf,
    writer: Mutex<Connection>,
}

impl SqliteStore {
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.writer.lock().expect("no writer panics");
        work(&mut connection).map_err(failed)
    }
}

impl Store for SqliteStore {
    fn put(&self, item: Item) -> Result<()> {
        self.with(|connection| connection.prepare_cached(PUT)?.execute(params![item.id, item.json]).map(drop))
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            {
                let mut put = transaction.prepare_cached(PUT)?;
                for item in &items {
                    put.execute(params![item.id, item.json])?;
                }
            }
            transaction.commit()
        })
    }

    fn flush(&self) -> Result<()> {
        // With `synchronous=OFF` a checkpoint does not sync either; it does while it is FULL.
        self.with(|connection| {
            let before: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", before)
        })
    }

    fn settle(&self) -> Result<()> {
        self.flush()
    }

    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64> {
        self.write(items_of_version(items, version))?;
        Ok(version)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        let connection = connect(&self.path)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        Ok(Box::new(SqliteReader { connection }))
    }
}

struct SqliteReader {
    connection: Connection,
}

fn touched_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<usize> {
    Ok(touched(row.get_ref(0)?.as_blob()?))
}

impl Reader for SqliteReader {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(GET).map_err(failed)?;
        let found = statement.query_row([id], touched_row).optional().map_err(failed)?;
        Ok(found.unwrap_or(0))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        ids.iter().map(|id| self.get(id)).sum()
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(RANGE).map_err(failed)?;
        let rows = i64::try_from(rows).map_err(failed)?;
        let mut found = 0;
        for row in statement.query_map(params![from, rows], touched_row).map_err(failed)? {
            found += row.map_err(failed)?;
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(AS_OF).map_err(failed)?;
        let bounds = [versioned(id, 0), versioned(id, moment)];
        let found = statement.query_row(bounds, touched_row).optional().map_err(failed)?;
        Ok(found.unwrap_or(0))
    }
}
