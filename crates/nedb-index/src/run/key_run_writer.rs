//! Writes a key run from keys in order.
//!
//! Promises: bounded memory, whatever the number of keys: the slots are sorted in windows of the hash space, for which
//! the written blocks are read again when one window does not hold all. Leaves to others: which keys go in.

use std::sync::Arc;

use nedb_types::codec::Writer;
use nedb_types::{Digest, Result};

use super::block::{BlockBuilder, BlockShape, DecodedKeys, RESTART_KEYS, pages_of};
use super::block_index;
use super::header::{MomentSummary, RunHeader, RunKind, Section};
use super::key_run::{KeyRun, read_block};
use super::page::{BODY_BYTES, PageFile};
use super::page_writer::PageWriter;
use super::slots::{self, SlotLayout, SlotWriter};
use crate::IndexDirectory;
use crate::KeyHash;
use crate::entry::{ADDRESS_ALIGN_BYTES, Packed};

/// File name prefix of key runs.
pub(crate) const PREFIX: &str = "keys-";
/// Slots sorted at a time: 32 MiB of memory.
const WINDOW_SLOTS: u64 = 2 << 20;

pub(crate) struct KeyRunWriter<'a> {
    directory: &'a IndexDirectory,
    pages: PageWriter,
    keys: Section,
    block: BlockBuilder,
    last_before: Vec<u8>,
    index: Writer,
    entry_count: u64,
    address_end: u64,
    window_slots: u64,
    /// Slots of all keys so far, unless there are too many for one window.
    slots: Vec<(KeyHash, u64)>,
}

impl<'a> KeyRunWriter<'a> {
    /// Creates the file; `expected` is about how many keys will come.
    pub(crate) fn create(directory: &'a IndexDirectory, expected: u64) -> Result<Self> {
        Self::with_window(directory, expected, WINDOW_SLOTS)
    }

    pub(crate) fn with_window(directory: &'a IndexDirectory, expected: u64, window_slots: u64) -> Result<Self> {
        let mut pages = PageWriter::create(&directory.io, &directory.path, PREFIX)?;
        pages.align(usize::try_from(expected.saturating_mul(size_of::<u64>() as u64)).unwrap_or(usize::MAX))?;
        let keys = Section { first_page: pages.next_page(), ..Section::default() };
        Ok(Self {
            directory,
            pages,
            keys,
            block: BlockBuilder::default(),
            last_before: Vec::new(),
            index: Writer::new(),
            entry_count: 0,
            address_end: 0,
            window_slots,
            slots: Vec::new(),
        })
    }

    /// Adds a key that is greater than all before.
    pub(crate) fn push(&mut self, key: &[u8], value: Packed) -> Result<()> {
        if !self.block.push(key, value) {
            self.finish_block()?;
            assert!(self.block.push(key, value), "an empty block takes any key");
        }
        self.entry_count += 1;
        self.address_end = self.address_end.max(value.address().get() + 1);
        if self.entry_count <= self.window_slots {
            self.slots.push((self.directory.hasher.hash(key), units(value)));
        }
        Ok(())
    }

    /// Writes the rest and returns the run, opened.
    pub(crate) fn finish(mut self) -> Result<Arc<KeyRun>> {
        self.finish_block()?;
        self.keys.page_count = self.pages.next_page() - self.keys.first_page;
        let block_index = self.pages.push_section(self.index.as_bytes())?;
        let (slot_bytes, address_bits, homes) = SlotLayout::for_keys(self.entry_count, self.address_end);
        let slot_section_bytes = usize::try_from(homes.saturating_mul(u64::from(slot_bytes))).unwrap_or(usize::MAX);
        self.pages.align(slot_section_bytes)?;
        let mut header = RunHeader {
            kind: RunKind::Keys,
            database: self.directory.database,
            id: self.pages.id(),
            secret_check: self.directory.hasher.secret_check(),
            entry_count: self.entry_count,
            page_count: 0,
            slot_bytes,
            address_bits,
            keys: self.keys,
            block_index,
            slots: Section { first_page: self.pages.next_page(), page_count: 0, items: homes },
            digest: Digest::ZERO,
            moments: MomentSummary::default(),
        };
        self.write_slots(&header)?;
        header.slots.page_count = self.pages.next_page() - header.slots.first_page;
        header.page_count = self.pages.next_page();
        header.digest = self.pages.digest();
        let path = self.pages.finish(&header.encode())?;
        Ok(Arc::new(KeyRun::open(&self.directory.io, &path, self.directory.database, self.directory.hasher)?))
    }

    fn finish_block(&mut self) -> Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let last = self.block.last_key().to_vec();
        let first = self.block.first_key().to_vec();
        let bytes = self.block.finish();
        let pages = bytes.get(2).copied().unwrap_or_default();
        block_index::put(&mut self.index, pages, &self.last_before, &first);
        for body in bytes.chunks(BODY_BYTES) {
            self.pages.push(body)?;
        }
        self.last_before = last;
        self.keys.items += 1;
        Ok(())
    }

    fn write_slots(&mut self, header: &RunHeader) -> Result<()> {
        self.pages.flush()?;
        let written = if self.entry_count > self.window_slots {
            self.slots = Vec::new();
            let (path, file) = (self.pages.path().to_path_buf(), Arc::clone(self.pages.file()));
            Some(PageFile::open(&path, file, header.id, header.slots.first_page)?)
        } else {
            None
        };
        let mut writer = SlotWriter::new(&mut self.pages, header.slots.items, usize::from(header.slot_bytes));
        let windows = self.entry_count.div_ceil(self.window_slots).max(1);
        for window in 0..windows {
            let mut window_slots = match &written {
                None => std::mem::take(&mut self.slots),
                Some(pages) => collect_window(self.directory, pages, self.keys, (window, windows))?,
            };
            window_slots.sort_unstable();
            for (hash, units) in window_slots {
                let slot = slots::join(hash, units, header.slot_bytes, header.address_bits);
                writer.push(hash, &slot.to_le_bytes())?;
            }
        }
        writer.finish()
    }
}

fn units(value: Packed) -> u64 {
    value.address().get() / ADDRESS_ALIGN_BYTES
}

/// Reads the written blocks and keeps the keys whose hash lies in window `part.0` of `part.1`.
fn collect_window(
    directory: &IndexDirectory,
    pages: &PageFile,
    keys: Section,
    part: (u64, u64),
) -> Result<Vec<(KeyHash, u64)>> {
    let (mut found, mut bytes, mut decoded) = (Vec::new(), Vec::new(), DecodedKeys::default());
    let mut page = keys.first_page;
    for _ in 0..keys.items {
        read_block(pages, page, &mut bytes)?;
        page = page.saturating_add(pages_of(&bytes).unwrap_or(1));
        let shape = BlockShape::read(&bytes)?;
        for restart in 0..shape.restarts() {
            shape.decode(&bytes, restart, &mut decoded)?;
            for index in 0..decoded.len() {
                let (Some(key), Some(value)) =
                    (decoded.key(index), shape.value(&bytes, restart * RESTART_KEYS + index))
                else {
                    return Err(pages.corrupt(page, "a block that was just written lacks a value"));
                };
                let hash = directory.hasher.hash(key);
                if slots::home(hash, part.1) == part.0 {
                    found.push((hash, units(value)));
                }
            }
        }
    }
    Ok(found)
}
