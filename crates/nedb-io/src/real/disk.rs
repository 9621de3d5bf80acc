//! The machine's file system.
//!
//! Files get mode 0600 and directories 0700; a symbolic link or special file at the end of a path is refused. The
//! directories above are the operator's choice and are followed as they are.
#![allow(clippy::disallowed_methods, reason = "this is the implementation that the ban points to")]

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use rustix::fs::OFlags;

use super::{file::RealFile, lock::RealLock};
use crate::{
    Access, Disk, File, LockOutcome, PathKind,
    explain::{explain, refuse},
};

/// Only the owner reads and writes: a database may hold anything.
const FILE_MODE: u32 = 0o600;
/// Only the owner enters.
const DIR_MODE: u32 = 0o700;

/// The file system of this machine.
///
/// ```
/// use nedb_io::{Disk, PathKind, RealDisk};
///
/// let kind = RealDisk::new().kind(&std::env::temp_dir())?;
/// assert!(kind.is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl RealDisk {
    /// Returns the file system; it has no state of its own.
    pub fn new() -> Self {
        Self
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        let file = options(access).open(path).map_err(|error| explain("open", path, error))?;
        let metadata = file.metadata().map_err(|error| explain("inspect", path, error))?;
        if !metadata.is_file() {
            return Err(refuse(io::ErrorKind::InvalidInput, "open", path, "not a regular file"));
        }
        Ok(Arc::new(RealFile::new(file, path)))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = options(Access::Write)
            .create_new(true)
            .mode(FILE_MODE)
            .open(path)
            .map_err(|error| explain("create", path, error))?;
        Ok(Arc::new(RealFile::new(file, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to).map_err(|error| explain(&format!("rename to {} from", to.display()), from, error))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path).map_err(|error| explain("remove", path, error))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path).map_err(|error| explain("remove directory", path, error))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(dir).map_err(|error| explain("list", dir, error))?;
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| explain("list", dir, error))?.file_name();
            let name = name.into_string().map_err(|name| {
                let reason = format!("the name {} is not UTF-8", name.display());
                refuse(io::ErrorKind::InvalidData, "list", dir, &reason)
            })?;
            names.push(name);
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(DIR_MODE).create(path).map_err(|error| explain("create directory", path, error))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        // A link is followed here, and only here: the parent of a database may be one, and a sync changes nothing.
        options.read(true).custom_flags(flags(OFlags::DIRECTORY));
        let directory = options.open(path).map_err(|error| explain("open directory", path, error))?;
        directory.sync_all().map_err(|error| explain("sync directory", path, error))
    }

    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(PathKind::File { len_bytes: metadata.len() })),
            Ok(metadata) if metadata.is_dir() => Ok(Some(PathKind::Directory)),
            Ok(_) => Ok(Some(PathKind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(explain("inspect", path, error)),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        let file = options(Access::Write)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path)
            .map_err(|error| explain("open", path, error))?;
        match RealLock::try_hold(file) {
            Ok(Some(lock)) => Ok(LockOutcome::Held(Box::new(lock))),
            Ok(None) => Ok(LockOutcome::Busy),
            Err(error) => Err(explain("lock", path, error)),
        }
    }
}

/// Options that never follow a link and never wait for the other end of a pipe.
fn options(access: Access) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(access == Access::Write).custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK));
    options
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}
