//! Errors of the peers in the one type that the harness speaks.

use nedb_types::{Error, ErrorCode};

/// Wraps what a peer reports.
pub fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::Io, error.to_string())
}
