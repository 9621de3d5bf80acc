//! Writes the pages of a new run file from the first to the last, and the header at the end.
//!
//! Promises: memory for one call's bytes only; the file is synced before its name is given out. Leaves to others: the
//! durability of the directory entry (the checkpoint syncs the directory).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nedb_crypto::Sha256;
use nedb_io::{File, Io};
use nedb_types::{Digest, Result};

use super::header::Section;
use super::page::{BODY_BYTES, PAGE_BYTES, RUN_ID_BYTES, RunId, offset};
use crate::number::u32_from;

/// Pages that are written with one call, which ends at a multiple of them: the kernel keeps what one call wrote in one
/// piece of its page cache, and 2 MiB in one piece are mapped with a large page, which halves the cost of a look-up.
const BUFFERED_PAGES: u32 = 512;
/// From so many pages on a section begins at a multiple of them.
const LARGE_SECTION_PAGES: u32 = 16;

#[derive(Debug)]
pub(crate) struct PageWriter {
    path: PathBuf,
    file: Arc<dyn File>,
    id: RunId,
    buffer: Vec<u8>,
    next_page: u32,
    digest: Sha256,
}

impl PageWriter {
    /// Creates a file with a new random name that begins with `prefix`.
    pub(crate) fn create(io: &Io, dir: &Path, prefix: &str) -> Result<Self> {
        let (mut id, mut suffix) = ([0; RUN_ID_BYTES], [0; 8]);
        io.random.fill(&mut id);
        io.random.fill(&mut suffix);
        let path = dir.join(format!("{prefix}{:016x}{}", u64::from_le_bytes(suffix), super::FILE_EXTENSION));
        let file = io.disk.create_new(&path)?;
        let mut buffer = Vec::with_capacity(BUFFERED_PAGES as usize * PAGE_BYTES);
        // Room for the header, which is known at the end.
        buffer.resize(PAGE_BYTES, 0);
        Ok(Self { path, file, id: RunId(id), buffer, next_page: 1, digest: Sha256::new() })
    }

    pub(crate) const fn id(&self) -> RunId {
        self.id
    }

    pub(crate) const fn next_page(&self) -> u32 {
        self.next_page
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Returns the bytes of every section's pages checked so far as one digest.
    pub(crate) fn digest(&self) -> Digest {
        self.digest.clone().finish()
    }

    /// Writes one page; a shorter body is filled with zeros.
    pub(crate) fn push(&mut self, body: &[u8]) -> Result<()> {
        assert!(body.len() <= BODY_BYTES, "a page body has at most {BODY_BYTES} bytes, not {}", body.len());
        let start = self.buffer.len();
        self.buffer.extend_from_slice(body);
        self.buffer.resize(start + BODY_BYTES, 0);
        let check = self.id.check(self.next_page, self.buffer.get(start..).unwrap_or_default()).to_le_bytes();
        self.buffer.extend_from_slice(&check);
        self.digest.update(&check);
        self.end_page()
    }

    /// Counts a page that was added to the buffer.
    fn end_page(&mut self) -> Result<()> {
        self.next_page += 1;
        if self.next_page.is_multiple_of(BUFFERED_PAGES) { self.flush() } else { Ok(()) }
    }

    /// Writes bytes over as many pages as they need and returns where.
    pub(crate) fn push_section(&mut self, bytes: &[u8]) -> Result<Section> {
        self.align(bytes.len())?;
        let first_page = self.next_page;
        for body in bytes.chunks(BODY_BYTES) {
            self.push(body)?;
        }
        Ok(Section { first_page, page_count: self.next_page - first_page, items: bytes.len() as u64 })
    }

    /// Moves to where a section of this length may begin; the pages left out are never read.
    pub(crate) fn align(&mut self, section_bytes: usize) -> Result<()> {
        if section_bytes < LARGE_SECTION_PAGES as usize * PAGE_BYTES {
            return Ok(());
        }
        while !self.next_page.is_multiple_of(LARGE_SECTION_PAGES) {
            self.buffer.resize(self.buffer.len() + PAGE_BYTES, 0);
            self.end_page()?;
        }
        Ok(())
    }

    /// Writes what is buffered.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let first_page = self.next_page - u32_from(self.buffer.len() / PAGE_BYTES);
        self.file.write_all_at(&self.buffer, offset(first_page))?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the header and makes the file durable.
    pub(crate) fn finish(mut self, header: &[u8]) -> Result<PathBuf> {
        self.flush()?;
        self.file.write_all_at(header, 0)?;
        self.file.sync_all()?;
        Ok(self.path)
    }
}
