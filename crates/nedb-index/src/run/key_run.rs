//! One immutable file of keys: point look-ups through its slots, scans through its blocks.
//!
//! Promises: opening reads the first page only; everything else is read and checked when it is touched. Leaves to
//! others: which run is newer, and removing the file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use nedb_io::{Access, Io};
use nedb_types::{DatabaseId, Error, ErrorCode, Place, Result};

use super::block;
use super::block_index::BlockIndex;
use super::cursor::RunCursor;
use super::header::{RunHeader, RunKind};
use super::page::{BODY_BYTES, PageFile, offset, place_name};
use super::run_file::RunFile;
use super::slots::SlotLayout;
use crate::entry::ADDRESS_ALIGN_BYTES;
use crate::scan::{Direction, KeyRange};
use crate::{Address, KeyHash, KeyHasher};

#[derive(Debug)]
pub(crate) struct KeyRun {
    name: String,
    header: RunHeader,
    layout: SlotLayout,
    pages: PageFile,
    blocks: OnceLock<BlockIndex>,
}

/// Reads and checks the header of a file, which is then mapped.
pub(crate) fn open_pages(io: &Io, path: &Path, kind: RunKind, database: DatabaseId) -> Result<(RunHeader, PageFile)> {
    let file = io.disk.open(path, Access::Read)?;
    let header = RunHeader::read(path, file.as_ref())?;
    if header.kind != kind {
        return Err(Error::corrupt("run file is of another kind").at(Place::in_file(place_name(path))));
    }
    if header.database != database {
        let text = format!("run file belongs to database {}, this is {database}", header.database);
        return Err(Error::new(ErrorCode::WrongDatabase, text).at(Place::in_file(place_name(path))));
    }
    let pages = PageFile::open(path, file, header.id, header.page_count)?;
    Ok((header, pages))
}

impl KeyRun {
    pub(crate) fn open(io: &Io, path: &Path, database: DatabaseId, hasher: KeyHasher) -> Result<Self> {
        let (header, pages) = open_pages(io, path, RunKind::Keys, database)?;
        let corrupt = |what: &str| Error::corrupt(format!("run file: {what}")).at(Place::in_file(place_name(path)));
        if header.secret_check != hasher.secret_check() {
            return Err(corrupt("its keys were hashed with another secret"));
        }
        let layout = SlotLayout::of(&header).ok_or_else(|| corrupt("its slot section makes no sense"))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, header, layout, pages, blocks: OnceLock::new() })
    }

    /// Describes the file for a checkpoint.
    pub(crate) fn file(&self) -> RunFile {
        let length_bytes = offset(self.header.page_count);
        RunFile { name: self.name.clone(), length_bytes, digest: self.header.digest }
    }

    pub(crate) const fn entry_count(&self) -> u64 {
        self.header.entry_count
    }

    /// Finds the key that has this hash and is confirmed by `is_match`.
    #[inline]
    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Address>> {
        let mut slot = self.layout.home(hash);
        let tag = self.layout.tag(hash);
        while slot < self.layout.slot_count {
            let left = self.layout.left_in_page(slot);
            let (page, byte) = self.layout.place(slot);
            let found = self.pages.with_page(page, |body| {
                let mut byte = byte;
                for _ in 0..left {
                    let Some((units, slot_tag)) = self.layout.split(body, byte) else { break };
                    if units == 0 {
                        return Ok(Some(None));
                    }
                    let address = Address::new(units * ADDRESS_ALIGN_BYTES);
                    if slot_tag == tag && is_match(address)? {
                        return Ok(Some(Some(address)));
                    }
                    byte += self.layout.slot_bytes;
                }
                Ok(None)
            })?;
            if let Some(answer) = found {
                return Ok(answer);
            }
            slot += left;
        }
        Ok(None)
    }

    #[inline]
    pub(crate) fn prefetch(&self, hash: KeyHash) {
        let (page, byte) = self.layout.place(self.layout.home(hash));
        self.pages.prefetch(page, byte);
    }

    /// Begins a scan; pins the run.
    pub(crate) fn cursor(self: &Arc<Self>, range: &KeyRange, direction: Direction) -> Result<RunCursor> {
        RunCursor::new(Arc::clone(self), range, direction)
    }

    /// Returns the block index, read on first use.
    pub(crate) fn blocks(&self) -> Result<&BlockIndex> {
        if let Some(blocks) = self.blocks.get() {
            return Ok(blocks);
        }
        let section = self.header.block_index;
        let mut bytes = Vec::with_capacity(section.page_count as usize * BODY_BYTES);
        for page in section.first_page..section.first_page.saturating_add(section.page_count) {
            self.pages.with_page(page, |body| {
                bytes.extend_from_slice(body);
                Ok(())
            })?;
        }
        let length = usize::try_from(section.items).unwrap_or(usize::MAX);
        let keys = self.header.keys;
        let index = BlockIndex::read(bytes.get(..length).unwrap_or(&bytes), keys.items, keys.first_page);
        let index = index.map_err(|error| self.locate(error, section.first_page))?;
        Ok(self.blocks.get_or_init(|| index))
    }

    /// Checks the block that begins at `page` and leaves `copy` empty when it can be read where it lies, as most can:
    /// the file is mapped and the block has one page. Otherwise its bytes are copied.
    pub(crate) fn load_block(&self, page: u32, copy: &mut Vec<u8>) -> Result<()> {
        copy.clear();
        if self.pages.with_page(page, |body| Ok(block::pages_of(body) == Some(1)))? && self.checked(page).is_some() {
            return Ok(());
        }
        read_block(&self.pages, page, copy)
    }

    /// Returns the body of a page that was checked before; `None` where the file is not mapped.
    #[inline]
    pub(crate) fn checked(&self, page: u32) -> Option<&[u8]> {
        self.pages.checked(page)
    }

    /// Asks the processor to load a byte of a page of a block.
    #[inline]
    pub(crate) fn prefetch_block(&self, page: u32, byte: usize) {
        self.pages.prefetch(page, byte);
    }

    /// Says where a block lies that could not be decoded.
    #[cold]
    pub(crate) fn locate(&self, error: Error, page: u32) -> Error {
        error.at(Place::in_file(format!("index/{}", self.name)).offset(offset(page)))
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        let blocks = self.blocks.get().map_or(0, BlockIndex::heap_bytes);
        size_of::<Self>() as u64 + self.pages.heap_bytes() + blocks
    }
}

/// Copies the bytes of the block that begins at `page`.
pub(crate) fn read_block(pages: &PageFile, page: u32, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.clear();
    let count = pages.with_page(page, |body| {
        bytes.extend_from_slice(body);
        block::pages_of(body).ok_or_else(|| pages.corrupt(page, "a block has no pages"))
    })?;
    for more in 1..count {
        pages.with_page(page.saturating_add(more), |body| {
            bytes.extend_from_slice(body);
            Ok(())
        })?;
    }
    Ok(())
}
