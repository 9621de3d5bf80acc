//! Files that the user names: data to import, proofs to write and check, JSON from stdin.
//!
//! They are opened as the user's other programs would open them: links are followed and pipes are fine, which the disk
//! seam of the database refuses. Nothing of a database directory is read or written here.
#![allow(
    clippy::disallowed_methods,
    reason = "the disk seam protects database directories; a user's file may be a link, a pipe or a device"
)]

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use nedb_types::{Error, ErrorCode, Result};

/// The name that stands for stdin.
pub const STDIN: &str = "-";

/// Proofs and single documents are far smaller; a larger file is the wrong one.
const WHOLE_BYTES_MAX: u64 = 64 << 20;

/// An opened file and what is known about it.
pub struct Input {
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// Its length; `None` where only the end will tell, as for a pipe. Such an input can be read once.
    pub length: Option<u64>,
}

/// Opens a file, or stdin for `-`.
pub fn open(path: &Path) -> Result<Input> {
    if path.as_os_str() == STDIN {
        return Ok(Input { reader: Box::new(io::stdin()), length: None });
    }
    let named = |error: io::Error| explain(path, error);
    let file = File::open(path).map_err(named)?;
    let metadata = file.metadata().map_err(named)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorCode::InvalidArgument, format!("{} is a directory, not a file", path.display())));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok(Input { reader: Box::new(file), length })
}

/// Reads a whole file of modest size, or stdin for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader = open(path)?.reader;
    reader.take(WHOLE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| explain(path, error))?;
    if bytes.len() as u64 > WHOLE_BYTES_MAX {
        let message = format!("{} is larger than the {WHOLE_BYTES_MAX} bytes of WHOLE_BYTES_MAX", path.display());
        return Err(Error::new(ErrorCode::DocumentTooLarge, message));
    }
    Ok(bytes)
}

/// Reads a whole text, or stdin for `-`.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|error| {
        let message = format!("{} is not UTF-8 text", path.display());
        Error::new(ErrorCode::InvalidArgument, message).with_source(error)
    })
}

/// Writes a whole file, replacing one of that name.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| explain(path, error))
}

/// Creates a file to be written bit by bit, replacing one of that name.
pub fn create(path: &Path) -> Result<Box<dyn Write>> {
    let file = File::create(path).map_err(|error| explain(path, error))?;
    Ok(Box::new(file))
}

/// An error of the system about this file; a missing file is `not_found`.
fn explain(path: &Path, error: io::Error) -> Error {
    let message = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorCode::NotFound, message),
        _ => Error::from(error).context(path.display()),
    }
}
