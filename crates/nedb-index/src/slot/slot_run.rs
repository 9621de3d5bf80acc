//! One immutable file of slots, sorted by hash.
//!
//! Promises: a look-up touches one cache line, seldom two. Leaves to others: confirming candidates.

use std::path::Path;

use nedb_io::Io;
use nedb_types::{DatabaseId, Error, Place, Result};

use super::record::SlotEntry;
use crate::run::{PageFile, RunFile, RunHeader, RunKind, SlotLayout, offset, open_pages, place_name};
use crate::{Address, KeyHash, KeyHasher};

#[derive(Debug)]
pub(crate) struct SlotRun {
    name: String,
    header: RunHeader,
    layout: SlotLayout,
    pages: PageFile,
}

impl SlotRun {
    pub(crate) fn open(io: &Io, path: &Path, database: DatabaseId, hasher: KeyHasher) -> Result<Self> {
        let (header, pages) = open_pages(io, path, RunKind::Slots, database)?;
        let corrupt = |what: &str| Error::corrupt(format!("run file: {what}")).at(Place::in_file(place_name(path)));
        if header.secret_check != hasher.secret_check() {
            return Err(corrupt("its slots were hashed with another secret"));
        }
        let layout = SlotLayout::of(&header).ok_or_else(|| corrupt("its slot section makes no sense"))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, header, layout, pages })
    }

    pub(crate) fn file(&self) -> RunFile {
        let length_bytes = offset(self.header.page_count);
        RunFile { name: self.name.clone(), length_bytes, digest: self.header.digest }
    }

    pub(crate) const fn entry_count(&self) -> u64 {
        self.header.entry_count
    }

    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Address>> {
        let mut slot = self.layout.home(hash);
        while let Some(entry) = self.entry(slot)? {
            if entry.hash > hash {
                break;
            }
            if entry.hash == hash && is_match(entry.address)? {
                return Ok(Some(entry.address));
            }
            slot += 1;
        }
        Ok(None)
    }

    /// Returns the entry in a slot; `None` when it is empty or behind the last one.
    fn entry(&self, slot: u64) -> Result<Option<SlotEntry>> {
        if slot >= self.layout.slot_count {
            return Ok(None);
        }
        let (page, byte) = self.layout.place(slot);
        self.pages.with_page(page, |body| {
            Ok(SlotEntry::decode(body.get(byte..byte + self.layout.slot_bytes).unwrap_or_default()))
        })
    }
}

/// Walks all entries of a run in the order of their hashes.
pub(crate) struct SlotCursor<'a> {
    run: &'a SlotRun,
    next: u64,
}

impl<'a> SlotCursor<'a> {
    pub(crate) const fn new(run: &'a SlotRun) -> Self {
        Self { run, next: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Option<SlotEntry>> {
        while self.next < self.run.layout.slot_count {
            self.next += 1;
            if let Some(entry) = self.run.entry(self.next - 1)? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}
