//! NEDB: a versioned, tamper-evident, time-travelling document database, embedded.
//!
//! Every version of every document is an operation in one hash-chained log; everything else is an index into it. Any read
//! can be asked as of any earlier moment, and the history can be proved to someone who does not trust this program.
//!
//! ```
//! use nedb::{AsOf, Body, Database, Options};
//!
//! # fn main() -> nedb::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("nedb-doc-{}", std::process::id()));
//! # let path = dir.join("shop");
//! let db = Database::open(&path, Options::new())?;
//! let ordered = db.put("orders", "17", Body::json(r#"{"state": "ordered"}"#))?;
//! db.put("orders", "17", Body::json(r#"{"state": "paid"}"#))?;
//!
//! let then = db.get_at("orders", "17", AsOf::Seq(ordered.seq().expect("a put has a seq")))?;
//! assert_eq!(then.expect("it existed").to_json()?, r#"{"state":"ordered"}"#);
//! db.close()?;
//! # drop(db);
//! # let _cleaned = std::process::Command::new("rm").arg("-r").arg(&dir).status();
//! # Ok(())
//! # }
//! ```
//!
//! | to | look at |
//! |---|---|
//! | open, read and write | [`Database`], [`Options`] |
//! | write several things at once, retry safely, say why | [`WriteBatch`], [`Op`], [`Receipt`] |
//! | read the past, scan, walk relations | [`Snapshot`], [`AsOf`], [`ScanRange`] |
//! | ask questions in NQL | [`Database::query`], [`QueryOptions`], [`Rows`], [`Explanation`] |
//! | put documents of several collections together by equal fields | [`Database::join`], [`JoinPlan`] |
//! | follow what happens | [`ChangeFeed`], [`Entries`], [`Diff`] |
//! | follow the rows of a query | [`Database::live`], [`LiveQuery`], [`LiveChange`] |
//! | prove the history, check a proof | [`Database::proof`], [`check_proof`], [`Database::export_tiles`] |
//! | make indexes on fields, list and drop them | [`Database::create_index`], [`IndexInfo`], [`Snapshot::index_scan`] |
//! | wait for other writers instead of repeating one's work | [`Database::turns`] |
//! | verify, and see how large it is | [`verify()`], [`VerifyReport`], [`Stats`] |
//!
//! The rules on disk are in `docs/format.md`; what each durability mode promises is in `docs/durability.md`.

mod checkpoint;
mod clock_watch;
mod commit;
mod database;
mod engine;
mod feed;
mod keys;
mod live;
mod maintenance;
mod memory_pool;
mod mirror;
mod object_ids;
mod open;
mod options;
mod proof;
mod query;
mod read;
mod rebuild;
mod request;
mod secondary;
mod state;
mod stats;
mod sweep;
mod turns;
mod verify;

pub use clock_watch::{ClockStep, ClockSteps};
pub use commit::CommitFigures;
pub use database::Database;
pub use engine::Head;
pub use feed::{Change, ChangeFeed, Diff, Entries, Entry, EntryKind};
pub use live::{LIVE_ROWS_MAX, LiveChange, LiveQuery, LiveWatch};
pub use memory_pool::{MemoryPool, MemoryShare};
pub use mirror::{Provenance, RESERVED_FIELDS};
pub use nedb_crypto::VerifierKey;
pub use nedb_io::CacheFigures;
pub use nedb_log::{LogOptions, ReadMode};
pub use nedb_nql::{Params, Plan};
pub use nedb_types::{
    Collection, DatabaseId, Detail, Digest, DocId, DocumentBuf, DocumentRef, Error, ErrorCode, ErrorKind, FieldPath,
    NodeRef, Object, Relation, Result, Seq, Timestamp, Value, ValueRef,
};
pub use open::{CutTail, OpenReport, RejectedCheckpoint, RejectedIndex};
pub use options::{Access, CheckpointPolicy, Durability, Options};
pub use proof::{
    CheckedPayload, CheckedProof, ConsistencyProof, InclusionProof, ProofSignature, ProvedEntry, TileReport,
    check_proof,
};
pub use query::{
    CancelToken, Explanation, Join, JoinInput, JoinKind, JoinOn, JoinPlan, PlanStep, PreparedQuery,
    QUERY_MEMORY_BYTES_MAX, QueryBounds, QueryCourse, QueryOptions, QueryRow, QueryStep, RowFields, Rows,
};
pub use read::{
    AsOf, CollectionInfo, Direction, History, IndexScan, Neighbor, Row, Scan, ScanRange, Snapshot, ValueRange, Version,
    VersionKind,
};
pub use rebuild::{RebuildReport, rebuild};
pub use request::{Body, Cause, Expected, Op, Outcome, Receipt, WriteBatch};
pub use secondary::{IndexInfo, IndexKind, IndexOrigin, IndexState, Stemming};
pub use stats::Stats;
pub use turns::{Turn, Turns};
pub use verify::{
    DeepCounts, ExpectedHead, Finding, Verdict, VerifyOptions, VerifyProgress, VerifyReport, Vouched, Witnessed, verify,
};
