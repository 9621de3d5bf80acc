//! Writes slot runs and merges them.
//!
//! Promises: sources are read in order of hash, so that memory is bounded by the frozen part. Leaves to others: when.

use std::sync::Arc;

use nedb_types::Result;

use super::record::{SlotEntry, drop_replaced};
use super::slot_index::FrozenSlots;
use super::slot_run::{SlotCursor, SlotRun};
use super::slot_set::SlotRunSet;
use crate::IndexDirectory;
use crate::directory::check_identity;
use crate::run::{MomentSummary, PageWriter, RunFile, RunHeader, RunKind, Section, SlotWriter, WIDE_SLOT_BYTES, homes};
use crate::tiers::merge_count;

/// File name prefix of slot runs.
const PREFIX: &str = "slots-";

impl IndexDirectory {
    /// Opens the slot runs that a checkpoint lists for one index, the newest first.
    ///
    /// Errors: `corrupt` when a file is not the listed one, `wrong_database`, `newer_format`, and those of the disk.
    pub fn open_slot_runs(&self, files: &[RunFile]) -> Result<SlotRunSet> {
        let mut runs = Vec::with_capacity(files.len());
        for file in files {
            let run = SlotRun::open(&self.io, &self.path.join(&file.name), self.database, self.hasher)?;
            check_identity(file, &run.file())?;
            runs.push(Arc::new(run));
        }
        Ok(SlotRunSet::new(runs))
    }

    /// Writes what is frozen as a new slot run, merged with the newest of `runs` where that pays.
    ///
    /// The new run is durable when this returns; the old files stay until a checkpoint without them is written.
    pub fn write_slot_runs(&self, frozen: &FrozenSlots, runs: &SlotRunSet) -> Result<SlotRunSet> {
        let entries = frozen.entries();
        let counts: Vec<u64> = runs.iter().map(|run| run.entry_count()).collect();
        let merged = merge_count(entries.len() as u64, &counts);
        let expected = entries.len() as u64 + counts.iter().take(merged).sum::<u64>();
        let mut merge = SlotMerge { heads: Vec::new() };
        merge.add(SlotSource::Memory(entries.into_iter()))?;
        for run in runs.iter().take(merged) {
            merge.add(SlotSource::File(SlotCursor::new(run)))?;
        }
        let written = self.write_slot_run(merge, expected)?;
        Ok(SlotRunSet::new(std::iter::once(written).chain(runs.iter().skip(merged).cloned()).collect()))
    }

    fn write_slot_run(&self, mut merge: SlotMerge<'_>, expected: u64) -> Result<Arc<SlotRun>> {
        let mut pages = PageWriter::create(&self.io, &self.path, PREFIX)?;
        let homes = homes(expected);
        pages.align(usize::try_from(homes.saturating_mul(WIDE_SLOT_BYTES as u64)).unwrap_or(usize::MAX))?;
        let first_page = pages.next_page();
        let mut entry_count = 0;
        let mut writer = SlotWriter::new(&mut pages, homes, WIDE_SLOT_BYTES);
        while let Some(group) = merge.next_group()? {
            for entry in group {
                entry_count += 1;
                writer.push(entry.hash, &entry.encode())?;
            }
        }
        writer.finish()?;
        let header = RunHeader {
            kind: RunKind::Slots,
            database: self.database,
            id: pages.id(),
            secret_check: self.hasher.secret_check(),
            entry_count,
            page_count: pages.next_page(),
            slot_bytes: u8::try_from(WIDE_SLOT_BYTES).unwrap_or_default(),
            address_bits: 0,
            keys: Section::default(),
            block_index: Section::default(),
            slots: Section { first_page, page_count: pages.next_page() - first_page, items: homes },
            digest: pages.digest(),
            moments: MomentSummary::default(),
        };
        let path = pages.finish(&header.encode())?;
        Ok(Arc::new(SlotRun::open(&self.io, &path, self.database, self.hasher)?))
    }
}

enum SlotSource<'a> {
    Memory(std::vec::IntoIter<SlotEntry>),
    File(SlotCursor<'a>),
}

impl SlotSource<'_> {
    fn next(&mut self) -> Result<Option<SlotEntry>> {
        match self {
            Self::Memory(entries) => Ok(entries.next()),
            Self::File(cursor) => cursor.next(),
        }
    }
}

/// Merges a handful of sources; each stands on its next entry.
struct SlotMerge<'a> {
    heads: Vec<(SlotEntry, SlotSource<'a>)>,
}

impl<'a> SlotMerge<'a> {
    fn add(&mut self, mut source: SlotSource<'a>) -> Result<()> {
        if let Some(entry) = source.next()? {
            self.heads.push((entry, source));
        }
        Ok(())
    }

    /// Returns the entries of the next hash, newest first, without those that were replaced.
    fn next_group(&mut self) -> Result<Option<Vec<SlotEntry>>> {
        let Some(hash) = self.heads.iter().map(|(entry, _)| entry.hash).min() else { return Ok(None) };
        let mut group = Vec::new();
        for (mut entry, mut source) in std::mem::take(&mut self.heads) {
            let mut rest = Some(entry);
            while entry.hash == hash && rest.is_some() {
                group.push(entry);
                rest = source.next()?;
                entry = rest.unwrap_or(entry);
            }
            if rest.is_some() {
                self.heads.push((entry, source));
            }
        }
        group.sort_unstable_by_key(SlotEntry::order);
        drop_replaced(&mut group);
        Ok(Some(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, KeyHash, KeyHasher, SlotIndex};
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Names and hashes are chosen so that several names share a hash.
    #[test]
    fn every_name_keeps_its_newest_entry_through_merges_and_reopening() {
        let io = nedb_io::Io::memory(64 << 20);
        io.disk.create_dir(Path::new("/i")).unwrap();
        let database = nedb_types::DatabaseId::from_bytes([3; 16]);
        let directory = IndexDirectory::new(&io, Path::new("/i"), database, KeyHasher::new([1; 16]));
        let mut index = SlotIndex::new();
        let mut model: BTreeMap<u64, Address> = BTreeMap::new();
        let mut owner: BTreeMap<Address, u64> = BTreeMap::new();
        let mut address = 4096;
        let hash_of = |name: u64| KeyHash::new((name / 3).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for round in 0..40_u64 {
            for step in 0..100_u64 {
                let name = (round * 37 + step * step) % 700;
                let found = index.find(hash_of(name), |at| Ok(owner.get(&at) == Some(&name))).unwrap();
                assert_eq!(found.map(|found| found.address), model.get(&name).copied());
                address += 16;
                let at = Address::new(address);
                index.apply([SlotEntry {
                    hash: hash_of(name),
                    address: at,
                    replaces: found.map(|found| found.address),
                    number: step,
                }]);
                model.insert(name, at);
                owner.insert(at, name);
            }
            let frozen = index.freeze().unwrap();
            if round % 3 != 0 {
                let runs = directory.write_slot_runs(&frozen, &index.runs()).unwrap();
                index.install(runs.clone());
                if round % 2 == 0 {
                    index = SlotIndex::open(directory.open_slot_runs(&runs.files()).unwrap());
                }
                assert_eq!(index.runs().entry_count(), model.len() as u64, "replaced entries are dropped");
            }
        }
        assert!(model.len() > 400);
    }
}
