//! Gathering the past of an index that is created late.
//!
//! Promises: entries come in any order and any number; memory stays near [`BUILD_BYTES_MAX`], beyond which sorted parts
//! go to files that disappear with the result. Leaves to others: reading the past from the log, and the changes since
//! then, which the index takes meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb_io::Io;
use nedb_types::{Result, Seq};

use super::delta::push;
use super::item::{ItemList, ItemState};
use super::layers::Piece;
use super::run::TemporalRun;
use super::run_writer::TemporalRunWriter;
use super::sorted::SortedParts;
use crate::IndexDirectory;
use crate::run::{FILE_EXTENSION, RunKind};

/// Memory in bytes from which on a builder writes what it has to a file: about a million entries.
pub const BUILD_BYTES_MAX: u64 = 64 << 20;

/// File name prefix of what builders write; no checkpoint ever lists such a file.
const PREFIX: &str = "spill-";

/// Gathers the entries of the past, in any order.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use nedb_index::{IndexDirectory, KeyHasher, KeyRange, TemporalBuilder, TemporalChange, TemporalIndex};
/// use nedb_types::{DatabaseId, Seq};
///
/// let io = nedb_io::Io::memory(16 << 20);
/// io.disk.create_dir(Path::new("/index"))?;
/// let hasher = KeyHasher::new([1; 16]);
/// let directory = IndexDirectory::new(&io, Path::new("/index"), DatabaseId::from_bytes([2; 16]), hasher);
///
/// // The index takes what happens from seq 5 on, while the builder reads what was before.
/// let index = TemporalIndex::new();
/// index.apply(&[TemporalChange::Removed { key: b"red", id: b"1", added: Seq::new(0), removed: Seq::new(5) }]);
/// let mut builder = TemporalBuilder::new(&directory);
/// builder.add(b"red", b"1", Seq::new(0), None, b"")?;
/// index.install_base(builder.finish()?);
///
/// let count = |seq| index.snapshot(Seq::new(seq)).count(&KeyRange::all());
/// assert_eq!((count(4)?, count(5)?), (1, 0));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct TemporalBuilder<'a> {
    directory: &'a IndexDirectory,
    bytes_max: u64,
    chunks: Vec<ItemList>,
    chunk_bytes: AtomicU64,
    spilled: Vec<Spilled>,
    count: u64,
}

impl<'a> TemporalBuilder<'a> {
    /// Begins with nothing; files go to this directory.
    pub fn new(directory: &'a IndexDirectory) -> Self {
        Self::with_memory(directory, BUILD_BYTES_MAX)
    }

    pub(crate) fn with_memory(directory: &'a IndexDirectory, bytes_max: u64) -> Self {
        let chunk_bytes = AtomicU64::new(0);
        Self { directory, bytes_max, chunks: Vec::new(), chunk_bytes, spilled: Vec::new(), count: 0 }
    }

    /// Adds an entry, with its end if that is known and was before the changes that the index takes itself.
    ///
    /// Errors: those of the disk, when memory is full and a file has to be written.
    ///
    /// # Panics
    ///
    /// As [`TemporalIndex::apply`](crate::TemporalIndex::apply).
    pub fn add(&mut self, key: &[u8], id: &[u8], added: Seq, removed: Option<Seq>, payload: &[u8]) -> Result<()> {
        let state = removed.map_or(ItemState::LIVE, ItemState::closed);
        assert!(removed.is_none_or(|removed| added < removed), "an entry ends after it begins");
        push(&mut self.chunks, |chunk| chunk.push_parts((key, id), added.get(), state, payload), &self.chunk_bytes);
        self.count += 1;
        // Sorting needs as much again.
        if self.chunk_bytes.load(Ordering::Relaxed) >= self.bytes_max / 2 { self.spill() } else { Ok(()) }
    }

    /// Returns what was gathered, for [`TemporalIndex::install_base`](crate::TemporalIndex::install_base).
    pub fn finish(mut self) -> Result<TemporalBase> {
        if !self.spilled.is_empty() && !self.chunks.is_empty() {
            self.spill()?;
        }
        let mut sorted = SortedParts::default();
        sorted.extend(&self.chunks);
        Ok(TemporalBase { parts: sorted.parts, spilled: self.spilled, count: self.count })
    }

    fn spill(&mut self) -> Result<()> {
        let mut sorted = SortedParts::default();
        sorted.extend(&std::mem::take(&mut self.chunks));
        self.chunk_bytes.store(0, Ordering::Relaxed);
        for part in sorted.parts {
            let mut writer = TemporalRunWriter::create(self.directory, PREFIX, RunKind::Live)?;
            for item in part.iter() {
                writer.push(&item)?;
            }
            let run = writer.finish()?;
            let path = self.directory.path.join(run.file().name);
            self.spilled.push(Spilled { run, io: self.directory.io.clone(), path });
        }
        Ok(())
    }
}

/// The past of an index, gathered by a [`TemporalBuilder`].
#[derive(Debug)]
pub struct TemporalBase {
    parts: Vec<Arc<ItemList>>,
    spilled: Vec<Spilled>,
    count: u64,
}

impl TemporalBase {
    /// Returns the number of entries.
    pub const fn entry_count(&self) -> u64 {
        self.count
    }

    /// Returns its heap memory in bytes; mapped files are not counted.
    pub fn heap_bytes(&self) -> u64 {
        let parts: usize = self.parts.iter().map(|part| part.heap_bytes()).sum();
        parts as u64 + self.spilled.iter().map(|spilled| spilled.run.heap_bytes()).sum::<u64>()
    }

    pub(crate) fn add_to(&self, pieces: &mut Vec<Piece>) {
        pieces.extend(self.parts.iter().cloned().map(Piece::Memory));
        pieces.extend(self.spilled.iter().map(|spilled| Piece::File(Arc::clone(&spilled.run))));
    }
}

/// A file that is needed only as long as this lives.
#[derive(Debug)]
struct Spilled {
    run: Arc<TemporalRun>,
    io: Io,
    path: PathBuf,
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the database is opened.
        let _left_behind = self.io.disk.remove(&self.path).is_err();
    }
}

impl IndexDirectory {
    /// Removes what builders of an earlier process left behind; for an opening for writing, before builders begin.
    pub fn remove_spilled(&self) -> Result<()> {
        for name in self.io.disk.list(&self.path)? {
            if name.starts_with(PREFIX) && name.ends_with(FILE_EXTENSION) {
                self.io.disk.remove(&self.path.join(name))?;
            }
        }
        Ok(())
    }
}
