//! The seam through which a store takes part that can be asked by fields.
//!
//! A table holds rows of one kind, keeps indexes on fields, and prepares questions. Answers return how many rows they found
//! and must touch each of them.
//!
//! ```no_run
//! use nedb_bench::{Cell, Question, Table, TableRow};
//! fn count(table: &dyn Table, rows: Vec<TableRow>) -> nedb::Result<usize> {
//!     table.write(rows)?;
//!     table.create_index("miner")?;
//!     match table.prepare(Question::ByMiner, None)? {
//!         Some(mut question) => question.ask(&Cell::Text("miner-07".to_owned())),
//!         None => Ok(0),
//!     }
//! }
//! ```

use nedb::Result;

use crate::Item;

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Blocks of a chain: height, hash, miner, fee, txs.
    Blocks,
    /// Short texts: text.
    Texts,
}

/// One row, in the form of a document and as single cells.
#[derive(Clone, Debug)]
pub struct TableRow {
    /// Its number, which no other row has.
    pub number: u64,
    /// The row as a document.
    pub item: Item,
    /// The fields in the order of the kind's columns.
    pub cells: Vec<Cell>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// What is asked; `value` is what changes from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The first ten blocks with `value` as their miner.
    ByMiner,
    /// The ten blocks with the least fees.
    LeastFees,
    /// The ten blocks whose heights begin at `value`.
    TenHeights,
    /// The ten highest blocks.
    Highest,
    /// The number of blocks and the sum of the fees of each miner.
    Miners,
    /// The blocks with `value` as their number of transactions, which no index knows.
    ByTxs,
    /// The first ten blocks by hash, which no index knows.
    FirstHashes,
    /// The ten texts in which the words of `value` weigh most.
    Words,
}

/// An open table. Dropping it closes it.
pub trait Table: Send + Sync {
    /// Writes rows in one transaction, which need not be on the disk before [`flush`](Self::flush).
    fn write(&self, rows: Vec<TableRow>) -> Result<()>;

    /// Makes everything durable.
    fn flush(&self) -> Result<()>;

    /// Brings the table into the shape in which it serves reads for long: checkpoint, compaction or nothing.
    fn settle(&self) -> Result<()>;

    /// Makes an index on a field and waits until it answers.
    fn create_index(&self, field: &'static str) -> Result<()>;

    /// Makes an index of the words of all texts and waits until it answers. Returns why it cannot be had, if it cannot.
    fn create_search(&self) -> Result<Option<String>>;

    /// The moment at which everything written so far is the newest; `None` where the past is not kept.
    fn moment(&self) -> Option<u64>;

    /// What the indexes on fields take of the memory, where the store tells.
    fn index_memory_bytes(&self) -> Option<u64>;

    /// Reads a question, to ask it often; `None` where it cannot be asked of that moment. Without one the newest state is asked.
    fn prepare(&self, question: Question, moment: Option<u64>) -> Result<Option<Box<dyn Prepared + '_>>>;
}

/// A question that was read once.
pub trait Prepared {
    /// Asks and returns how many rows were found.
    fn ask(&mut self, value: &Cell) -> Result<usize>;
}

impl TableKind {
    /// The names of its columns.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Blocks => &["height", "hash", "miner", "fee", "txs"],
            Self::Texts => &["text"],
        }
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
