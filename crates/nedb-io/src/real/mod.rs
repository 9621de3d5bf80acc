//! The machine itself: its files, clocks, randomness and threads.
//!
//! Only the files of this folder may call what `clippy.toml` bans elsewhere. Each file holds one seam.

mod clock;
mod disk;
mod file;
mod lock;
mod pool;
mod random;
mod scheduler;
mod timer;

pub use clock::RealClock;
pub use disk::RealDisk;
pub use random::RealRandom;
pub use scheduler::RealScheduler;
