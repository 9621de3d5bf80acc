//! The ten kinds of failure: what a caller can do about an error without knowing its code.
//!
//! A kind decides the exit code of the command line. The exact cause is the [`ErrorCode`](crate::ErrorCode).

use std::fmt;

/// Groups error codes by what the caller can do about them.
///
/// # Examples
///
/// ```
/// use nedb_types::{ErrorCode, ErrorKind};
///
/// assert_eq!(ErrorCode::Corrupt.kind(), ErrorKind::Integrity);
/// assert_eq!(ErrorKind::Integrity.exit_code(), 76);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// The request is malformed; it will never succeed as it stands.
    Invalid,
    /// The request exceeds a documented limit; a smaller one will succeed.
    Limit,
    /// The request disagrees with the present state; read again and decide.
    Conflict,
    /// What the request names does not exist.
    NotFound,
    /// Stored bytes, a proof or a signature do not check.
    Integrity,
    /// The database cannot serve this request until it is reopened or repaired.
    Unavailable,
    /// Too much is in flight; the same request will succeed later.
    Busy,
    /// The operating system refused an operation.
    Io,
    /// The request asks for something that this version does not do.
    Unsupported,
    /// The caller has no right to do this.
    Denied,
}

impl ErrorKind {
    /// Lists every kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::Limit,
        Self::Conflict,
        Self::NotFound,
        Self::Integrity,
        Self::Unavailable,
        Self::Busy,
        Self::Io,
        Self::Unsupported,
        Self::Denied,
    ];

    /// Returns the exit code of the command line: distinct per kind, after `sysexits.h` where it has a match.
    ///
    /// 0 is success, 1 is kept for the unexpected, and 2 for a wrong command line.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Invalid => 65,
            Self::NotFound => 66,
            Self::Unavailable => 69,
            Self::Limit => 72,
            Self::Conflict => 73,
            Self::Io => 74,
            Self::Busy => 75,
            Self::Integrity => 76,
            Self::Denied => 77,
            Self::Unsupported => 78,
        }
    }

    /// Returns the stable name, as it appears in JSON answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::Integrity => "integrity",
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Io => "io",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
