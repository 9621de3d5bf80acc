//! The four seams in one bundle, handed down from whoever opens a database.
//!
//! It leaves all meaning to the seams themselves.

use std::sync::Arc;

use crate::{Clock, Disk, MemoryDisk, Random, RealClock, RealDisk, RealRandom, RealScheduler, Scheduler};

/// Everything through which the engine reaches the machine; cheap to clone.
///
/// ```
/// use std::path::Path;
/// use nedb_io::Io;
///
/// let io = Io::memory(64 << 20);
/// io.disk.create_dir(Path::new("/db"))?;
/// assert!(io.clock.wall_us() > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Io {
    /// Files and directories.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Background work.
    pub scheduler: Arc<dyn Scheduler>,
}

impl Io {
    /// Returns the machine itself: its disk, clock, randomness and threads.
    pub fn real() -> Self {
        Self {
            disk: Arc::new(RealDisk::new()),
            clock: Arc::new(RealClock::new()),
            random: Arc::new(RealRandom::new()),
            scheduler: RealScheduler::shared(),
        }
    }

    /// Returns the machine with a disk in memory, which holds at most `bytes_max` and ends with its last user.
    pub fn memory(bytes_max: u64) -> Self {
        Self { disk: Arc::new(MemoryDisk::new(bytes_max)), ..Self::real() }
    }
}
