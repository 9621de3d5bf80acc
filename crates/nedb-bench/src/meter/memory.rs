//! How much of mapped files this process has in memory.

use nedb::Result;
use nedb_io::Io;

use super::proc_file::proc_text;

/// Resident bytes of mapped files; the system takes them back when it needs them.
pub(crate) fn mapped_bytes(io: &Io) -> Result<u64> {
    let text = proc_text(io, "/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssFile:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.unwrap_or(0) << 10)
}
