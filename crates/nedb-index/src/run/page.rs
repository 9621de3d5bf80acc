//! Pages: the unit of checking in a run file.
//!
//! ```text
//! page = body (4092 bytes) | crc32c of (run id, page number, body) u32
//! ```
//! Promises: no byte of a page is used before its check passed; in a mapped file the first touch checks and a bitmap
//! remembers, otherwise every read checks. A damaged page is a `corrupt` error with file and offset. Leaves to
//! others: what a body means.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb_io::{File, Map, MapAdvice};
use nedb_types::{Error, Place, Result};

/// Length of a page in bytes: that of the machine's pages, so that one fault brings one page.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Length of the part of a page that carries data, in bytes.
pub(crate) const BODY_BYTES: usize = PAGE_BYTES - size_of::<u32>();
/// Length of the random number that ties pages to their file, in bytes.
pub(crate) const RUN_ID_BYTES: usize = 16;

/// The random identity of a run file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId(pub(crate) [u8; RUN_ID_BYTES]);

impl RunId {
    /// Returns the check of a page's body.
    pub(crate) fn check(self, page: u32, body: &[u8]) -> u32 {
        let seed = crc32c::crc32c_append(crc32c::crc32c(&self.0), &page.to_le_bytes());
        crc32c::crc32c_append(seed, body)
    }
}

/// Reads checked pages of one file.
#[derive(Debug)]
pub(crate) struct PageFile {
    name: String,
    file: Arc<dyn File>,
    map: Option<Map>,
    id: RunId,
    count: u32,
    checked: Box<[AtomicU64]>,
}

impl PageFile {
    /// Opens the pages of a file whose length is exactly `count` pages.
    pub(crate) fn open(path: &Path, file: Arc<dyn File>, id: RunId, count: u32) -> Result<Self> {
        let map = file.map(u64::from(count) * PAGE_BYTES as u64, MapAdvice::Random)?;
        let words = if map.is_some() { count.div_ceil(u64::BITS) } else { 0 };
        let checked = std::iter::repeat_with(AtomicU64::default).take(words as usize).collect();
        Ok(Self { name: place_name(path), file, map, id, count, checked })
    }

    /// Hands the body of a page to `read` after its check.
    #[inline]
    pub(crate) fn with_page<R>(&self, page: u32, read: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
        let Some(map) = &self.map else { return self.with_copy(page, read) };
        let Some(bytes) = map.bytes(offset(page), PAGE_BYTES).filter(|_| page < self.count) else {
            return Err(self.corrupt(page, "a section reaches beyond the end of the file"));
        };
        let (word, bit) = (page / u64::BITS, 1_u64 << (page % u64::BITS));
        let word = self.checked.get(word as usize);
        if word.is_none_or(|word| word.load(Ordering::Relaxed) & bit == 0) {
            self.check(page, bytes)?;
            if let Some(word) = word {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        }
        read(bytes.get(..BODY_BYTES).unwrap_or_default())
    }

    /// Returns the body of a page that `with_page` has checked; `None` where the file is not mapped.
    #[inline]
    pub(crate) fn checked(&self, page: u32) -> Option<&[u8]> {
        self.map.as_ref()?.bytes(offset(page), BODY_BYTES)
    }

    /// Asks the processor to load a byte of a page.
    #[inline]
    pub(crate) fn prefetch(&self, page: u32, byte: usize) {
        if let Some(map) = &self.map {
            map.prefetch(offset(page) + byte as u64);
        }
    }

    /// Makes an integrity error that names the page.
    #[cold]
    pub(crate) fn corrupt(&self, page: u32, what: &str) -> Error {
        Error::corrupt(format!("run file: {what}")).at(Place::in_file(&self.name).offset(offset(page)))
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        (self.name.len() + self.checked.len() * size_of::<u64>()) as u64
    }

    fn with_copy<R>(&self, page: u32, read: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
        if page >= self.count {
            return Err(self.corrupt(page, "a section reaches beyond the end of the file"));
        }
        let mut buffer = [0; PAGE_BYTES];
        self.file.read_exact_at(&mut buffer, offset(page))?;
        self.check(page, &buffer)?;
        read(buffer.get(..BODY_BYTES).unwrap_or_default())
    }

    fn check(&self, page: u32, bytes: &[u8]) -> Result<()> {
        match split_page(bytes) {
            Some((body, stored)) if self.id.check(page, body) == stored => Ok(()),
            _ => Err(self.corrupt(page, &format!("the check of page {page} fails"))),
        }
    }
}

/// Splits a page into its body and its check.
pub(crate) fn split_page(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let (body, check) = bytes.split_last_chunk()?;
    (body.len() == BODY_BYTES).then_some((body, u32::from_le_bytes(*check)))
}

/// Returns the offset of a page in its file.
#[inline]
pub(crate) fn offset(page: u32) -> u64 {
    u64::from(page) * PAGE_BYTES as u64
}

/// Names a file below the index directory for error messages.
pub(crate) fn place_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("index/{name}")
}
