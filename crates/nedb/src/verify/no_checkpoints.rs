//! A disk on which one directory looks empty: so a second engine opens as if the checkpoints had been deleted.
//!
//! Promises: everything else passes through unchanged. It is how a verification rebuilds derived state by exactly the path
//! that an open takes when `index/` is gone.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use nedb_io::{Disk, DiskLayer};

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

impl DiskLayer for WithoutCheckpoints {
    fn below(&self) -> &dyn Disk {
        &*self.disk
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if dir == self.hidden { Ok(Vec::new()) } else { self.disk.list(dir) }
    }
}
