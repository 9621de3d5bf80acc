//! Indexes in a checkpoint.
//!
//! ```text
//! section: followed u64 | count | (number u64 | position u64 | length of the definition | definition) ...
//! ```
//! Promises: an index is there again after a restart as far as it was, also one that was still being built; one whose files
//! are damaged is built anew and told. Leaves to others: the files of the runs, and the definitions of the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use nedb_index::{ExtraSection, FrozenTemporal, IndexDirectory, TemporalRunFiles, TemporalRunSet};
use nedb_io::CacheCounts;
use nedb_log::IndexBody;
use nedb_types::{
    Error, ErrorKind, Result,
    codec::{Reader, Writer},
};

use super::{
    causes::CAUSES,
    definition::IndexDefinition,
    index::{Index, IndexId},
};
use crate::engine::Engine;

/// The position that stands for: as far as the others.
const READY: u64 = u64::MAX;

/// Numbers of automatic indexes have this bit; those of the catalogue never come so far.
const AUTOMATIC: u64 = 1 << 63;

impl IndexId {
    /// The number under which a checkpoint lists the runs.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Logged(number) => number,
            Self::Automatic(number) => number | AUTOMATIC,
        }
    }

    fn from_number(number: u64) -> Self {
        if number & AUTOMATIC == 0 { Self::Logged(number) } else { Self::Automatic(number & !AUTOMATIC) }
    }
}

/// What a checkpoint says about indexes, before their runs are looked at.
#[derive(Debug, Default)]
pub(crate) struct SavedIndexes {
    followed: u64,
    saved: Vec<Saved>,
}

#[derive(Debug)]
struct Saved {
    id: IndexId,
    /// `None` for as far as the others.
    position: Option<u64>,
    /// Of an automatic one, and of a search, which covers what several records of the log name together.
    definition: Option<IndexDefinition>,
}

/// Indexes from a checkpoint.
#[derive(Default)]
pub(crate) struct LoadedIndexes {
    pub(super) indexes: Vec<Arc<Index>>,
    pub(super) followed: u64,
    /// Those that could not be loaded and are built anew, with the reason.
    pub(crate) rejected: Vec<(IndexDefinition, Error)>,
    /// Where their runs count the nodes that were in memory, and those that were read.
    pub(super) nodes: Arc<CacheCounts>,
}

impl SavedIndexes {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "indexes section");
        let followed = reader.u64()?;
        let mut saved = Vec::new();
        for _ in 0..reader.varint()? {
            let id = IndexId::from_number(reader.u64()?);
            let position = Some(reader.u64()?).filter(|position| *position != READY);
            let length = reader.varint()?;
            let body = reader.bytes(length)?;
            let definition = match body {
                [] if id == CAUSES => Some(IndexDefinition::causes()),
                [] => None,
                body => Some(IndexDefinition::from_body(&IndexBody::decode(body)?)?),
            };
            saved.push(Saved { id, position, definition });
        }
        reader.finish()?;
        Ok(Self { followed, saved })
    }

    /// Joins what the checkpoint says with its runs and the definitions of the log at its position.
    pub(crate) fn load(
        self,
        definitions: &super::Definitions,
        mut runs: BTreeMap<u64, Result<TemporalRunSet>>,
        nodes: Arc<CacheCounts>,
    ) -> LoadedIndexes {
        let mut loaded = LoadedIndexes { followed: self.followed, nodes, ..LoadedIndexes::default() };
        let defined = definitions.indexes();
        let mut ids = BTreeSet::new();
        let twice: BTreeSet<IndexId> = self.saved.iter().map(|saved| saved.id).filter(|id| !ids.insert(*id)).collect();
        // Which of the two the runs belong to, nobody can tell.
        for saved in self.saved.into_iter().filter(|saved| !twice.contains(&saved.id)) {
            let logged = defined.iter().find(|(number, _)| IndexId::Logged(*number) == saved.id);
            let definition = match (saved.id, logged, saved.definition) {
                (IndexId::Automatic(_), _, definition) => definition,
                // The definitions of a search may have changed between the indexes and the position of the checkpoint.
                (_, Some((_, defined)), saved) => {
                    Some(defined.clone()).filter(|defined| saved.is_none_or(|saved| saved == *defined))
                }
                (_, None, _) => None,
            };
            let Some(definition) = definition else { continue };
            let runs = runs.remove(&saved.id.number()).unwrap_or_else(|| Ok(TemporalRunSet::default()));
            let index = runs.and_then(|runs| Index::loaded(saved.id, definition.clone(), runs, saved.position));
            match index {
                Ok(index) => loaded.indexes.push(index),
                Err(error) => {
                    if matches!(saved.id, IndexId::Automatic(_)) {
                        loaded.indexes.push(Index::new(saved.id, definition.clone()));
                    }
                    loaded.rejected.push((definition, error));
                }
            }
        }
        loaded
    }
}

/// Indexes as a checkpoint takes them.
pub(crate) struct FrozenIndexes {
    followed: u64,
    frozen: Vec<Frozen>,
}

struct Frozen {
    index: Arc<Index>,
    /// `None` for as far as the others.
    position: Option<u64>,
    /// What no file holds yet.
    part: Option<FrozenTemporal>,
    /// The runs of the checkpoint, once they are written.
    runs: TemporalRunSet,
}

impl Engine {
    /// Takes the indexes as they stand: at most at the position that the checkpoint is about to have.
    pub(crate) fn freeze_indexes(&self) -> FrozenIndexes {
        if !self.secondary.is_empty() {
            // A log that cannot be read is told by whoever asks the indexes; what they covered so far is kept.
            self.maintenance.note(self.catch_up(self.published.size()));
        }
        self.secondary.is_unsaved.store(false, Ordering::Release);
        let mut frozen = Vec::new();
        for index in self.secondary.all().into_iter().filter(|index| !index.is_ready()) {
            let _building = index.building.lock();
            if !index.is_ready() {
                let position = Some(index.built.load(Ordering::Acquire));
                frozen.push(Frozen::of(index.clone(), position));
            }
        }
        let _following = self.secondary.following.lock();
        let are_frozen: Vec<IndexId> = frozen.iter().map(|frozen| frozen.index.id).collect();
        for index in self.secondary.all().into_iter().filter(|index| index.is_ready()) {
            if !are_frozen.contains(&index.id) {
                frozen.push(Frozen::of(index, None));
            }
        }
        FrozenIndexes { followed: self.secondary.followed(), frozen }
    }
}

impl Frozen {
    fn of(index: Arc<Index>, position: Option<u64>) -> Self {
        let (part, runs) = (index.entries().freeze(), index.entries().runs());
        Self { index, position, part, runs }
    }
}

impl FrozenIndexes {
    /// Writes what no file holds yet, and says which files the checkpoint has to list.
    ///
    /// An index whose older files turn out to be damaged is left out and built anew.
    pub(crate) fn write(&mut self, engine: &Engine, directory: &IndexDirectory) -> Result<Vec<TemporalRunFiles>> {
        let mut files = Vec::with_capacity(self.frozen.len());
        for mut frozen in std::mem::take(&mut self.frozen) {
            // Its older files alone would be an index that lacks what the part has.
            if frozen.index.is_dropped() {
                continue;
            }
            if let Some(part) = &frozen.part {
                match directory.write_temporal_runs(part, &frozen.runs) {
                    Ok(runs) => frozen.runs = runs,
                    Err(error) if error.kind() == ErrorKind::Integrity => {
                        engine.rebuild(&frozen.index);
                        engine.maintenance.note(Err(error));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            files.push(frozen.runs.files(frozen.index.id.number()));
            self.frozen.push(frozen);
        }
        files.sort_by_key(|files| files.index);
        Ok(files)
    }

    /// Puts the files in the place of what was written to them.
    pub(crate) fn install(self) {
        for Frozen { index, part, runs, .. } in self.frozen {
            if let Some(part) = part {
                index.entries().install(&part, runs);
            }
        }
    }

    /// The section that says what the runs are of; a reader that does not know it goes without indexes.
    pub(crate) fn encode(&self, kind: u16) -> Option<ExtraSection> {
        let mut writer = Writer::new();
        writer.u64(self.followed);
        writer.varint(self.frozen.len() as u64);
        for frozen in &self.frozen {
            writer.u64(frozen.index.id.number());
            writer.u64(frozen.position.unwrap_or(READY));
            let definition = &frozen.index.definition;
            let body = match (frozen.index.id, definition.search_rule()) {
                (IndexId::Logged(_), None) => Vec::new(),
                _ => definition.to_body().map(|body| body.encode()).unwrap_or_default(),
            };
            writer.varint(body.len() as u64);
            writer.bytes(&body);
        }
        let section = ExtraSection { kind, is_compatible: true, body: writer.into_bytes() };
        (!self.frozen.is_empty()).then_some(section)
    }
}
