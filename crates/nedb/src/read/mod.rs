//! The read path: snapshots, point reads, scans, history and relations.
//!
//! ```text
//! request -> snapshot(size, read time) -> key index -> version chain -> row
//! ```
//!
//! The key index names the newest version of a key; a snapshot follows the chain from there to the version it may see.
//! Readers take no lock that a writer holds while it waits for the disk; only a question about this very moment by its time
//! waits for the commit under way, so that its answer is final.

mod as_of;
mod history;
mod index_scan;
mod point;
mod relations;
mod row;
mod scan;
mod snapshot;
mod version;

pub use as_of::AsOf;
pub use history::{History, Version, VersionKind};
pub use index_scan::{IndexScan, ValueRange};
pub use relations::{Direction, Neighbor};
pub use row::Row;
pub(crate) use row::{has_provenance, provenance};
pub use scan::{Scan, ScanRange};
pub use snapshot::{CollectionInfo, Snapshot};
pub(crate) use version::forward;
