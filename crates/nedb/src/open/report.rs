//! What opening a database found and did.

use nedb_log::{Address, Recovery};
use nedb_types::Error;

/// A torn tail that recovery cut: writes that were never acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutTail {
    /// Where in the log it began.
    pub address: u64,
    /// How many bytes were not zero behind it.
    pub bytes: u64,
}

/// A checkpoint that could not be used. An older one took its place, or its content was rebuilt from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCheckpoint {
    /// The file in `index/`.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl RejectedCheckpoint {
    pub(crate) fn new(file: impl Into<String>, reason: &Error) -> Self {
        Self { file: file.into(), reason: reason.to_string() }
    }
}

/// An index that could not be loaded; it is built from the log again, and queries go without it until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedIndex {
    /// Which: its kind, field and collection.
    pub index: String,
    /// Why.
    pub reason: String,
}

/// What opening found and did. Nothing that it names was acknowledged and lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Operations that the checkpoint covered.
    pub checkpoint_size: u64,
    /// Checkpoints that were damaged and therefore not used, the newest first.
    pub rejected_checkpoints: Vec<RejectedCheckpoint>,
    /// Indexes whose files were damaged and that are built anew.
    pub rejected_indexes: Vec<RejectedIndex>,
    /// Frames and operations replayed from the log behind the checkpoint.
    pub replayed_frames: u64,
    /// See `replayed_frames`.
    pub replayed_operations: u64,
    /// The torn tail, when there was one.
    pub cut: Option<CutTail>,
    /// Bytes that were written again because they were not known to be on the disk.
    pub rewritten_bytes: u64,
    /// Whether one of the two slots of HEAD was damaged (the other was used).
    pub head_slot_damaged: bool,
    /// How long opening took.
    pub duration_us: u64,
}

impl OpenReport {
    pub(crate) fn new(recovery: &Recovery, covered: u64) -> Self {
        let cut = recovery.cut_bytes.map(|(address, bytes): (Address, u64)| CutTail { address: address.get(), bytes });
        Self {
            checkpoint_size: covered,
            rejected_checkpoints: Vec::new(),
            rejected_indexes: Vec::new(),
            replayed_frames: recovery.replayed_frames,
            replayed_operations: recovery.replayed_entries,
            cut,
            rewritten_bytes: recovery.rewritten_bytes,
            head_slot_damaged: recovery.head_slot_damaged,
            duration_us: 0,
        }
    }
}
