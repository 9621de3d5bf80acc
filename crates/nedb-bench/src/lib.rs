//! Workloads that measure NEDB on this machine, alone or beside other stores.
//!
//! Each measurement is taken in several rounds. In one round every candidate does the same work once, one after the other, so
//! that a noisy neighbour disturbs all alike; what is reported is the median with the range, beside the CPU time, the flushes
//! that the disk was asked for, and the machine's own limit where there is one. Ratios of one run mean something;
//! absolute numbers of a busy machine do not.
//!
//! [`run`] measures NEDB alone; [`run_beside`] takes other stores through the [`Candidate`] seam, and those that can be asked by
//! fields through [`Table`] too. How rows are shown is left to
//! [`markdown`] and [`json`], and to the caller.
//!
//! ```no_run
//! use nedb_bench::{BenchOptions, Scale};
//! # fn main() -> nedb::Result<()> {
//! let options = BenchOptions::new("/tmp/nedb-bench").scale(Scale::Quick);
//! let mut rows = Vec::new();
//! nedb_bench::run(&options, &mut |row| rows.push(row))?;
//! let table = nedb_bench::markdown(&rows);
//! # drop(table);
//! # Ok(())
//! # }
//! ```

mod candidate;
mod command;
mod measure;
mod meter;
mod nedb_store;
mod nedb_table;
mod number;
mod options;
mod report;
mod row;
mod table;
mod workload;

pub use candidate::{Candidate, Mode, Reader, Store};
pub use command::Command;
pub use measure::{GROUPS, Step, run, run_beside};
pub use options::{BenchOptions, Scale};
pub use report::{json, markdown, markdown_row, text_row};
pub use row::{Better, Row, Sample, Series, Unit};
pub use table::{Cell, Prepared, Question, Table, TableKind, TableRow};
pub use workload::Item;
