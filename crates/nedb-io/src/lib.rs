//! The seams between NEDB and the machine: files, clocks, randomness and threads.
//!
//! Everything above this crate reaches the outside only through four small traits, bundled in [`Io`]. Each has a
//! real implementation and one that a test drives by hand, so that any run can be replayed from a seed.
//!
//! | seam | real | for tests |
//! |---|---|---|
//! | [`Disk`], [`File`] | [`RealDisk`], [`MemoryDisk`] | [`simulate::SimDisk`] |
//! | [`Clock`] | [`RealClock`] | [`ManualClock`] |
//! | [`Random`] | [`RealRandom`] | [`SeededRandom`] |
//! | [`Scheduler`] | [`RealScheduler`] | [`ManualScheduler`] |
//!
//! It promises that nothing here retries a failed sync, follows a symbolic link, or hides an error. What bytes mean,
//! and when they must be durable, is left to the crates above.

mod chunked;
mod clock;
mod disk;
mod explain;
mod file;
mod hits;
mod io;
mod layer;
mod locks;
#[allow(
    unsafe_code,
    reason = "the one module that maps files, issues instructions of the processor and is told of forks"
)]
mod machine;
mod memory;
mod random;
mod real;
mod scheduler;
mod scoped;
pub mod simulate;

pub use clock::{Clock, ManualClock};
pub use disk::{Access, Disk, LockGuard, LockOutcome, PathKind};
pub use file::{File, MapAdvice};
pub use hits::{CacheCounts, CacheFigures};
pub use io::Io;
pub use layer::DiskLayer;
pub use locks::{Condvar, Mutex, RwLock, Woken};
pub use machine::{Map, crc32c_after, forks};
pub use memory::MemoryDisk;
pub use random::{Random, SeededRandom};
pub use real::{RealClock, RealDisk, RealRandom, RealScheduler};
pub use scheduler::{ManualScheduler, Scheduler, Task};
pub use scoped::scoped;
