//! Errors that say what failed and on which path.
//!
//! The kind of the original error is kept, because callers decide by kind; its text and operating-system code stay
//! in the message. What the caller does about an error is its own business.

use std::{error, fmt, io, path::Path};

#[derive(Debug)]
struct Explained {
    text: String,
    source: io::Error,
}

impl fmt::Display for Explained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.text, self.source)
    }
}

impl error::Error for Explained {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Returns an error of the same kind whose text names the action and the path.
pub(crate) fn explain(action: &str, path: &Path, source: io::Error) -> io::Error {
    let text = format!("cannot {action} {}", path.display());
    io::Error::new(source.kind(), Explained { text, source })
}

/// Returns a fresh error of the given kind whose text names the action, the path and the reason.
pub(crate) fn refuse(kind: io::ErrorKind, action: &str, path: &Path, reason: &str) -> io::Error {
    io::Error::new(kind, format!("cannot {action} {}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_full_disk_keeps_its_kind_and_names_its_path() {
        let error = explain("write", Path::new("/db/log"), Errno::NOSPC.into());
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().starts_with("cannot write /db/log: "), "{error}");
    }
}
