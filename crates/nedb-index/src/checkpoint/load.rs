//! Finding the newest good checkpoint.
//!
//! Promises: a damaged one is passed over and named in the report, never used in part; one that is ahead of the log
//! is a rollback. Nothing is changed. Leaves to others: replaying the log behind the position, and checking that the
//! log has the frame that the position names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nedb_io::{Access, CacheCounts, Io, PathKind};
use nedb_log::Address;
use nedb_types::{DatabaseId, Error, ErrorCode, Place, Result};

use super::decode::decode;
use super::file_name::{checkpoint, generation_of};
use super::image::CheckpointImage;
use super::part;
use crate::{IndexDirectory, RunSet, SlotRunSet, TemporalRunSet};

/// Greatest length of a checkpoint file in bytes: it lists files and statistics, so that more is damage.
const CHECKPOINT_BYTES_MAX: u64 = 256 << 20;

/// What the index directory holds.
#[derive(Debug)]
pub struct Loaded {
    /// The newest good checkpoint, if there is one.
    pub checkpoint: Option<LoadedCheckpoint>,
    /// Newer ones that could not be used, the newest first.
    pub rejected: Vec<Rejected>,
}

/// A checkpoint with its runs opened.
#[derive(Debug)]
pub struct LoadedCheckpoint {
    /// What it says.
    pub image: CheckpointImage,
    /// Its number.
    pub generation: u64,
    /// Its file name.
    pub file: String,
    /// The key runs.
    pub keys: RunSet,
    /// The runs of the client index.
    pub clients: SlotRunSet,
    /// The runs of the idempotency index.
    pub idempotency: SlotRunSet,
    /// The runs of the temporal indexes, by the number of the index; those of one that is damaged can be built anew.
    pub temporal: BTreeMap<u64, Result<TemporalRunSet>>,
    /// Where these runs count their nodes.
    pub nodes: Arc<CacheCounts>,
}

/// A checkpoint that could not be used.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The checkpoint's file name.
    pub file: String,
    /// Why.
    pub reason: Error,
}

/// Which checkpoints come into question.
///
/// ```
/// use nedb_index::LoadBounds;
///
/// let before_the_seventh = LoadBounds { generation_end: 7, ..LoadBounds::NONE };
/// assert_eq!(before_the_seventh.size_max, u64::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadBounds {
    /// The end of the log.
    pub end_max: Address,
    /// The number of operations in the log.
    pub size_max: u64,
    /// Checkpoints from this number on are not looked at.
    pub generation_end: u64,
}

impl LoadBounds {
    /// Every checkpoint.
    pub const NONE: Self = Self { end_max: Address::new(u64::MAX), size_max: u64::MAX, generation_end: u64::MAX };
}

/// Loads the newest good checkpoint of a database within bounds.
///
/// Errors: `rollback` when a good checkpoint lies beyond the end of the log; those of listing the directory. A
/// directory that is missing holds no checkpoint.
pub fn load_newest(io: &Io, dir: &Path, database: DatabaseId, bounds: LoadBounds) -> Result<Loaded> {
    let mut loaded = Loaded { checkpoint: None, rejected: Vec::new() };
    if !matches!(io.disk.kind(dir)?, Some(PathKind::Directory)) {
        return Ok(loaded);
    }
    let names = io.disk.list(dir)?;
    let mut generations: Vec<u64> = names.iter().filter_map(|name| generation_of(name)).collect();
    generations.retain(|generation| *generation < bounds.generation_end);
    generations.sort_unstable_by(|a, b| b.cmp(a));
    for generation in generations {
        let file = checkpoint(generation);
        match read_image(io, &dir.join(&file), database) {
            Ok(image) => {
                check_not_ahead(&image, &file, bounds)?;
                match open(io, dir, image, generation) {
                    Ok(checkpoint) => {
                        loaded.checkpoint = Some(checkpoint);
                        return Ok(loaded);
                    }
                    Err(reason) => loaded.rejected.push(Rejected { file, reason }),
                }
            }
            Err(reason) => loaded.rejected.push(Rejected { file, reason }),
        }
    }
    Ok(loaded)
}

/// Reads a checkpoint file; the arrays stay empty.
pub(crate) fn read_image(io: &Io, path: &Path, database: DatabaseId) -> Result<CheckpointImage> {
    let name = crate::run::place_name(path);
    let file = io.disk.open(path, Access::Read)?;
    let length = file.len_bytes()?;
    if length > CHECKPOINT_BYTES_MAX {
        return Err(Error::corrupt(format!("checkpoint is {length} bytes long")).at(Place::in_file(name)));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    let place = |offset| Place::in_file(name.as_str()).offset(offset);
    let (image, generation) = decode(&bytes, database).map_err(|error| {
        let offset = error.place().and_then(|place| place.offset).unwrap_or_default();
        error.at(place(offset))
    })?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    if generation_of(&file_name) != Some(generation) {
        return Err(Error::corrupt(format!("checkpoint is of generation {generation}")).at(place(0)));
    }
    Ok(image)
}

fn check_not_ahead(image: &CheckpointImage, file: &str, bounds: LoadBounds) -> Result<()> {
    let LoadBounds { end_max: head_end, size_max: head_size, .. } = bounds;
    let position = &image.position;
    if position.end <= head_end && position.size <= head_size {
        return Ok(());
    }
    let text = format!(
        "checkpoint describes {} operations up to address {}, the log has {head_size} up to {head_end}",
        position.size, position.end
    );
    Err(Error::new(ErrorCode::Rollback, text).at(Place::in_file(format!("index/{file}"))))
}

fn open(io: &Io, dir: &Path, mut image: CheckpointImage, generation: u64) -> Result<LoadedCheckpoint> {
    let directory = IndexDirectory::new(io, dir, image.database, image.hasher);
    let keys = directory.open_key_runs(&image.key_runs)?;
    let clients = directory.open_slot_runs(&image.client_runs)?;
    let idempotency = directory.open_slot_runs(&image.idempotency_runs)?;
    let mut temporal = BTreeMap::new();
    for files in &image.temporal_runs {
        temporal.insert(files.index, directory.open_temporal_runs(files));
    }
    part::read_all(io, dir, &mut image)?;
    let (file, nodes) = (checkpoint(generation), directory.nodes);
    Ok(LoadedCheckpoint { image, generation, file, keys, clients, idempotency, temporal, nodes })
}
