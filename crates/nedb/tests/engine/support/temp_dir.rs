//! A directory that ends with its owner.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use nedb_io::{Disk, RealDisk};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A fresh directory of the machine's temporary ones, removed when it is dropped.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Creates one whose name says which test made it.
    pub fn new(name: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nedb-{name}-{}-{number}", std::process::id()));
        RealDisk::new().create_dir(&path).expect("the machine has room for temporary directories");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left over is only untidy.
        let _left_over = RealDisk::new().remove_dir_all(&self.path);
    }
}
