//! What a checkpoint says.

use std::collections::BTreeMap;

use nedb_log::LogPosition;
use nedb_types::{DatabaseId, Digest};

use crate::{KeyHasher, RunFile, TemporalRunFiles};

/// First kind number of sections whose meaning is the engine's; lower ones are this crate's.
pub const EXTRA_SECTION_KIND_MIN: u16 = 0x0100;

/// The state derived from the log up to one position.
///
/// The arrays only grow from one checkpoint to the next; their beginnings lie in part files that `parts` names, and
/// only what is new is written. Start from the image that was loaded, or from [`CheckpointImage::new`].
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use nedb_index::{CheckpointImage, KeyHasher, LoadBounds, load_newest, write_checkpoint};
/// use nedb_log::LogPosition;
/// use nedb_types::DatabaseId;
///
/// let io = nedb_io::Io::memory(16 << 20);
/// let (dir, database) = (Path::new("/index"), DatabaseId::from_bytes([2; 16]));
/// io.disk.create_dir(dir)?;
/// let position = LogPosition::start();
/// let image = CheckpointImage::new(database, KeyHasher::new([1; 16]), position);
/// let written = write_checkpoint(&io, dir, &image)?;
/// assert_eq!(written.generation, 1);
///
/// let loaded = load_newest(&io, dir, database, LoadBounds::NONE)?;
/// assert_eq!(loaded.checkpoint.expect("it was written").image, image);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointImage {
    /// The database it belongs to.
    pub database: DatabaseId,
    /// The durable position of the log that it describes.
    pub position: LogPosition,
    /// The hasher of keys, clients and idempotency digests.
    pub hasher: KeyHasher,
    /// The tree's frontier, as its own type encodes it.
    pub frontier: Vec<u8>,
    /// The tree's complete nodes, level by level from the lowest stored one.
    pub tree_nodes: Vec<Vec<Digest>>,
    /// The log address of every so many-th seq.
    pub seq_samples: Vec<u64>,
    /// Live documents of each collection.
    pub live_counts: BTreeMap<String, i64>,
    /// The key runs, the newest first.
    pub key_runs: Vec<RunFile>,
    /// The runs of the client index, the newest first.
    pub client_runs: Vec<RunFile>,
    /// The runs of the idempotency index, the newest first.
    pub idempotency_runs: Vec<RunFile>,
    /// The runs of each temporal index.
    pub temporal_runs: Vec<TemporalRunFiles>,
    /// The files that already hold beginnings of `tree_nodes` and `seq_samples`, the oldest first.
    pub parts: Vec<PartFile>,
    /// What the engine adds.
    pub sections: Vec<ExtraSection>,
}

impl CheckpointImage {
    /// Creates an image that lists nothing.
    pub fn new(database: DatabaseId, hasher: KeyHasher, position: LogPosition) -> Self {
        Self {
            database,
            position,
            hasher,
            frontier: Vec::new(),
            tree_nodes: Vec::new(),
            seq_samples: Vec::new(),
            live_counts: BTreeMap::new(),
            key_runs: Vec::new(),
            client_runs: Vec::new(),
            idempotency_runs: Vec::new(),
            temporal_runs: Vec::new(),
            parts: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Returns the names of all files that the checkpoint needs.
    pub(crate) fn file_names(&self) -> impl Iterator<Item = &str> {
        let runs = self.key_runs.iter().chain(&self.client_runs).chain(&self.idempotency_runs);
        let temporal = self.temporal_runs.iter().flat_map(|index| index.live.iter().chain(&index.closed));
        runs.chain(temporal).chain(self.parts.iter().map(|part| &part.file)).map(|file| file.name.as_str())
    }
}

/// A section whose kind the engine defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraSection {
    /// The kind, at least [`EXTRA_SECTION_KIND_MIN`].
    pub kind: u16,
    /// Whether a reader that does not know the kind may ignore the section.
    pub is_compatible: bool,
    /// The content.
    pub body: Vec<u8>,
}

/// Names a file that holds a part of the arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFile {
    /// The file.
    pub file: RunFile,
    /// Where the part ends in each array: the samples first, then the levels of the tree.
    pub ends: Vec<u64>,
}
