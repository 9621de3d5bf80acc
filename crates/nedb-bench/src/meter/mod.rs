//! What is read from the machine: time, CPU time, flushes, memory, disk space.

mod disk_space;
mod memory;
mod proc_file;
mod raw_append;
mod stopwatch;

pub(crate) use disk_space::{disk_bytes, forget_cached};
pub(crate) use memory::Resident;
pub(crate) use raw_append::RawAppend;
pub(crate) use stopwatch::{Stopwatch, median};
