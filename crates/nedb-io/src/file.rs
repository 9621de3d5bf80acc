//! The seam for one open file: positional reads and writes, length, sync, mapping.
//!
//! Bytes are durable only after a sync that returned `Ok`. A failed sync is reported once and must not be retried:
//! the system may have thrown the unwritten bytes away. Formats and checksums are left to the callers.

use std::{fmt::Debug, io};

use crate::Map;

/// An open file, used from many threads at once.
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, MemoryDisk};
///
/// let file = MemoryDisk::new(8 << 20).create_new(Path::new("/a"))?;
/// file.write_all_at(b"world", 6)?;
/// let mut word = [0; 5];
/// file.read_exact_at(&mut word, 6)?;
/// assert_eq!(&word, b"world");
/// assert_eq!(file.len_bytes()?, 11);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait File: Send + Sync + Debug {
    /// Returns the present length.
    fn len_bytes(&self) -> io::Result<u64>;

    /// Reads up to `buf.len()` bytes and returns how many; 0 only at the end of the file or for an empty buffer.
    ///
    /// May return fewer bytes than asked for, and `Interrupted`.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fills the buffer; `UnexpectedEof` when the file ends before that.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut rest = buf;
        let mut position = offset;
        while !rest.is_empty() {
            let count = match self.read_at(rest, position) {
                Ok(0) => return Err(short_file(rest.len(), position)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            rest = rest.get_mut(count..).unwrap_or_default();
            position = position.saturating_add(count as u64);
        }
        Ok(())
    }

    /// Writes all bytes at the offset, growing the file when needed; a gap reads as zeros.
    ///
    /// Short and interrupted writes are continued. After an error any part of the bytes may have been written.
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;

    /// Sets the length: cuts the end off, or adds zeros that need no space yet.
    fn set_len_bytes(&self, len: u64) -> io::Result<()>;

    /// Makes the bytes and the length durable.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes the bytes, the length and all other attributes durable.
    fn sync_all(&self) -> io::Result<()>;

    /// Maps the first `len_bytes` for reading, or returns `None` where this kind of disk cannot map.
    ///
    /// The length may exceed the file's. The caller reads only below the file's present length, and only bytes that
    /// nobody changes any more: see [`Map`].
    fn map(&self, len_bytes: u64, advice: MapAdvice) -> io::Result<Option<Map>>;
}

/// How a mapping will be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapAdvice {
    /// At scattered places: the system does not read ahead.
    Random,
    /// Without a known pattern: the system decides.
    Normal,
}

fn short_file(missing_bytes: usize, position: u64) -> io::Error {
    let text = format!("file ends at offset {position} with {missing_bytes} bytes still to read");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
