//! A disk with a planted bug: the calls that concern names.

use std::{
    io,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use nedb_io::{Access, Disk, DiskLayer, File, LockGuard, LockOutcome, Mutex};

use super::{Plant, file::PlantedFile};

/// What the files of one disk share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Files whose sync was put off.
    pub(super) owed: Mutex<Vec<Arc<dyn File>>>,
    pub(super) writes: AtomicU64,
    pub(super) reads: AtomicU64,
}

impl Shared {
    /// Does the syncs that were put off.
    pub(super) fn pay(&self) -> io::Result<()> {
        let owed = std::mem::take(&mut *self.owed.lock());
        owed.iter().try_for_each(|file| file.sync_data())
    }
}

#[derive(Debug)]
pub(super) struct PlantedDisk {
    inner: Arc<dyn Disk>,
    plant: Plant,
    shared: Arc<Shared>,
}

impl PlantedDisk {
    pub(super) fn new(inner: Arc<dyn Disk>, plant: Plant) -> Self {
        Self { inner, plant, shared: Arc::default() }
    }

    fn wrap(&self, path: &Path, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(PlantedFile::new(file, self.plant, path, Arc::clone(&self.shared)))
    }
}

impl DiskLayer for PlantedDisk {
    fn below(&self) -> &dyn Disk {
        &*self.inner
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Ok(self.wrap(path, self.inner.open(path, access)?))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(self.wrap(path, self.inner.create_new(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)?;
        if self.plant == Plant::CheckpointBeforeLog && to.extension().is_some_and(|extension| extension == "nck") {
            self.inner.sync_dir(to.parent().unwrap_or(to))?;
            self.shared.pay()?;
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.plant == Plant::NoDirSync { Ok(()) } else { self.inner.sync_dir(path) }
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        match self.inner.lock(path)? {
            LockOutcome::Busy if self.plant == Plant::LockIgnored => Ok(LockOutcome::Held(Box::new(NoLock))),
            outcome => Ok(outcome),
        }
    }
}

#[derive(Debug)]
struct NoLock;

impl LockGuard for NoLock {}
