//! The index directory of one database: where run files are opened and written.
//!
//! Promises: a written run is durable, but unknown until a checkpoint lists it; nothing that a checkpoint lists is ever
//! changed. Leaves to others: the checkpoint file, and removing files that no checkpoint lists.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nedb_io::{CacheCounts, Io};
use nedb_types::{DatabaseId, Error, Place, Result};

use crate::layers::FrozenDelta;
use crate::run::{KeyRun, KeyRunWriter, RunFile, RunSet};
use crate::scan::{Direction, KeyRange, KeyScan, Source};
use crate::tiers::{Merging, merge_count_of};
use crate::{KeyHasher, KeyState};

/// Opens and writes the run files of one database.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use nedb_index::{DeltaLimits, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyState};
/// use nedb_log::Address;
///
/// let io = nedb_io::Io::memory(16 << 20);
/// io.disk.create_dir(Path::new("/index"))?;
/// let hasher = KeyHasher::new([1; 16]);
/// let directory = IndexDirectory::new(&io, Path::new("/index"), nedb_types::DatabaseId::from_bytes([2; 16]), hasher);
///
/// let index = KeyIndex::new(hasher, DeltaLimits::default());
/// let (hash, address) = (index.hash(b"key"), Address::new(4096));
/// index.apply(&[KeyEntry { key: b"key", hash, address, state: KeyState::Live }]);
///
/// let frozen = index.freeze().expect("a key was applied");
/// let runs = directory.write_key_runs(&frozen, &index.runs())?;
/// index.install(runs);
/// assert_eq!(index.newest(hash, |_| Ok(true))?, Some(address));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IndexDirectory {
    pub(crate) io: Io,
    pub(crate) path: PathBuf,
    pub(crate) database: DatabaseId,
    pub(crate) hasher: KeyHasher,
    merging: Merging,
    pub(crate) nodes: Arc<CacheCounts>,
}

impl IndexDirectory {
    /// Names the index directory of a database, which exists.
    pub fn new(io: &Io, path: &Path, database: DatabaseId, hasher: KeyHasher) -> Self {
        let (io, path) = (io.clone(), path.to_path_buf());
        Self { io, path, database, hasher, merging: Merging::default(), nodes: Arc::default() }
    }

    /// Says how much key runs are merged.
    #[must_use]
    pub const fn merging(mut self, merging: Merging) -> Self {
        self.merging = merging;
        self
    }

    /// Says where is counted how often nodes of temporal indexes were in memory, and how often they were read.
    #[must_use]
    pub fn counting_nodes(mut self, nodes: Arc<CacheCounts>) -> Self {
        self.nodes = nodes;
        self
    }

    /// Opens the key runs that a checkpoint lists, the newest first.
    ///
    /// Errors: `corrupt` when a file is not the listed one, `wrong_database`, `newer_format`, and those of the disk.
    pub fn open_key_runs(&self, files: &[RunFile]) -> Result<RunSet> {
        let mut runs = Vec::with_capacity(files.len());
        for file in files {
            let run = KeyRun::open(&self.io, &self.path.join(&file.name), self.database, self.hasher)?;
            check_identity(file, &run.file())?;
            runs.push(Arc::new(run));
        }
        Ok(RunSet::new(runs))
    }

    /// Writes what is frozen as a new run, merged with the newest of `runs` where that pays, and returns the new set.
    ///
    /// The new run is durable when this returns; the old files stay until a checkpoint without them is written.
    pub fn write_key_runs(&self, frozen: &FrozenDelta, runs: &RunSet) -> Result<RunSet> {
        let merged = merge_count_of(self.merging, frozen.key_count(), &entry_counts(runs));
        let mut sources = Vec::new();
        frozen.add_to(&mut sources);
        self.replace_newest(runs, merged, (sources, frozen.key_count()))
    }

    /// Merges the newest of `runs` where that pays although nothing is frozen, and returns the new set.
    ///
    /// Durable and kept as with [`write_key_runs`](Self::write_key_runs).
    pub fn merge_key_runs(&self, runs: &RunSet) -> Result<RunSet> {
        let counts = entry_counts(runs);
        let Some((newest, older)) = counts.split_first() else { return Ok(runs.clone()) };
        match merge_count_of(self.merging, *newest, older) {
            0 => Ok(runs.clone()),
            merged => self.replace_newest(runs, 1 + merged, (Vec::new(), 0)),
        }
    }

    /// Replaces the newest runs, so many of them, by one that also has the keys of newer sources.
    fn replace_newest(&self, runs: &RunSet, merged: usize, newer: (Vec<Source>, u64)) -> Result<RunSet> {
        let (mut sources, mut expected) = newer;
        for run in runs.iter().take(merged) {
            sources.push(Source::File(Box::new(run.cursor(&KeyRange::all(), Direction::Forward)?)));
            expected += run.entry_count();
        }
        let retention = if merged == runs.iter().len() { Retention::DropForgotten } else { Retention::All };
        let mut result = Vec::new();
        result.extend(self.write_key_run(KeyScan::new(sources, Direction::Forward), expected, retention)?);
        result.extend(runs.iter().skip(merged).cloned());
        Ok(RunSet::new(result))
    }

    fn write_key_run(&self, mut scan: KeyScan, expected: u64, retention: Retention) -> Result<Option<Arc<KeyRun>>> {
        let mut writer = None;
        while let Some(value) = scan.step()? {
            if retention == Retention::DropForgotten && is_forgotten(scan.key(), value.state()) {
                continue;
            }
            let writer = match &mut writer {
                Some(writer) => writer,
                None => writer.insert(KeyRunWriter::create(self, expected)?),
            };
            writer.push(scan.key(), value)?;
        }
        writer.map(KeyRunWriter::finish).transpose()
    }
}

fn entry_counts(runs: &RunSet) -> Vec<u64> {
    runs.iter().map(|run| run.entry_count()).collect()
}

/// Whether a merge may leave keys out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retention {
    /// No: an older run may still hold them.
    All,
    /// Yes: the oldest run takes part.
    DropForgotten,
}

/// Expiry keys have no history, so that a tombstone means that the key is gone.
fn is_forgotten(key: &[u8], state: KeyState) -> bool {
    state == KeyState::Tombstone && key.first() == Some(&nedb_types::key::SPACE_EXPIRY)
}

/// Checks that a file is the one that a checkpoint lists.
pub(crate) fn check_identity(listed: &RunFile, found: &RunFile) -> Result<()> {
    if listed == found {
        return Ok(());
    }
    let text = format!(
        "run file is not the listed one: {} bytes with digest {}, listed are {} bytes with digest {}",
        found.length_bytes, found.digest, listed.length_bytes, listed.digest
    );
    Err(Error::corrupt(text).at(Place::in_file(format!("index/{}", listed.name))))
}
