//! What only the machine itself can do: mapped files and single instructions of the processor.
//!
//! The only unsafe code of the library crates; each block carries its proof. It leaves to others what bytes mean.

mod check;
mod map;

pub use check::crc32c_after;
pub use map::Map;
