//! Where in the stored files something was found.

use std::fmt;

/// Names a place in the database's files; parts that are not known are left out.
///
/// # Examples
///
/// ```
/// use nedb_types::Place;
///
/// let place = Place::in_file("log/0000000000000000.seg").offset(4096).seq(17);
/// assert_eq!(place.to_string(), "log/0000000000000000.seg, offset 4096, seq 17");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file, relative to the database directory.
    pub file: Option<String>,
    /// The byte offset in the file or structure.
    pub offset: Option<u64>,
    /// The seq of the operation concerned.
    pub seq: Option<u64>,
}

impl Place {
    /// Names a file.
    pub fn in_file(file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::default() }
    }

    /// Names an offset in a structure whose file is not known here.
    pub fn at_offset(offset: u64) -> Self {
        Self::default().offset(offset)
    }

    /// Names an operation.
    pub fn at_seq(seq: u64) -> Self {
        Self::default().seq(seq)
    }

    /// Adds the offset.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Adds the seq.
    pub fn seq(mut self, seq: u64) -> Self {
        self.seq = Some(seq);
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            f.write_str(file)?;
            separator = ", ";
        }
        if let Some(offset) = self.offset {
            write!(f, "{separator}offset {offset}")?;
            separator = ", ";
        }
        if let Some(seq) = self.seq {
            write!(f, "{separator}seq {seq}")?;
            separator = ", ";
        }
        if separator.is_empty() { f.write_str("an unknown place") } else { Ok(()) }
    }
}
