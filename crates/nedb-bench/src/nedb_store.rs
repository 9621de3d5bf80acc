//! NEDB as a candidate, through its public API only.

use std::path::Path;

use nedb::{
    AsOf, Body, CheckpointPolicy, Database, Durability, Op, Options, Result, ScanRange, Seq, Snapshot, WriteBatch,
};

use crate::{Candidate, Item, Mode, Reader, Store, Table, TableKind, nedb_table};

/// The collection that all rows go into.
pub(crate) const COLLECTION: &str = "rows";

/// The engine with its default settings, except for what the mode asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nedb {
    pub(crate) name: &'static str,
    /// Whether documents are given as JSON text instead of in their stored form.
    pub(crate) from_json: bool,
}

impl Nedb {
    pub(crate) const STORED: Self = Self { name: "NEDB", from_json: false };
    pub(crate) const JSON: Self = Self { name: "NEDB from JSON", from_json: true };
}

impl Candidate for Nedb {
    fn name(&self) -> &'static str {
        self.name
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let durability = match mode {
            Mode::Load => Durability::None,
            Mode::Durable => Durability::Sync,
        };
        let database = Database::open(dir.join("nedb"), Options::new().durability(durability))?;
        Ok(Box::new(NedbStore { database, from_json: self.from_json }))
    }

    fn open_table(&self, dir: &Path, _kind: TableKind) -> Result<Option<Box<dyn Table>>> {
        nedb_table::open_table(dir).map(Some)
    }
}

struct NedbStore {
    database: Database,
    from_json: bool,
}

impl NedbStore {
    fn op(&self, item: Item) -> Op {
        let body = if self.from_json { Body::Json(item.json) } else { Body::Document(item.document) };
        Op::put(COLLECTION, item.id, body)
    }
}

impl Store for NedbStore {
    fn put(&self, item: Item) -> Result<()> {
        self.database.write(self.op(item)).map(drop)
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        self.database.write(batch(items.into_iter().map(|item| self.op(item)))).map(drop)
    }

    fn flush(&self) -> Result<()> {
        self.database.flush().map(drop)
    }

    fn settle(&self) -> Result<()> {
        self.database.checkpoint().map(drop)
    }

    fn write_version(&self, items: Vec<Item>, _version: u64) -> Result<u64> {
        let receipt = self.database.write(batch(items.into_iter().map(|item| self.op(item))))?;
        Ok(receipt.last_seq.map_or(0, Seq::get))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(NedbReader { database: &self.database, snapshot: self.database.snapshot() }))
    }
}

pub(crate) fn batch(ops: impl ExactSizeIterator<Item = Op>) -> WriteBatch {
    let mut batch = WriteBatch::with_capacity(ops.len());
    ops.for_each(|op| batch.push(op));
    batch
}

struct NedbReader<'a> {
    database: &'a Database,
    snapshot: Snapshot,
}

impl Reader for NedbReader<'_> {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        Ok(usize::from(self.snapshot.get(COLLECTION, id)?.is_some()))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        Ok(self.snapshot.multi_get(COLLECTION, ids)?.into_iter().flatten().count())
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let range = ScanRange::all().from(from).limit(rows as u64);
        let mut found = 0;
        for row in self.snapshot.scan(COLLECTION, &range)? {
            row?;
            found += 1;
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        Ok(usize::from(self.database.get_at(COLLECTION, id, AsOf::Seq(Seq::new(moment)))?.is_some()))
    }
}

/// Opens the database of a store's directory with checkpoints on demand only.
pub(crate) fn open_by_hand(dir: &Path) -> Result<Database> {
    let options = Options::new().durability(Durability::None).checkpoints(CheckpointPolicy::manual());
    Database::open(dir.join("nedb"), options)
}
