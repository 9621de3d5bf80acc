//! Reading and writing whole text files of the repository.

use std::{
    io,
    path::{Path, PathBuf},
};

use nedb_io::{Access, Disk, RealDisk};

/// The names in a directory that end like this, in byte order.
pub fn names_ending(dir: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let names = RealDisk::new().list(dir)?;
    Ok(names.iter().filter(|name| name.ends_with(ending)).map(|name| dir.join(name)).collect())
}

/// The text of a file.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(RealDisk::new().read_all(path)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Replaces the content of a file.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let file = RealDisk::new().open(path, Access::Write)?;
    file.write_all_at(text.as_bytes(), 0)?;
    file.set_len_bytes(text.len() as u64)
}
