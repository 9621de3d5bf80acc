//! How a checkpoint names a run file.

use nedb_types::Digest;

/// Names a run file, with what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFile {
    /// The file's name in the index directory.
    pub name: String,
    /// Its length.
    pub length_bytes: u64,
    /// The digest of its contents, as its header states it.
    pub digest: Digest,
}
