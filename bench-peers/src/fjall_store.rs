//! fjall with its defaults and a cache that holds everything; a durable write is a batch with `PersistMode::SyncAll`.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use nedb_bench::{Candidate, Item, Mode, Reader, Store};
use nedb_types::Result;

use crate::{
    failure::failed,
    versioned::{items_of_version, touched, versioned},
};

/// Enough for the whole data set, as the page cache is for the stores that map their files.
const CACHE_BYTES: u64 = 1 << 30;

pub struct Fjall;

impl Candidate for Fjall {
    fn name(&self) -> &'static str {
        "fjall"
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let database = Database::builder(dir.join("fjall")).cache_size(CACHE_BYTES).open().map_err(failed)?;
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default).map_err(failed)?;
        let persist = (mode == Mode::Durable).then_some(PersistMode::SyncAll);
        Ok(Box::new(FjallStore { database, rows, persist }))
    }
}

struct FjallStore {
    database: Database,
    rows: Keyspace,
    persist: Option<PersistMode>,
}

impl Store for FjallStore {
    fn put(&self, item: Item) -> Result<()> {
        self.rows.insert(item.id, item.json).map_err(failed)?;
        match self.persist {
            Some(mode) => self.database.persist(mode).map_err(failed),
            None => Ok(()),
        }
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        let mut batch = self.database.batch().durability(self.persist);
        for item in items {
            batch.insert(&self.rows, item.id, item.json);
        }
        batch.commit().map_err(failed)
    }

    fn flush(&self) -> Result<()> {
        self.database.persist(PersistMode::SyncAll).map_err(failed)
    }

    fn settle(&self) -> Result<()> {
        self.rows.rotate_memtable_and_wait().map_err(failed)?;
        self.rows.major_compact().map_err(failed)
    }

    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64> {
        self.write(items_of_version(items, version))?;
        Ok(version)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(FjallReader { rows: &self.rows }))
    }
}

struct FjallReader<'a> {
    rows: &'a Keyspace,
}

impl Reader for FjallReader<'_> {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        Ok(self.rows.get(id).map_err(failed)?.map_or(0, |value| touched(&value)))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        ids.iter().map(|id| self.get(id)).sum()
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let mut found = 0;
        for row in self.rows.range(from..).take(rows) {
            found += touched(&row.value().map_err(failed)?);
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        match self.rows.range(versioned(id, 0)..=versioned(id, moment)).next_back() {
            Some(row) => Ok(touched(&row.value().map_err(failed)?)),
            None => Ok(0),
        }
    }
}
