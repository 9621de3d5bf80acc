//! Text files of `/proc`, which say nothing about their length.

use std::path::Path;

use nedb::Result;
use nedb_io::{Access, Io};

/// The text of a file in `/proc`; empty on a machine without it.
pub(crate) fn proc_text(io: &Io, path: &str) -> Result<String> {
    if io.disk.kind(Path::new(path))?.is_none() {
        return Ok(String::new());
    }
    let file = io.disk.open(Path::new(path), Access::Read)?;
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = file.read_at(&mut part, bytes.len() as u64)?;
        if count == 0 {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        bytes.extend(part.iter().take(count));
    }
}
