//! The one-writer lock of the machine.
//!
//! An exclusive `flock` belongs to the open file, not to the process: a second open in the same process is refused
//! like one from outside, and the lock ends with the process however it dies.

use std::{fs, io};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::LockGuard;

#[derive(Debug)]
pub(super) struct RealLock {
    /// Closing the file gives the lock back.
    _file: fs::File,
}

impl RealLock {
    /// Takes the lock, or returns `None` when somebody else holds it.
    pub(super) fn try_hold(file: fs::File) -> io::Result<Option<Self>> {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl LockGuard for RealLock {}
