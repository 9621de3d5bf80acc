//! What callers hear of an error.
//!
//! Promises: no path on the server's disk goes out, whatever the protocol; who runs the server finds it in the log. Leaves to others:
//! how an error is written down for a protocol.

use nedb::{Error, ErrorCode};

use crate::together::UNKNOWN_OUTCOME;

/// The message for a caller: that of the error, unless it names files.
pub(crate) fn message(error: &Error) -> &str {
    match error.code() {
        ErrorCode::Io if error.message() == UNKNOWN_OUTCOME => UNKNOWN_OUTCOME,
        ErrorCode::Io => "the server's system reported an error: its log says which",
        ErrorCode::NoSpace => "the server's disk is full: its log says where",
        ErrorCode::Locked => "another process has this database open: the server's log says where",
        _ => error.message(),
    }
}

/// Whether callers hear something else than the error says, which the log is then to keep.
pub(crate) fn is_kept_back(error: &Error) -> bool {
    message(error) != error.message()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_name_files_are_told_without_them() {
        for code in [ErrorCode::Io, ErrorCode::NoSpace, ErrorCode::Locked] {
            let error = Error::new(code, "cannot write /srv/secret/HEAD").context("growing a segment");
            assert!(is_kept_back(&error), "{code:?}");
            assert!(!message(&error).contains("secret"), "{code:?}");
        }
        let own = Error::new(ErrorCode::NotFound, "no database a");
        assert_eq!((message(&own), is_kept_back(&own)), ("no database a", false));
        let unknown = Error::new(ErrorCode::Io, UNKNOWN_OUTCOME);
        assert_eq!((message(&unknown), is_kept_back(&unknown)), (UNKNOWN_OUTCOME, false));
    }
}
