//! LMDB through heed: a map larger than the data, no read-ahead (reads are random); a load commits with `NOSYNC` and ends with a
//! sync, a durable write commits as LMDB does by default. The one candidate whose binding needs `unsafe`.

use std::{ops::Bound, path::Path};

use heed::{Database, Env, EnvFlags, EnvOpenOptions, RoTxn, WithTls, types::Bytes};
use nedb_bench::{Candidate, Item, Mode, Reader, Store};
use nedb_types::Result;

use crate::{
    failure::failed,
    versioned::{items_of_version, touched, versioned},
};

const MAP_BYTES: usize = 16 << 30;

pub struct Lmdb;

impl Candidate for Lmdb {
    fn name(&self) -> &'static str {
        "LMDB"
    }

    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>> {
        let dir = dir.join("lmdb");
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES).max_readers(256);
        let flags =
            if mode == Mode::Load { EnvFlags::NO_READ_AHEAD | EnvFlags::NO_SYNC } else { EnvFlags::NO_READ_AHEAD };
        // SAFETY: the directory belongs to this run, nothing else maps or changes its files, and `NO_SYNC` is only used for
        // loads, which end with a sync.
        let env = unsafe { options.flags(flags).open(&dir) }.map_err(failed)?;
        let mut transaction = env.write_txn().map_err(failed)?;
        let rows = env.create_database(&mut transaction, None).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(Box::new(LmdbStore { env: Some(env), rows }))
    }
}

struct LmdbStore {
    env: Option<Env>,
    rows: Database<Bytes, Bytes>,
}

impl LmdbStore {
    fn env(&self) -> &Env {
        self.env.as_ref().expect("the environment is there until the store is dropped")
    }

    fn commit(&self, items: &[Item]) -> Result<()> {
        let mut transaction = self.env().write_txn().map_err(failed)?;
        for item in items {
            self.rows.put(&mut transaction, &item.id, &item.json).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

impl Drop for LmdbStore {
    fn drop(&mut self) {
        // The same directory is opened again: the old map must be gone by then.
        if let Some(env) = self.env.take() {
            env.prepare_for_closing().wait();
        }
    }
}

impl Store for LmdbStore {
    fn put(&self, item: Item) -> Result<()> {
        self.commit(&[item])
    }

    fn write(&self, items: Vec<Item>) -> Result<()> {
        self.commit(&items)
    }

    fn flush(&self) -> Result<()> {
        self.env().force_sync().map_err(failed)
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64> {
        self.commit(&items_of_version(items, version))?;
        Ok(version)
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        let transaction = self.env().read_txn().map_err(failed)?;
        Ok(Box::new(LmdbReader { transaction, rows: self.rows }))
    }
}

struct LmdbReader<'a> {
    transaction: RoTxn<'a, WithTls>,
    rows: Database<Bytes, Bytes>,
}

impl Reader for LmdbReader<'_> {
    fn get(&mut self, id: &[u8]) -> Result<usize> {
        Ok(self.rows.get(&self.transaction, id).map_err(failed)?.map_or(0, touched))
    }

    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize> {
        ids.iter().map(|id| self.get(id)).sum()
    }

    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize> {
        let mut found = 0;
        let range = (Bound::Included(from), Bound::<&[u8]>::Unbounded);
        for row in self.rows.range(&self.transaction, &range).map_err(failed)?.take(rows) {
            found += touched(row.map_err(failed)?.1);
        }
        Ok(found)
    }

    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize> {
        let key = versioned(id, moment);
        let found = self.rows.get_lower_than_or_equal_to(&self.transaction, &key).map_err(failed)?;
        Ok(found.filter(|(key, _)| key.starts_with(id)).map_or(0, |(_, value)| touched(value)))
    }
}
