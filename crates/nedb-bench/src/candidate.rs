//! The seam through which a store takes part in a run.
//!
//! A candidate opens stores; a store writes; a reader of it reads one consistent state. Reads return how many values they found
//! and must touch each of them; a store that hands out references need not copy.

use std::path::Path;

use nedb::Result;

use crate::{Item, Table, TableKind};

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Writes need not be on the disk before [`Store::flush`]; the fastest setting that keeps the store's own consistency.
    Load,
    /// A write that returned survives a power cut.
    Durable,
}

/// A database engine in the setting that suits it best.
pub trait Candidate: Sync {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Opens the store in a directory that exists, and makes it when it is empty.
    fn open(&self, dir: &Path, mode: Mode) -> Result<Box<dyn Store>>;

    /// Opens the store as a table that can be asked by fields, and makes it when the directory is empty; `None` for a store
    /// that knows keys only.
    fn open_table(&self, _dir: &Path, _kind: TableKind) -> Result<Option<Box<dyn Table>>> {
        Ok(None)
    }
}

/// An open store of documents by id. Dropping it closes it.
pub trait Store: Send + Sync {
    /// Writes one document; durable when it returns, in mode [`Mode::Durable`].
    fn put(&self, item: Item) -> Result<()>;

    /// Writes documents in one transaction, with the guarantee of the mode.
    fn write(&self, items: Vec<Item>) -> Result<()>;

    /// Makes everything durable.
    fn flush(&self) -> Result<()>;

    /// Brings the store into the shape in which it serves reads for long: checkpoint, compaction or nothing.
    fn settle(&self) -> Result<()>;

    /// Writes a new version of each document and returns the moment at which these are the newest; earlier ones stay readable
    /// with [`Reader::get_as_of`].
    fn write_version(&self, items: Vec<Item>, version: u64) -> Result<u64>;

    /// Begins to read the newest state.
    fn reader(&self) -> Result<Box<dyn Reader + '_>>;
}

/// Reads of one state; used by one thread.
pub trait Reader {
    /// Reads one document.
    fn get(&mut self, id: &[u8]) -> Result<usize>;

    /// Reads several documents, as well as the store can.
    fn multi_get(&mut self, ids: &[&[u8]]) -> Result<usize>;

    /// Reads this many documents in order, from an id on.
    fn range(&mut self, from: &[u8], rows: usize) -> Result<usize>;

    /// Reads a document as it was at a moment that [`Store::write_version`] returned.
    fn get_as_of(&mut self, id: &[u8], moment: u64) -> Result<usize>;
}
