//! A new database: written whole under a temporary name, then renamed, so that a crash leaves either all of it or a
//! directory that nobody takes for a database.

use std::path::{Path, PathBuf};

use nedb_io::LockOutcome;
use nedb_log::{CATALOGUE_SIGNER, CatalogueState, FileLog, FramePlan, LogStore};
use nedb_types::{DatabaseId, Error, ErrorCode, Result, Seq};

use super::{INDEX_DIR, KEYS_DIR, LOCK_FILE};
use crate::{options::Options, proof::Signer};

pub(crate) fn create(dir: &Path, options: &Options) -> Result<()> {
    let disk = &options.io.disk;
    let parent = parent_of(dir);
    create_parents(&parent, options)?;
    let temporary = temporary_name(dir, options)?;
    disk.create_dir(&temporary)?;
    let written = write(&temporary, options).and_then(|()| Ok(disk.rename(&temporary, dir)?));
    if let Err(error) = written {
        // The leftover is only untidy: its name says that it is no database.
        let _leftover = disk.remove_dir_all(&temporary);
        // Somebody else may have created it meanwhile; opening tells.
        let is_there = disk.kind(&dir.join(super::HEAD_FILE))?.is_some();
        return if is_there { Ok(()) } else { Err(error) };
    }
    disk.sync_dir(&parent).inspect_err(|_| undo(dir, &temporary, options))?;
    Ok(())
}

/// Takes a database away again whose name could not be made durable, unless somebody uses it already.
///
/// A later sync of the same name would report success and might save nothing, so it must not be found.
fn undo(dir: &Path, temporary: &Path, options: &Options) {
    let disk = &options.io.disk;
    if let Ok(LockOutcome::Held(_lock)) = disk.lock(&dir.join(LOCK_FILE)) {
        // The failed sync is what the caller has to hear of.
        let _left_over = disk.rename(dir, temporary).and_then(|()| disk.remove_dir_all(temporary));
    }
}

fn write(dir: &Path, options: &Options) -> Result<()> {
    let (disk, random) = (&options.io.disk, &options.io.random);
    let mut id = [0; 16];
    random.fill(&mut id);
    let id = DatabaseId::from_bytes(id);
    disk.create_dir(&dir.join(INDEX_DIR))?;
    disk.create_dir(&dir.join(KEYS_DIR))?;
    let origin = options.origin.clone().unwrap_or_else(|| format!("nedb/{id}"));
    let signer = Signer::create(&options.io, dir, &origin)?;
    let log = FileLog::create(&options.io, dir, id, options.log)?;
    let body = signer.verifier_key().to_string().into_bytes();
    let record = CatalogueState::EMPTY.record(Seq::new(0), CATALOGUE_SIGNER, body);
    let commit_time = options.io.clock.wall_us();
    let builder =
        log.begin(&FramePlan { first_seq: Seq::new(0), commit_time, catalogue: &[record], records_bytes_max: 0 })?;
    let follows = builder.follows();
    let frame = builder.finish(nedb_crypto::sha256(&[]));
    log.append(follows, frame)?;
    log.sync()?;
    log.close()?;
    disk.sync_dir(&dir.join(KEYS_DIR))?;
    disk.sync_dir(dir)?;
    Ok(())
}

/// Syncs the directory above, which holds the name of the database.
pub(crate) fn make_name_durable(dir: &Path, options: &Options) -> Result<()> {
    Ok(options.io.disk.sync_dir(&parent_of(dir))?)
}

fn parent_of(dir: &Path) -> PathBuf {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Creates missing directories above the database, outermost first.
fn create_parents(parent: &Path, options: &Options) -> Result<()> {
    let disk = &options.io.disk;
    let mut missing = Vec::new();
    for ancestor in parent.ancestors() {
        if ancestor.as_os_str().is_empty() || disk.kind(ancestor)?.is_some() {
            break;
        }
        missing.push(ancestor);
    }
    for ancestor in missing.into_iter().rev() {
        disk.create_dir(ancestor)?;
        disk.sync_dir(&parent_of(ancestor))?;
    }
    Ok(())
}

fn temporary_name(dir: &Path, options: &Options) -> Result<PathBuf> {
    let Some(name) = dir.file_name() else {
        return Err(Error::new(ErrorCode::InvalidArgument, format!("{} names no directory to create", dir.display())));
    };
    let mut suffix = [0; 8];
    options.io.random.fill(&mut suffix);
    let suffix = u64::from_le_bytes(suffix);
    Ok(parent_of(dir).join(format!(".{}.new-{suffix:016x}", name.to_string_lossy())))
}
