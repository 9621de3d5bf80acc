//! The log: the one place where a database's operations are stored, in order, provably.
//!
//! ```text
//! DB/HEAD                        where the log is known to end; outside the log, so that a loss is seen
//! DB/log/0000000000000000.seg    segments; each holds frames (group commits); each frame holds records
//! ```
//!
//! A record is an entry (hashed into the tree) and a payload (committed to by the entry). [`FileLog`] writes frames and
//! recovers from crashes by checks alone; [`LogReader`] reads records without locks; [`verify_log`] checks everything.
//! The byte format is `docs/format.md`. What operations mean, the tree over all leaves and all indexes are left to the
//! engine above.
//!
//! # Examples
//!
//! ```
//! use nedb_io::Io;
//! use nedb_log::{
//!     Append, EntryFields, FileLog, FramePlan, LogOptions, LogStore, OpKind, PayloadContent, PayloadUnit, Scratch,
//! };
//! use nedb_types::{DatabaseId, Seq};
//! use std::path::Path;
//!
//! let io = Io::memory(16 << 20);
//! io.disk.create_dir(Path::new("/db"))?;
//! let log = FileLog::create(&io, Path::new("/db"), DatabaseId::from_bytes([1; 16]), LogOptions::default())?;
//!
//! let payload = PayloadUnit::encode([9; 16], &PayloadContent::new(b"n1"))?;
//! let mut entry = EntryFields::new(OpKind::Delete, "notes", "ann", 1);
//! entry.commitment = Some(payload.commitment());
//! let mut frame =
//!     log.begin(&FramePlan { first_seq: Seq::new(0), commit_time: 5, catalogue: &[], records_bytes_max: 4096 })?;
//! let address = frame.push(&entry, None, None, Some(&payload))?;
//! let root = frame.leaves()[0]; // the tree over one leaf
//! assert!(matches!(log.append(frame.follows(), frame.finish(root))?, Append::Committed));
//! assert_eq!(log.sync()?, 1);
//!
//! let mut scratch = Scratch::new();
//! assert_eq!(log.reader().record(address, &mut scratch)?.id(), b"n1");
//! log.close()?;
//! # Ok::<(), nedb_types::Error>(())
//! ```

mod address;
mod catalogue;
mod chain;
mod check;
mod entry;
mod file_log;
mod frame;
mod head;
mod layout;
mod options;
mod payload;
mod position;
mod reader;
mod record;
mod recovery;
mod segment;
mod store;
mod tail;
mod verify;

pub use address::Address;
pub use catalogue::{
    CATALOGUE_INDEX_CREATED, CATALOGUE_INDEX_DROPPED, CATALOGUE_SIGNER, CatalogueRecord, CatalogueState, IndexBody,
    IndexBodyKind,
};
pub use chain::{Chain, Link};
pub use entry::{Causes, EntryContext, EntryFields, EntryView, OpKind, canonical_entry};
pub use file_log::{FileLog, LogAccess, LogOpening};
pub use frame::{Frame, FrameBuilder, FrameHeader, FramePlan, FrameView, Records};
pub use head::database_id;
pub use options::{LogOptions, ReadMode, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use payload::{PayloadContent, PayloadUnit, PayloadView, RelationTarget, commit_many};
pub use position::LogPosition;
pub use reader::{LogReader, Scratch};
pub use record::Record;
pub use recovery::Recovery;
pub use store::{Append, LogStore};
pub use tail::Frames;
pub use verify::{Damage, DamageKind, LogVerdict, Progress, VerifyOptions, verify_log};
