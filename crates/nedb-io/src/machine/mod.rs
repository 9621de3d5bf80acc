//! What only the machine itself can do: mapped files, single instructions of the processor, and being told of forks.
//!
//! The only unsafe code of the library crates; each block carries its proof. It leaves to others what bytes mean.

mod check;
mod fork;
mod map;

pub use check::crc32c_after;
pub use fork::forks;
pub use map::Map;
