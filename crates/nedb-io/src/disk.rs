//! The seam for directories and names: what a disk can do.
//!
//! A [`Disk`] opens, creates, renames, removes and lists. Durability is explicit: a name is durable only after
//! [`Disk::sync_dir`] of its directory, and a file's bytes only after a sync of the [`File`]. Nothing follows a
//! symbolic link in the last component of a path. Which files exist and what they mean is left to the callers.

use std::{fmt::Debug, io, path::Path, sync::Arc};

use crate::File;

/// A tree of files and directories.
///
/// Errors are plain [`io::Error`]s whose kind is meaningful (`NotFound`, `AlreadyExists`, `StorageFull`, ...).
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, MemoryDisk};
///
/// let disk = MemoryDisk::new(8 << 20);
/// disk.create_dir(Path::new("/db"))?;
/// let file = disk.create_new(Path::new("/db/HEAD.tmp"))?;
/// file.write_all_at(b"first", 0)?;
/// file.sync_all()?;
/// disk.rename(Path::new("/db/HEAD.tmp"), Path::new("/db/HEAD"))?;
/// disk.sync_dir(Path::new("/db"))?;
/// assert_eq!(disk.list(Path::new("/db"))?, ["HEAD"]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Disk: Send + Sync + Debug {
    /// Opens an existing regular file.
    ///
    /// `NotFound` when it is absent; an error when the last component is a symbolic link or not a regular file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>>;

    /// Reads a whole file: for those that fit into memory beside everything else, such as settings and scripts.
    ///
    /// ```
    /// use std::path::Path;
    /// use nedb_io::{Disk, MemoryDisk};
    ///
    /// let disk = MemoryDisk::new(8 << 20);
    /// disk.create_new(Path::new("/a"))?.write_all_at(b"content", 0)?;
    /// assert_eq!(disk.read_all(Path::new("/a"))?, b"content");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn read_all(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, Access::Read)?;
        let length = usize::try_from(file.len_bytes()?).map_err(|_wide| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Creates an empty file, readable and writable by its owner only, and opens it for writing.
    ///
    /// `AlreadyExists` when anything has that name.
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Renames a file or directory in one step, replacing a file that has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file's name; open handles keep working on its bytes.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and everything below it; meant for the leftovers of an unfinished creation.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Returns the names in a directory, sorted by bytes.
    ///
    /// `InvalidData` when a name is not UTF-8: NEDB writes no such name, so it is refused rather than skipped.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Creates a directory that only its owner can enter; its parent must exist.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable: creations, renames and removals.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Whether nothing outlives the process, so that syncs have nothing to do and take no time.
    fn is_volatile(&self) -> bool {
        false
    }

    /// Returns what stands at a path, or `None` when nothing does.
    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>>;

    /// Takes an exclusive lock on a file, which is created when absent.
    ///
    /// Never waits. The lock excludes other processes and further calls in this process, and ends with its guard.
    fn lock(&self, path: &Path) -> io::Result<LockOutcome>;
}

/// What an opened file may be used for.
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Access, Disk, MemoryDisk};
///
/// let disk = MemoryDisk::new(8 << 20);
/// disk.create_new(Path::new("/a"))?;
/// let file = disk.open(Path::new("/a"), Access::Read)?;
/// assert!(file.write_all_at(b"x", 0).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only; writes fail.
    Read,
    /// Reads and writes.
    Write,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file of this length.
    File {
        /// The file's length in bytes.
        len_bytes: u64,
    },
    /// A directory.
    Directory,
    /// Anything else: a symbolic link, a pipe, a device.
    Other,
}

/// The answer to [`Disk::lock`].
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, LockOutcome, MemoryDisk};
///
/// let disk = MemoryDisk::new(8 << 20);
/// let LockOutcome::Held(guard) = disk.lock(Path::new("/LOCK"))? else { panic!("nobody else is here") };
/// assert!(matches!(disk.lock(Path::new("/LOCK"))?, LockOutcome::Busy));
/// drop(guard);
/// assert!(matches!(disk.lock(Path::new("/LOCK"))?, LockOutcome::Held(_)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub enum LockOutcome {
    /// The lock is held until the guard is dropped.
    Held(Box<dyn LockGuard>),
    /// Somebody else holds it.
    Busy,
}

/// Holds a lock until it is dropped.
pub trait LockGuard: Send + Sync + Debug {}
