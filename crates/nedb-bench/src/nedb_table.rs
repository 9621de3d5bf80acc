//! NEDB as a table that is asked in its query language.

use std::path::Path;

use nedb::{Body, Database, Durability, ErrorCode, IndexKind, Op, Options, PreparedQuery, QueryOptions, Result, Seq};

use crate::{
    Cell, Prepared, Question, Table, TableRow,
    nedb_store::{COLLECTION, batch},
};

/// A database that makes no index by itself, so that every row of the result says what it was measured with.
pub(crate) fn open_table(dir: &Path) -> Result<Box<dyn Table>> {
    let options = Options::new().durability(Durability::None).auto_index(false);
    Ok(Box::new(NedbTable { database: Database::open(dir.join("nedb"), options)? }))
}

struct NedbTable {
    database: Database,
}

impl Table for NedbTable {
    fn write(&self, rows: Vec<TableRow>) -> Result<()> {
        let ops = rows.into_iter().map(|row| Op::put(COLLECTION, row.item.id, Body::Document(row.item.document)));
        self.database.write(batch(ops)).map(drop)
    }

    fn flush(&self) -> Result<()> {
        self.database.flush().map(drop)
    }

    fn settle(&self) -> Result<()> {
        self.database.checkpoint().map(drop)
    }

    fn create_index(&self, field: &'static str) -> Result<()> {
        self.database.create_index(COLLECTION, field, IndexKind::Ordered)?;
        self.database.wait_for_index(COLLECTION, field, IndexKind::Ordered, &mut |_| ()).map(drop)
    }

    fn create_search(&self) -> Result<Option<String>> {
        // Without a definition every text is searched: so the index answers for the time before it as well.
        let kind = IndexKind::Search { stemming: None };
        match self.database.create_index(COLLECTION, "*", kind) {
            Ok(_) => self.database.wait_for_index(COLLECTION, "*", kind, &mut |_| ()).map(|_| None),
            Err(error) if error.code() == ErrorCode::Unsupported => Ok(Some(error.message().to_owned())),
            Err(error) => Err(error),
        }
    }

    fn moment(&self) -> Option<u64> {
        self.database.head().seq().map(Seq::get)
    }

    fn index_memory_bytes(&self) -> Option<u64> {
        Some(self.database.indexes().iter().map(|index| index.memory_bytes).sum())
    }

    fn prepare(&self, question: Question, moment: Option<u64>) -> Result<Option<Box<dyn Prepared + '_>>> {
        let as_of = moment.map_or_else(String::new, |seq| format!(" AS OF {seq}"));
        let clauses = match question {
            Question::ByMiner => "WHERE miner = $value LIMIT 10",
            Question::LeastFees => "ORDER BY fee LIMIT 10",
            Question::TenHeights => "WHERE height BETWEEN $value AND $end",
            Question::Highest => "ORDER BY height DESC LIMIT 10",
            Question::Miners => "GROUP BY miner COUNT, SUM fee",
            Question::ByTxs => "WHERE txs = $value",
            Question::FirstHashes => "ORDER BY hash LIMIT 10",
            Question::Words => "SEARCH $value ORDER BY _score DESC LIMIT 10",
        };
        let query = self.database.prepare(&format!("FROM {COLLECTION}{as_of} {clauses}"))?;
        Ok(Some(Box::new(NedbQuestion { query, question })))
    }
}

struct NedbQuestion {
    query: PreparedQuery,
    question: Question,
}

impl Prepared for NedbQuestion {
    fn ask(&mut self, value: &Cell) -> Result<usize> {
        let mut options = QueryOptions::new();
        options = match (self.question, value) {
            (Question::TenHeights, Cell::Integer(start)) => options.param("value", *start).param("end", *start + 9),
            (Question::ByTxs, Cell::Integer(number)) => options.param("value", *number),
            (Question::ByMiner | Question::Words, Cell::Text(text)) => options.param("value", text.as_str()),
            _ => options,
        };
        let mut found = 0;
        for row in self.query.run(&options)? {
            row?;
            found += 1;
        }
        Ok(found)
    }
}
