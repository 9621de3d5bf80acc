//! A directory of the machine that a test owns and that goes away with it.

use std::{
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use nedb_io::{Disk, RealDisk};

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("nedb-io-{name}-{}-{number}", process::id()));
        RealDisk::new().create_dir(&path).expect("the temporary directory can be written");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        RealDisk::new().remove_dir_all(&self.0).expect("the folder is still there");
    }
}
