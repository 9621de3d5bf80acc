//! Writing a checkpoint.
//!
//! ```text
//! runs and new part: written, synced      (the runs before, by IndexDirectory)
//! checkpoint under a temporary name: written, synced
//! directory synced                        every named file is durable
//! renamed, directory synced               the checkpoint is there
//! files that the newest two do not need: removed
//! ```
//! Promises: at every moment the newest complete checkpoint and all its files are there. Leaves to others: one at a
//! time.

use std::path::Path;

use nedb_io::{Io, PathKind};
use nedb_types::{Error, ErrorCode, Result};

use super::encode::encode;
use super::image::{CheckpointImage, EXTRA_SECTION_KIND_MIN, PartFile};
use super::{file_name, part, sweep};

/// What was written.
#[derive(Debug)]
pub struct CheckpointWritten {
    /// The number of the checkpoint, one more than that of the one before.
    pub generation: u64,
    /// The part files, for the image of the next checkpoint.
    pub parts: Vec<PartFile>,
    /// Why files that are no longer needed were not all removed; the checkpoint itself is complete, and the next one
    /// tries again.
    pub sweep_error: Option<Error>,
}

/// Writes a checkpoint into the index directory `dir`; it is durable when this returns.
///
/// The runs that the image lists were written before; the files of the two newest checkpoints stay, older ones are
/// removed. One call at a time per directory. After an error the former checkpoint is still there.
pub fn write_checkpoint(io: &Io, dir: &Path, image: &CheckpointImage) -> Result<CheckpointWritten> {
    if let Some(section) = image.sections.iter().find(|section| section.kind < EXTRA_SECTION_KIND_MIN) {
        let text = format!("section kind {} is below {EXTRA_SECTION_KIND_MIN}", section.kind);
        return Err(Error::new(ErrorCode::InvalidArgument, text));
    }
    let names = io.disk.list(dir)?;
    let newest = names.iter().filter_map(|name| file_name::generation_of(name)).max().unwrap_or_default();
    let generation = newest
        .checked_add(1)
        .ok_or_else(|| Error::corrupt("the number of the newest checkpoint is the greatest possible"))?;
    let parts = part::write(io, dir, image)?;
    let temporary = dir.join(file_name::temporary(generation));
    if matches!(io.disk.kind(&temporary)?, Some(PathKind::File { .. })) {
        io.disk.remove(&temporary)?;
    }
    let file = io.disk.create_new(&temporary)?;
    file.write_all_at(&encode(image, &parts, generation), 0)?;
    file.sync_all()?;
    io.disk.sync_dir(dir)?;
    io.disk.rename(&temporary, &dir.join(file_name::checkpoint(generation)))?;
    io.disk.sync_dir(dir)?;
    let sweep_error = sweep::remove_unneeded(io, dir, image.database).err();
    Ok(CheckpointWritten { generation, parts, sweep_error })
}
