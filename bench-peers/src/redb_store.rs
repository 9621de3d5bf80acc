//! redb with its defaults; a durable write is a commit of durability `Immediate`, a load uses `None` and ends with one such.

use std::path::Path;

use nedb_bench::{Candidate, Item, Mode, Reader, Store};
use nedb_types::Result;
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};

use crate::{
    failure::failed,
    versioned::{items_of_version, touched, versioned},
};

const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");

/// Enough for the whole data set, as the page cache is for the stores that map their files.
const CACHE_BYTES: usize = 1 << 30;

pub struct Redb;

impl Candidate for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(dir.join("redb")).map_err(failed)?;
        let durability = if mode == Mode::Durable { Durability::Immediate } else { Durability::None };
        let store = RedbStore { database, durability };
        store.commit(Vec::new(), Durability::Immediate)?;
        Ok(Box::new(store))
    }
}

struct RedbStore {
    database: Database,
    durability: Durability,
}

impl RedbStore {
    fn commit(&self, items: Vec<Item>, durability: Durability) -> Result<()> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(durability).map_err(failed)?;
        {
            let mut table = transaction.open_table(ROWS).map_err(failed)?;
            for item in &items {
                table.insert(item.id.as_slice(), item.json.as_slice()).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }
}

impl Store for RedbStore {
    fn put(&self, item: Item) -> Result<()> {
        self.commit(vec![item], self.durability)
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        self.commit(items, self.durability)
    }

    fn flush(&self) -> Result<()> {
        self.commit(Vec::new(), Durability::Immediate)
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64> {
        self.write(items_of_version(items, version))?;
        Ok(version)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        let table = self.database.begin_read().map_err(failed)?.open_table(ROWS).map_err(failed)?;
        Ok(Box::new(RedbReader { table }))
    }
}

struct RedbReader {
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl Reader for RedbReader {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        Ok(self.table.get(id).map_err(failed)?.map_or(0, |value| touched(value.value())))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        ids.iter().map(|id| self.get(id)).sum()
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let mut found = 0;
        for row in self.table.range::<&[u8]>(from..).map_err(failed)?.take(rows) {
            found += touched(row.map_err(failed)?.1.value());
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        let (first, last) = (versioned(id, 0), versioned(id, moment));
        let range = self.table.range(first.as_slice()..=last.as_slice());
        match range.map_err(failed)?.next_back() {
            Some(row) => Ok(touched(row.map_err(failed)?.1.value())),
            None => Ok(0),
        }
    }
}
