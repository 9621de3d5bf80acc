//! Temporal indexes: entries that were there from one seq until another, in the order of their keys.
//!
//! ```text
//!            changes
//!               |
//!         active delta -> frozen parts       memory: entries and closings as they came, sorted when somebody reads
//!               |             |  \
//!               |             |   base      the past, gathered by a builder when an index is created late
//!               v             v
//!        live runs  (<= 5)   closed runs (<= 5)     files: apart, so that current queries never pay for history
//! ```
//! A closing names the entry that it ends. Wherever both lie, a merge of the layers brings them together, so that
//! nothing is ever changed in place. Blocks of a run, and groups of blocks, know the least and greatest moments of what
//! they hold, so that a scan passes over what its reader cannot see.
//!
//! Promises: a reader sees every entry of its moment once, whatever is applied, merged or installed meanwhile. Leaves
//! to others: the meaning of keys and payloads, and the documents.

mod block;
mod bounds;
mod builder;
mod count;
mod delta;
mod estimate;
mod item;
mod layers;
mod merge;
mod merge_scan;
mod node;
mod run;
mod run_cursor;
mod run_set;
mod run_writer;
mod scan;
mod segment;
mod snapshot;
mod sorted;
mod source;
mod temporal_index;

pub use builder::{BUILD_BYTES_MAX, TemporalBase, TemporalBuilder};
pub use item::{INDEX_KEY_BYTES_MAX, TemporalChange};
pub use run_set::{TemporalRunFiles, TemporalRunSet};
pub use scan::{TemporalEntry, TemporalScan};
pub(crate) use segment::{Closings, TemporalSegment};
pub use snapshot::TemporalSnapshot;
pub use temporal_index::{FrozenTemporal, TemporalIndex};
