//! RocksDB: block cache of 1 GiB, Bloom filters of 10 bits; a durable write syncs the WAL, a load does not and ends with a flush.

use std::path::Path;

use nedb_bench::{Candidate, Item, Mode, Reader, Store};
use nedb_types::Result;
use rocksdb::{BlockBasedOptions, Cache, DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};

use crate::{
    failure::failed,
    versioned::{items_of_version, touched, versioned},
};

const CACHE_BYTES: usize = 1 << 30;

pub struct Rocks;

impl Candidate for Rocks {
    fn name(&self) -> &'static str {
        "RocksDB"
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES));
        table.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_block_based_table_factory(&table);
        let database = DB::open(&options, dir.join("rocksdb")).map_err(failed)?;
        Ok(Box::new(RocksStore { database, is_durable: mode == Mode::Durable }))
    }
}

struct RocksStore {
    database: DB,
    is_durable: bool,
}

impl RocksStore {
    fn write_options(&self) -> WriteOptions {
        let mut options = WriteOptions::default();
        options.set_sync(self.is_durable);
        options
    }
}

impl Store for RocksStore {
    fn put(&self, item: Item) -> Result<()> {
        self.database.put_opt(item.id, item.json, &self.write_options()).map_err(failed)
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        let mut batch = WriteBatch::default();
        for item in &items {
            batch.put(&item.id, &item.json);
        }
        self.database.write_opt(batch, &self.write_options()).map_err(failed)
    }

    fn flush(&self) -> Result<()> {
        self.database.flush_wal(true).map_err(failed)
    }

    fn settle(&self) -> Result<()> {
        self.database.flush().map_err(failed)?;
        self.database.compact_range(None::<&[u8]>, None::<&[u8]>);
        Ok(())
    }

    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64> {
        self.write(items_of_version(items, version))?;
        Ok(version)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(RocksReader { database: &self.database }))
    }
}

struct RocksReader<'a> {
    database: &'a DB,
}

impl Reader for RocksReader<'_> {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        Ok(self.database.get_pinned(id).map_err(failed)?.map_or(0, |value| touched(&value)))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        let found = self.database.multi_get(ids);
        found.into_iter().map(|value| Ok(value.map_err(failed)?.map_or(0, |value| touched(&value)))).sum()
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let mut found = 0;
        for row in self.database.iterator(IteratorMode::From(from, Direction::Forward)).take(rows) {
            found += touched(&row.map_err(failed)?.1);
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        let mut rows = self.database.raw_iterator();
        rows.seek_for_prev(versioned(id, moment));
        let found = rows.item().filter(|(key, _)| key.starts_with(id)).map_or(0, |(_, value)| touched(value));
        rows.status().map_err(failed)?;
        Ok(found)
    }
}
