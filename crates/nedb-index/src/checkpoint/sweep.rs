//! Removes what no kept checkpoint needs.
//!
//! Promises: the newest two checkpoints keep their files, and only files with this crate's names are removed. A kept
//! checkpoint that the disk fails to read stops the removal, because nobody knows what it needs. Leaves to others: the
//! durability of removals, which does not matter: what comes back is removed by the next checkpoint.

use std::collections::BTreeSet;
use std::path::Path;

use nedb_io::Io;
use nedb_types::{DatabaseId, Result};

use super::file_name::{checkpoint, generation_of, is_data, is_temporary};
use super::load::read_image;

/// Checkpoints that stay: the newest, and one more in case its files rot.
const KEPT: usize = 2;

pub(crate) fn remove_unneeded(io: &Io, dir: &Path, database: DatabaseId) -> Result<()> {
    let names = io.disk.list(dir)?;
    let generations: BTreeSet<u64> = names.iter().filter_map(|name| generation_of(name)).collect();
    let mut needed = BTreeSet::new();
    for generation in generations.iter().rev().take(KEPT) {
        let name = checkpoint(*generation);
        match read_image(io, &dir.join(&name), database) {
            Ok(image) => needed.extend(image.file_names().map(str::to_owned)),
            // A damaged checkpoint is never used again, so that its files are needed by nobody.
            Err(error) if error.kind() == nedb_types::ErrorKind::Integrity => {}
            Err(error) => return Err(error),
        }
        needed.insert(name);
    }
    for name in names {
        let is_own = is_data(&name) || is_temporary(&name) || generation_of(&name).is_some();
        if is_own && !needed.contains(&name) {
            io.disk.remove(&dir.join(&name))?;
        }
    }
    Ok(())
}
