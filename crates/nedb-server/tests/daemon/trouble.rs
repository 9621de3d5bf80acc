//! A disk of this machine, on which what lies under one directory waits to be opened or synced, or cannot be synced.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use nedb_io::{Access, Disk, DiskLayer, File, Io, Map, MapAdvice, RealDisk};

/// What a test says to the disk.
#[derive(Clone, Debug)]
pub struct Trouble(Arc<State>);

#[derive(Debug)]
struct State {
    /// A part of the paths that are meant.
    part: &'static str,
    fails: AtomicBool,
    waits: Mutex<Waits>,
    changed: Condvar,
}

/// What waits at present.
#[derive(Debug, Default)]
struct Waits {
    opens: bool,
    syncs: bool,
    /// How many syncs have come and wait.
    waiting: usize,
}

impl Trouble {
    /// None so far, for files whose paths have this part.
    pub fn on(part: &'static str) -> Self {
        let (fails, waits, changed) = (AtomicBool::new(false), Mutex::default(), Condvar::new());
        Self(Arc::new(State { part, fails, waits, changed }))
    }

    pub fn io(&self) -> Io {
        Io { disk: Arc::new(TroubledDisk(self.clone())), ..Io::real() }
    }

    /// From now on whoever opens such a file waits, until what is returned goes.
    pub fn hold(&self) -> Held<'_> {
        self.0.waits.lock().unwrap().opens = true;
        Held(self)
    }

    /// From now on syncs of such files wait, until what is returned goes.
    pub fn hold_syncs(&self) -> Held<'_> {
        self.0.waits.lock().unwrap().syncs = true;
        Held(self)
    }

    /// Waits until a sync waits.
    pub fn wait_for_sync(&self) {
        drop(self.0.changed.wait_while(self.0.waits.lock().unwrap(), |waits| waits.waiting == 0).unwrap());
    }

    /// From now on no sync of such a file succeeds.
    pub fn fail_syncs(&self) {
        self.0.fails.store(true, Ordering::SeqCst);
    }

    fn is_meant(&self, path: &Path) -> bool {
        path.to_string_lossy().contains(self.0.part)
    }

    /// The file, once it may be opened.
    fn opened(&self, path: &Path, open: impl FnOnce() -> io::Result<Arc<dyn File>>) -> io::Result<Arc<dyn File>> {
        if !self.is_meant(path) {
            return open();
        }
        drop(self.0.changed.wait_while(self.0.waits.lock().unwrap(), |waits| waits.opens).unwrap());
        Ok(Arc::new(TroubledFile { below: open()?, trouble: self.clone() }))
    }

    fn sync(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut waits = self.0.waits.lock().unwrap();
        waits.waiting += 1;
        self.0.changed.notify_all();
        let mut waits = self.0.changed.wait_while(waits, |waits| waits.syncs).unwrap();
        waits.waiting -= 1;
        drop(waits);
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the medium does not take it, as it was wanted"));
        }
        sync()
    }
}

pub struct Held<'t>(&'t Trouble);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.0.waits.lock().unwrap();
        (waits.opens, waits.syncs) = (false, false);
        self.0.0.changed.notify_all();
    }
}

#[derive(Debug)]
struct TroubledDisk(Trouble);

impl DiskLayer for TroubledDisk {
    fn below(&self) -> &dyn Disk {
        &RealDisk
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        self.0.opened(path, || RealDisk.open(path, access))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.0.opened(path, || RealDisk.create_new(path))
    }
}

#[derive(Debug)]
struct TroubledFile {
    below: Arc<dyn File>,
    trouble: Trouble,
}

impl File for TroubledFile {
    fn len_bytes(&self) -> io::Result<u64> {
        self.below.len_bytes()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.below.read_at(buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.below.write_all_at(buf, offset)
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.below.set_len_bytes(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.trouble.sync(|| self.below.sync_data())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.trouble.sync(|| self.below.sync_all())
    }

    fn map(&self, len_bytes: u64, advice: MapAdvice) -> io::Result<Option<Map>> {
        self.below.map(len_bytes, advice)
    }
}
