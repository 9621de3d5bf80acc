//! The simulated disk as programs use it, and the switches that a test uses.
//!
//! It promises what every [`Disk`] promises, minus the faults it was asked for. Cuts are in `power`, damage to the
//! medium in `damage`, copies in `image`.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    faults::{Call, Faults, Injection},
    gate::Counts,
    handle::SimFile,
    state::State,
};
use crate::{Access, Disk, File, LockGuard, LockOutcome, Mutex, PathKind};

/// A disk in memory that loses, tears and reorders what was not synced, and fails where it is told to.
///
/// Everything follows from the seed, the faults and the calls. Absolute and relative paths start at the same root.
/// Clones are the same disk; nothing can be mapped.
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, simulate::{Faults, SimDisk}};
///
/// let disk = SimDisk::new(7, Faults::default());
/// let file = disk.create_new(Path::new("/log"))?;
/// file.write_all_at(b"acknowledged", 0)?;
/// file.sync_data()?;
/// disk.sync_dir(Path::new("/"))?;
/// file.write_all_at(b"in flight", 12)?;
///
/// disk.cut();
/// let after = disk.reboot();
/// assert!(after.read_file(Path::new("/log"))?.starts_with(b"acknowledged"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SimDisk {
    pub(super) state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// Creates an empty disk.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::from_state(State::new(seed, faults))
    }

    /// Plants an error at a chosen call; several may be planted.
    pub fn inject(&self, injection: Injection) {
        self.state.lock().gate.injections.push(injection);
    }

    /// Takes all planted errors away.
    pub fn clear_injections(&self) {
        self.state.lock().gate.injections.clear();
    }

    /// Replaces the standing habits.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Returns how often the disk has been called.
    pub fn counts(&self) -> Counts {
        self.state.lock().gate.counts
    }

    /// Returns how much space is used, in whole blocks; removed files count until their last handle is dropped.
    pub fn space_used_bytes(&self) -> u64 {
        self.state.lock().pages_used * super::content::BLOCK_LEN
    }

    /// Starts to write down every call.
    pub fn start_trace(&self) {
        self.state.lock().gate.trace = Some(Vec::new());
    }

    /// Returns the calls since the trace was started, one line each; empty when it was not.
    pub fn trace(&self) -> Vec<String> {
        self.state.lock().gate.trace.clone().unwrap_or_default()
    }

    pub(super) fn from_state(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn attempt<T>(&self, call: Call, path: &Path, perform: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.state.lock().attempt(call, path, format_args!(""), perform)
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        let node = self.attempt(Call::Open, path, |state| state.open(path))?;
        Ok(Arc::new(SimFile::new(&self.state, node, access, path)))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        let node = state.attempt(Call::Create, path, format_args!(""), |state| state.create(path))?;
        state.add_handle(node);
        Ok(Arc::new(SimFile::new(&self.state, node, Access::Write, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let detail = format_args!(" -> {}", to.display());
        self.state.lock().attempt(Call::Rename, from, detail, |state| state.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.attempt(Call::Remove, path, |state| state.remove(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.attempt(Call::Remove, path, |state| state.remove_dir_all(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.attempt(Call::List, dir, |state| state.list(dir))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.attempt(Call::CreateDir, path, |state| state.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.state.lock().sync_dir(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        self.attempt(Call::Inspect, path, |state| state.kind(path))
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        let mut state = self.state.lock();
        let present = state.attempt(Call::Lock, path, format_args!(""), |state| state.kind(path))?;
        if present.is_none() {
            state.attempt(Call::Create, path, format_args!(""), |state| state.create(path))?;
        }
        if !state.locked.insert(path.to_path_buf()) {
            return Ok(LockOutcome::Busy);
        }
        Ok(LockOutcome::Held(Box::new(SimLock { state: Arc::clone(&self.state), path: path.to_path_buf() })))
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        formatter
            .debug_struct("SimDisk")
            .field("counts", &state.gate.counts)
            .field("is_cut", &state.gate.is_cut)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct SimLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.state.lock().locked.remove(&self.path);
    }
}

impl LockGuard for SimLock {}
