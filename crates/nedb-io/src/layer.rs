//! A disk over another disk, which changes some of its calls.
//!
//! Promises: a call that a layer does not name reaches the disk below as it came.

use std::{fmt::Debug, io, path::Path, sync::Arc};

use crate::{Access, Disk, File, LockOutcome, PathKind};

/// The calls that a layer changes; every layer is a [`Disk`].
///
/// ```
/// use std::{io, path::Path};
/// use nedb_io::{Disk, DiskLayer, MemoryDisk};
///
/// /// A disk on which names stay as they are.
/// #[derive(Debug)]
/// struct Fixed(MemoryDisk);
///
/// impl DiskLayer for Fixed {
///     fn below(&self) -> &dyn Disk {
///         &self.0
///     }
///     fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
///         Err(io::ErrorKind::PermissionDenied.into())
///     }
/// }
///
/// let disk = Fixed(MemoryDisk::new(8 << 20));
/// Disk::create_new(&disk, Path::new("/a"))?;
/// assert!(Disk::rename(&disk, Path::new("/a"), Path::new("/b")).is_err());
/// assert_eq!(Disk::list(&disk, Path::new("/"))?, ["a"]);
/// # Ok::<(), io::Error>(())
/// ```
pub trait DiskLayer: Send + Sync + Debug {
    /// The disk that does what the layer leaves as it is.
    fn below(&self) -> &dyn Disk;

    /// As [`Disk::open`].
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        self.below().open(path, access)
    }

    /// As [`Disk::create_new`].
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.below().create_new(path)
    }

    /// As [`Disk::rename`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.below().rename(from, to)
    }

    /// As [`Disk::list`].
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.below().list(dir)
    }

    /// As [`Disk::sync_dir`].
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.below().sync_dir(path)
    }

    /// As [`Disk::lock`].
    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        self.below().lock(path)
    }
}

impl<L: DiskLayer> Disk for L {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        DiskLayer::open(self, path, access)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        DiskLayer::create_new(self, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        DiskLayer::rename(self, from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.below().remove(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.below().remove_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        DiskLayer::list(self, dir)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.below().create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        DiskLayer::sync_dir(self, path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        self.below().kind(path)
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        DiskLayer::lock(self, path)
    }
}
