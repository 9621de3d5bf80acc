//! How much memory this process has taken.

use nedb::Result;
use nedb_io::Io;

use super::proc_file::proc_text;

/// Resident memory of this process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    /// What it allocated; the system cannot take it back.
    pub(crate) anonymous: u64,
    /// Pages of mapped files, which the system takes back when it needs them.
    pub(crate) mapped: u64,
}

impl Resident {
    /// Reads it from the system; zeros where it does not tell.
    pub(crate) fn now(io: &Io) -> Result<Self> {
        let text = proc_text(io, "/proc/self/status")?;
        let bytes_of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
        };
        Ok(Self { anonymous: bytes_of("RssAnon:"), mapped: bytes_of("RssFile:") })
    }

    /// What was added since an earlier moment.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            anonymous: self.anonymous.saturating_sub(before.anonymous),
            mapped: self.mapped.saturating_sub(before.mapped),
        }
    }
}
