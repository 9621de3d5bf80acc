//! SQLite as a table of typed columns: prepared statements, one index for each field, FTS5 for words.
//!
//! A row's number is its `rowid`, the quickest key that SQLite has. Settings are those of the key-value store beside this file.

use std::{path::Path, sync::Mutex};

use nedb_bench::{Cell, Prepared, Question, Table, TableKind, TableRow};
use nedb_types::Result;
use rusqlite::{Connection, Statement, ToSql, types::ValueRef};

use crate::{failure::failed, sqlite_store::connect};

pub struct SqliteTable {
    path: std::path::PathBuf,
    kind: TableKind,
    writer: Mutex<Connection>,
}

impl SqliteTable {
    pub fn open(dir: &Path, kind: TableKind) -> Result<Self> {
        let path = dir.join("sqlite.db");
        let writer = connect(&path)?;
        let columns = match kind {
            TableKind::Blocks => "height INTEGER, hash TEXT, miner TEXT, fee INTEGER, txs INTEGER",
            TableKind::Texts => "text TEXT",
        };
        writer
            .execute_batch(&format!("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, {columns})"))
            .map_err(failed)?;
        writer.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        Ok(Self { path, kind, writer: Mutex::new(writer) })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&mut self.writer.lock().expect("no writer panics")).map_err(failed)
    }
}

impl Table for SqliteTable {
    fn write(&self, rows: Vec<TableRow>) -> Result<()> {
        let columns = self.kind.columns();
        let places: Vec<String> = (2..columns.len() + 2).map(|place| format!("?{place}")).collect();
        let names = columns.join(", ");
        let put = format!("INSERT OR REPLACE INTO rows (number, {names}) VALUES (?1, {})", places.join(", "));
        self.with(|connection| {
            let transaction = connection.transaction()?;
            {
                let mut put = transaction.prepare_cached(&put)?;
                for row in &rows {
                    put.raw_bind_parameter(1, i64::try_from(row.number).unwrap_or(i64::MAX))?;
                    for (place, cell) in (2..).zip(&row.cells) {
                        bind(&mut put, place, cell)?;
                    }
                    put.raw_execute()?;
                }
            }
            transaction.commit()
        })
    }

    fn flush(&self) -> Result<()> {
        self.with(|connection| {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", "OFF")
        })
    }

    fn settle(&self) -> Result<()> {
        self.with(|connection| connection.execute_batch("PRAGMA analysis_limit = 1000; ANALYZE"))?;
        self.flush()
    }

    fn create_index(&self, field: &'static str) -> Result<()> {
        self.with(|connection| connection.execute_batch(&format!("CREATE INDEX by_{field} ON rows ({field})")))
    }

    fn create_search(&self) -> Result<Option<String>> {
        let make = "CREATE VIRTUAL TABLE words USING fts5 (text, content = rows, content_rowid = number);
             INSERT INTO words (words) VALUES ('rebuild'); INSERT INTO words (words) VALUES ('optimize')";
        self.with(|connection| connection.execute_batch(make))?;
        Ok(None)
    }

    fn moment(&self) -> Option<u64> {
        None
    }

    fn index_memory_bytes(&self) -> Option<u64> {
        None
    }

    fn prepare(&self, question: Question, moment: Option<u64>) -> Result<Option<Box<dyn Prepared + '_>>> {
        let text = match question {
            Question::ByMiner => "SELECT * FROM rows WHERE miner = ?1 LIMIT 10",
            Question::LeastFees => "SELECT * FROM rows ORDER BY fee LIMIT 10",
            Question::TenHeights => "SELECT * FROM rows WHERE height BETWEEN ?1 AND ?1 + 9",
            Question::Highest => "SELECT * FROM rows ORDER BY height DESC LIMIT 10",
            // An index on the miner would be walked in its order, which costs a look-up for each row.
            Question::Miners => "SELECT miner, count(*), sum(fee) FROM rows NOT INDEXED GROUP BY miner",
            Question::ByTxs => "SELECT * FROM rows WHERE txs = ?1",
            Question::FirstHashes => "SELECT * FROM rows ORDER BY hash LIMIT 10",
            Question::Words => {
                "SELECT number, rows.text FROM words JOIN rows ON number = words.rowid WHERE words MATCH ?1 ORDER BY rank LIMIT 10"
            }
        };
        let has_words = || self.with(|connection| connection.table_exists(None, "words"));
        if moment.is_some() || question == Question::Words && !has_words()? {
            return Ok(None);
        }
        let connection = connect(&self.path)?;
        drop(connection.prepare_cached(text).map_err(failed)?);
        Ok(Some(Box::new(SqliteQuestion { connection, text })))
    }
}

/// Keeps the statement in the cache of its own connection.
struct SqliteQuestion {
    connection: Connection,
    text: &'static str,
}

impl Prepared for SqliteQuestion {
    fn ask(&mut self, value: &Cell) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(self.text).map_err(failed)?;
        if statement.parameter_count() > 0 {
            bind(&mut statement, 1, value).map_err(failed)?;
        }
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            for column in 0..columns {
                let is_null = matches!(row.get_ref(column).map_err(failed)?, ValueRef::Null);
                assert!(!is_null, "every column has a value");
            }
            found += 1;
        }
        Ok(found)
    }
}

fn bind(statement: &mut Statement<'_>, place: usize, cell: &Cell) -> rusqlite::Result<()> {
    let value: &dyn ToSql = match cell {
        Cell::Integer(number) => number,
        Cell::Text(text) => text,
    };
    statement.raw_bind_parameter(place, value)
}
