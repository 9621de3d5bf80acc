//! The key index of NEDB, the slot indexes, the temporal indexes, and the checkpoints that persist them.
//!
//! ```text
//! point look-up          ordered scan
//!       |                     |
//!   active delta  ->  frozen deltas  ->  runs, newest to oldest      (newest layer wins)
//!   (memory)          (memory)           (immutable mapped files, listed in a checkpoint)
//! ```
//! Everything here is derived from the log and can be deleted at any time. It knows keys as byte strings and versions
//! as log addresses, and nothing of documents. Only the newest version of a key has a place; older ones are reached
//! by the chains in the log.
//!
//! Promises: readers take no lock for point look-ups and never miss a key while layers are replaced; a damaged page
//! is an integrity error that names the file, never an absent key. Leaves to others: the log, and when to checkpoint.

mod checkpoint;
mod delta;
mod directory;
mod entry;
mod hasher;
mod key_index;
mod layers;
mod number;
mod run;
mod scan;
mod slot;
mod temporal;
#[cfg(test)]
mod tests;
mod text;
mod tiers;

pub use checkpoint::{
    CheckpointImage, CheckpointWritten, EXTRA_SECTION_KIND_MIN, ExtraSection, LoadBounds, Loaded, LoadedCheckpoint,
    PartFile, Rejected, load_newest, write_checkpoint,
};
pub use directory::IndexDirectory;
pub use entry::{ADDRESS_END, KeyEntry, KeyState};
pub use hasher::{HASH_SECRET_BYTES, KeyHash, KeyHasher};
pub use key_index::{DELTA_BYTES_MAX, DeltaLimits, KeyIndex, Pressure};
pub use layers::FrozenDelta;
pub use run::{RunFile, RunSet};
pub use scan::{KeyRange, KeyScan, ScanEntry};
pub use slot::{FrozenSlots, SlotEntry, SlotFound, SlotIndex, SlotRunSet};
pub use temporal::{
    BUILD_BYTES_MAX, FrozenTemporal, INDEX_KEY_BYTES_MAX, TemporalBase, TemporalBuilder, TemporalChange, TemporalEntry,
    TemporalIndex, TemporalRunFiles, TemporalRunSet, TemporalScan, TemporalSnapshot,
};
pub use text::{
    Ranking, TextChange, TextGuard, TextHit, TextIndex, TextMatch, TextMatches, TextQuery, TextSnapshot, TextTerm,
    TextTotals, TextVersion, TextWords,
};
pub use tiers::{Merging, RUNS_MAX};

use nedb_log::Address;
