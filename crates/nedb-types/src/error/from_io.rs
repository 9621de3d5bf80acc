//! How an error of the operating system becomes one of ours.

use super::{Error, ErrorCode};
use std::io;

impl From<io::Error> for Error {
    /// Keeps the system error as the source; a full disk or quota gets its own code.
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
            _ => ErrorCode::Io,
        };
        Self::new(code, error.to_string()).with_source(error)
    }
}
