//! Run files: immutable, checked page by page, mapped where the disk can.
//!
//! ```text
//! page 0   header                                  written last
//! pages    key blocks      sorted, whole keys      key runs only
//! pages    block index     one separator a block   key runs only
//! pages    slots           hash -> address
//! A temporal run has blocks, index nodes and a top node in their places.
//! ```
//! Promises: files are written once under a new random name and never changed. Leaves to others: which files belong
//! to a checkpoint, and when they may be removed.

mod block;
mod block_index;
mod cursor;
mod header;
mod key_run;
mod key_run_writer;
mod page;
mod page_writer;
mod run_file;
mod run_set;
mod slots;

pub(crate) use block::{DecodedKeys, bits, packed_bytes, put_entry, put_packed, take_entry, take_packed};
pub(crate) use cursor::RunCursor;
pub(crate) use header::{MomentSummary, RunHeader, RunKind, Section};
pub(crate) use key_run::{KeyRun, open_pages};
pub(crate) use key_run_writer::KeyRunWriter;
pub(crate) use page::{BODY_BYTES, PageFile, offset, place_name};
pub(crate) use page_writer::PageWriter;
pub use run_file::RunFile;
pub use run_set::RunSet;
pub(crate) use slots::{SlotLayout, SlotWriter, WIDE_SLOT_BYTES, homes};

/// How names of run files end.
pub(crate) const FILE_EXTENSION: &str = ".run";
