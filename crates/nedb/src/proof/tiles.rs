//! The tree and its entries as static files (C2SP tlog-tiles), written so that they can be served while they grow.
//!
//! Promises: a file appears whole or not at all; every tile of a tree is on the disk before the checkpoint that names
//! the tree appears; an export that was interrupted is completed by the next one. Partial tiles that a full one replaced
//! are removed last. Leaves to others: serving the files, and two exports into one directory at the same time.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use nedb_crypto::{
    Note, TreeHead,
    tiles::{TILE_WIDTH, Tile, TileContent, encode_bundle, tile_bytes, tiles_of_tree},
};
use nedb_io::{Access, Disk, PathKind};
use nedb_types::{Digest, Error, ErrorCode, Place, Result};

use super::{
    json::JsonFields,
    nodes::{LogNodes, leaf_hashes},
};
use crate::{engine::Engine, open::HEAD_FILE};

/// The signed checkpoint of the exported tree.
const CHECKPOINT_FILE: &str = "checkpoint";

/// What an export wrote.
///
/// [`Database::export_tiles`](crate::Database::export_tiles) returns one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileReport {
    /// The origin line of the checkpoint.
    pub origin: String,
    /// The number of operations in the exported tree.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// The size of the tree that was there before.
    pub size_before: u64,
    /// Tiles and bundles that were written.
    pub files_written: u64,
    /// Tiles and bundles that were there already.
    pub files_kept: u64,
    /// Bytes that were written.
    pub bytes_written: u64,
}

impl TileReport {
    /// The report as one JSON object.
    pub fn to_json(&self) -> Result<String> {
        JsonFields::new()
            .text("origin", &self.origin)
            .number("size", self.size)
            .text("root", self.root)
            .number("size_before", self.size_before)
            .number("files_written", self.files_written)
            .number("files_kept", self.files_kept)
            .number("bytes_written", self.bytes_written)
            .finish()
    }
}

/// Exports the durable tree into a directory.
pub(super) fn export(engine: &Engine, dir: &Path) -> Result<TileReport> {
    let disk = engine.io.disk.as_ref();
    if disk.kind(&dir.join(HEAD_FILE))?.is_some() {
        let message = format!("{} is a database; tiles need a directory of their own", dir.display());
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let signed = engine.sign_head()?;
    let nodes = LogNodes::of_head(engine, signed.size, signed.root)?;
    let size_before = size_of_export(engine, &nodes, dir)?;
    let report = TileReport {
        origin: engine.public_key()?.name().to_owned(),
        size: signed.size,
        root: signed.root,
        size_before,
        files_written: 0,
        files_kept: 0,
        bytes_written: 0,
    };
    let mut export = Export { disk, dir, nodes, known: BTreeSet::new(), changed: BTreeSet::new(), report };
    export.make_dir(dir)?;
    for tile in tiles_of_tree(signed.size) {
        export.tile(tile)?;
    }
    export.sync_dirs()?;
    export.put(&dir.join(CHECKPOINT_FILE), signed.note.to_string().as_bytes())?;
    export.sync_dirs()?;
    export.remove_replaced()?;
    Ok(export.report)
}

/// The size of the tree that the directory holds, after checking that this log continues it; 0 when there is none.
fn size_of_export(engine: &Engine, nodes: &LogNodes<'_>, dir: &Path) -> Result<u64> {
    let path = dir.join(CHECKPOINT_FILE);
    if engine.io.disk.kind(&path)?.is_none() {
        return Ok(0);
    }
    let file = engine.io.disk.open(&path, Access::Read)?;
    let length = file.len_bytes()?.min(nedb_crypto::note::NOTE_BYTES_MAX as u64);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, 0)?;
    let head = String::from_utf8_lossy(&bytes).parse::<Note>().and_then(|note| note.text().parse::<TreeHead>());
    let head = head.map_err(|error| {
        Error::corrupt(format!("{} is not a checkpoint: {}", path.display(), error.message()))
            .at(Place::in_file(CHECKPOINT_FILE))
    })?;
    let key = engine.public_key()?;
    if head.origin() != key.name() {
        let message = format!("{} holds the tiles of {:?}, not of {:?}", dir.display(), head.origin(), key.name());
        return Err(Error::new(ErrorCode::WrongDatabase, message));
    }
    if head.size() > nodes.size() || nodes.root_at(head.size())? != *head.root() {
        let message = format!("{} holds the tiles of another history of {:?}", dir.display(), head.origin());
        return Err(Error::new(ErrorCode::HeadMismatch, message));
    }
    Ok(head.size())
}

/// One export under way.
struct Export<'e> {
    disk: &'e dyn Disk,
    dir: &'e Path,
    nodes: LogNodes<'e>,
    /// Directories that are known to be there.
    known: BTreeSet<PathBuf>,
    /// Directories whose names are not yet durable.
    changed: BTreeSet<PathBuf>,
    report: TileReport,
}

impl Export<'_> {
    fn tile(&mut self, tile: Tile) -> Result<()> {
        let path = self.dir.join(tile.to_string());
        if self.is_there(tile, &path)? {
            self.report.files_kept += 1;
            return Ok(());
        }
        let bytes = bytes_of(&self.nodes, tile)?;
        self.put(&path, &bytes)?;
        self.report.files_written += 1;
        self.report.bytes_written += bytes.len() as u64;
        Ok(())
    }

    /// Whether an earlier export wrote this tile; only what its checkpoint covers is known to be whole.
    fn is_there(&self, tile: Tile, path: &Path) -> Result<bool> {
        let covered = count_in_row(tile.content(), self.report.size_before);
        if tile.start().saturating_add(u64::from(tile.width())) > covered {
            return Ok(false);
        }
        let Some(PathKind::File { len_bytes }) = self.disk.kind(path)? else { return Ok(false) };
        Ok(match tile.content() {
            TileContent::Hashes { .. } => len_bytes == 32 * u64::from(tile.width()),
            TileContent::Entries => len_bytes > 0,
        })
    }

    /// Writes a file beside its place, makes it durable and moves it there.
    fn put(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let parent = path.parent().unwrap_or(self.dir).to_path_buf();
        self.make_dir(&parent)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        if self.disk.kind(&beside)?.is_some() {
            self.disk.remove(&beside)?;
        }
        let file = self.disk.create_new(&beside)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        self.disk.rename(&beside, path)?;
        self.changed.insert(parent);
        Ok(())
    }

    /// Creates a directory and those above it up to the export's own.
    fn make_dir(&mut self, dir: &Path) -> Result<()> {
        if self.known.contains(dir) {
            return Ok(());
        }
        if self.disk.kind(dir)?.is_none() {
            let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
            let above = above.unwrap_or(Path::new(".")).to_path_buf();
            if dir != self.dir {
                self.make_dir(&above)?;
            }
            self.disk.create_dir(dir)?;
            self.changed.insert(above);
        }
        self.known.insert(dir.to_path_buf());
        Ok(())
    }

    fn sync_dirs(&mut self) -> Result<()> {
        for dir in std::mem::take(&mut self.changed) {
            self.disk.sync_dir(&dir)?;
        }
        Ok(())
    }

    /// Removes the partial tiles of the tree before that have full tiles now.
    fn remove_replaced(&self) -> Result<()> {
        for tile in tiles_of_tree(self.report.size_before).filter(|tile| tile.width() < TILE_WIDTH) {
            let end = tile.start().saturating_add(u64::from(TILE_WIDTH));
            if end > count_in_row(tile.content(), self.report.size) {
                continue;
            }
            let partial = self.dir.join(tile.to_string());
            let Some(partials) = partial.parent() else { continue };
            if self.disk.kind(partials)?.is_some() {
                self.disk.remove_dir_all(partials)?;
            }
        }
        Ok(())
    }
}

/// The bytes of one tile of the durable tree, by its path.
pub(super) fn read(engine: &Engine, path: &str) -> Result<Vec<u8>> {
    let tile: Tile = path.parse()?;
    let nodes = LogNodes::at_durable_end(engine)?;
    let in_row = count_in_row(tile.content(), nodes.size());
    if tile.start().saturating_add(u64::from(tile.width())) > in_row {
        let message = format!("{path} is not in a tree of {} operations", nodes.size());
        return Err(Error::new(ErrorCode::NotFound, message));
    }
    bytes_of(&nodes, tile)
}

/// The bytes of a tile that lies in the tree.
fn bytes_of(nodes: &LogNodes<'_>, tile: Tile) -> Result<Vec<u8>> {
    let block = || {
        let mut entries = nodes.entries_of_block(tile.index())?;
        entries.truncate(usize::from(tile.width()));
        Ok::<_, Error>(entries)
    };
    Ok(match tile.content() {
        TileContent::Entries => encode_bundle(block()?.iter().map(Vec::as_slice))?,
        TileContent::Hashes { level: 0 } => leaf_hashes(&block()?).iter().flat_map(|leaf| leaf.to_bytes()).collect(),
        TileContent::Hashes { .. } => tile_bytes(nodes, tile)?,
    })
}

/// How many hashes or entries the row of a tile has in a tree of this size.
fn count_in_row(content: TileContent, size: u64) -> u64 {
    match content {
        TileContent::Hashes { level } => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
        TileContent::Entries => size,
    }
}
