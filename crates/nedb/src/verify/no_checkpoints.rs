//! A disk on which one directory looks empty: so a second engine opens as if the checkpoints had been deleted.
//!
//! Promises: everything else passes through unchanged. It is how a verification rebuilds derived state by exactly the path
//! that an open takes when `index/` is gone.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use nedb_io::{Access, Disk, File, LockOutcome, PathKind};

/// Another disk without the files of one directory.
#[derive(Debug)]
pub(super) struct WithoutCheckpoints {
    disk: Arc<dyn Disk>,
    hidden: PathBuf,
}

impl WithoutCheckpoints {
    pub(super) fn new(disk: Arc<dyn Disk>, hidden: PathBuf) -> Self {
        Self { disk, hidden }
    }
}

impl Disk for WithoutCheckpoints {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        self.disk.open(path, access)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.disk.create_new(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if dir == self.hidden { Ok(Vec::new()) } else { self.disk.list(dir) }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        self.disk.kind(path)
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        self.disk.lock(path)
    }
}
