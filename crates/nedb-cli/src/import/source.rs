//! Where an import's bytes come from: a file, stdin, or data that the program brings along.

use std::path::PathBuf;

use nedb_types::Result;

use crate::input::{self, Input};

/// A stream of bytes with a name.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, or stdin for `-`.
    Path(PathBuf),
    /// Bytes in the program.
    Bundled {
        /// What the file would be called.
        name: &'static str,
        /// Its content.
        bytes: &'static [u8],
    },
}

impl Source {
    /// The name in messages, and the one that tells the format.
    pub fn name(&self) -> String {
        match self {
            Self::Path(_) if self.is_stdin() => "stdin".to_owned(),
            Self::Path(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::Bundled { name, .. } => (*name).to_owned(),
        }
    }

    /// Whether the bytes come from stdin.
    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::Path(path) if path.as_os_str() == input::STDIN)
    }

    /// Whether the same bytes can be read again, so that an interrupted import can go on.
    pub fn is_resumable(&self) -> bool {
        match self {
            Self::Path(_) if self.is_stdin() => false,
            Self::Path(path) => input::open(path).is_ok_and(|input| input.length.is_some()),
            Self::Bundled { .. } => true,
        }
    }

    /// Opens the bytes from the start.
    pub fn open(&self) -> Result<Input> {
        match self {
            Self::Path(path) => input::open(path),
            Self::Bundled { bytes, .. } => Ok(Input { reader: Box::new(*bytes), length: Some(bytes.len() as u64) }),
        }
    }
}
