//! How an error of the operating system becomes one of ours.

use super::{Error, ErrorCode};
use std::io;

impl From<io::Error> for Error {
    /// Keeps the system error as the source; a full disk or quota gets its own code, and so does memory: a disk in memory at its
    /// limit reports that kind.
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
            io::ErrorKind::OutOfMemory => ErrorCode::Full,
            _ => ErrorCode::Io,
        };
        Self::new(code, error.to_string()).with_source(error)
    }
}
