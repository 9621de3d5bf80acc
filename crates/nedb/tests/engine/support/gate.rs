//! A disk in memory that stops where a test wants it to.

use std::{io, path::Path, sync::Arc};

use nedb_io::{Condvar, Disk, DiskLayer, File, MemoryDisk, Mutex};

/// A disk on which, once the gate is closed, creating a file whose path has a part in it waits until it is opened.
#[derive(Debug)]
pub struct GatedDisk {
    disk: MemoryDisk,
    part: &'static str,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Gate {
    is_closed: bool,
    /// How many wait in front of it.
    waiting: u64,
}

impl GatedDisk {
    /// A disk whose gate is open.
    pub fn new(part: &'static str) -> Arc<Self> {
        let disk = MemoryDisk::new(1 << 30);
        Arc::new(Self { disk, part, gate: Mutex::default(), changed: Condvar::new() })
    }

    pub fn close(&self) {
        self.gate.lock().is_closed = true;
    }

    pub fn open_gate(&self) {
        self.gate.lock().is_closed = false;
        self.changed.notify_all();
    }

    /// Returns once somebody waits in front of the gate.
    pub fn wait_for_arrival(&self) {
        let mut gate = self.gate.lock();
        while gate.waiting == 0 {
            gate = self.changed.wait(gate);
        }
    }

    fn pass(&self, path: &Path) {
        if !path.to_string_lossy().contains(self.part) {
            return;
        }
        let mut gate = self.gate.lock();
        gate.waiting += 1;
        self.changed.notify_all();
        while gate.is_closed {
            gate = self.changed.wait(gate);
        }
        gate.waiting -= 1;
    }
}

impl DiskLayer for GatedDisk {
    fn below(&self) -> &dyn Disk {
        &self.disk
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.pass(path);
        self.disk.create_new(path)
    }
}
