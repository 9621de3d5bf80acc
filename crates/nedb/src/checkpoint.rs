//! Checkpoints: an image of the derived state at one durable position, from which the next open starts.
//!
//! The image is taken under the committer's lock, with at most one short sync, and written while writers go on. A
//! checkpoint is derived data: one that is damaged or missing costs time, never an answer.
//!
//! Order: log synced, HEAD written, runs written, checkpoint file written and renamed, then the runs take the place of what
//! was frozen. A crash in between leaves the previous checkpoint.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use nedb_crypto::Frontier;
use nedb_index::{
    CheckpointImage, DeltaLimits, EXTRA_SECTION_KIND_MIN, ExtraSection, FrozenDelta, FrozenSlots, IndexDirectory,
    KeyHasher, KeyIndex, LoadBounds, LoadedCheckpoint, Merging, PartFile, RunSet, SlotIndex, SlotRunSet,
};
use nedb_io::Io;
use nedb_log::{LogPosition, LogStore};
use nedb_types::{Collection, DatabaseId, Digest, Error, ErrorCode, Result, codec::Reader, codec::Writer};

use crate::{
    engine::{Engine, Head},
    open::{INDEX_DIR, RejectedCheckpoint},
    options::Options,
    secondary::{Definitions, FrozenIndexes, LoadedIndexes, SavedIndexes},
    state::{CollectionCounts, SAMPLE_EVERY, STORED_LEVEL_MIN, SeqSamples, TreeNodes},
};

/// The section that says which catalogue record no entry commits to yet.
const UNSEALED_CATALOGUE: u16 = EXTRA_SECTION_KIND_MIN;

/// The section with the index definitions of the log.
const DEFINITIONS: u16 = EXTRA_SECTION_KIND_MIN + 1;

/// The section with how far each index came.
const INDEXES: u16 = EXTRA_SECTION_KIND_MIN + 2;

/// Where an open starts: a checkpoint, or nothing.
pub(crate) struct Loaded {
    /// The number of the checkpoint.
    pub(crate) generation: Option<u64>,
    pub(crate) rejected: Vec<RejectedCheckpoint>,
    pub(crate) position: Option<LogPosition>,
    pub(crate) keys: KeyIndex,
    pub(crate) client_slots: SlotIndex,
    pub(crate) idempotency: SlotIndex,
    pub(crate) collections: CollectionCounts,
    pub(crate) seqs: SeqSamples,
    pub(crate) tree: TreeNodes,
    pub(crate) frontier: Frontier,
    pub(crate) unsealed_catalogue: Option<(u64, Digest)>,
    pub(crate) definitions: Definitions,
    pub(crate) indexes: LoadedIndexes,
    pub(crate) parts: Vec<PartFile>,
}

/// Loads the newest good checkpoint below a generation, or nothing when there is none; whether it fits the log is for the
/// log to check.
pub(crate) fn load(options: &Options, dir: &Path, id: DatabaseId, mut generation_end: u64) -> Result<Loaded> {
    let (io, limits) = (&options.io, DeltaLimits { bytes_max: options.delta_bytes_max });
    let mut rejected = Vec::new();
    loop {
        let bounds = LoadBounds { generation_end, ..LoadBounds::NONE };
        let found = nedb_index::load_newest(io, &dir.join(INDEX_DIR), id, bounds)?;
        rejected.extend(found.rejected.into_iter().map(|one| RejectedCheckpoint::new(one.file, &one.reason)));
        let Some(checkpoint) = found.checkpoint else { return Ok(Loaded { rejected, ..Loaded::empty(io, limits) }) };
        generation_end = checkpoint.generation;
        let file = checkpoint.file.clone();
        match Loaded::from_checkpoint(checkpoint, limits) {
            Ok(loaded) => return Ok(Loaded { rejected, ..loaded }),
            Err(error) => rejected.push(RejectedCheckpoint::new(file, &error)),
        }
    }
}

impl Loaded {
    /// Nothing: everything comes from the log.
    fn empty(io: &Io, limits: DeltaLimits) -> Self {
        let mut secret = [0; 16];
        io.random.fill(&mut secret);
        let hasher = KeyHasher::new(secret);
        Self {
            generation: None,
            rejected: Vec::new(),
            position: None,
            keys: KeyIndex::new(hasher, limits),
            client_slots: SlotIndex::new(),
            idempotency: SlotIndex::new(),
            collections: CollectionCounts::default(),
            seqs: SeqSamples::default(),
            tree: TreeNodes::default(),
            frontier: Frontier::new(),
            unsealed_catalogue: None,
            definitions: Definitions::default(),
            indexes: LoadedIndexes::default(),
            parts: Vec::new(),
        }
    }

    fn from_checkpoint(checkpoint: LoadedCheckpoint, limits: DeltaLimits) -> Result<Self> {
        let image = checkpoint.image;
        refuse_unknown(&image.sections)?;
        let frontier = Frontier::from_bytes(&image.frontier)?;
        if frontier.size() != image.position.size || frontier.root() != image.position.root {
            return Err(Error::corrupt("the tree of the checkpoint is not that of its position"));
        }
        check_arrays(&image)?;
        let counts = image.live_counts.into_iter().map(|(name, live)| Ok((Collection::new(&name)?, live)));
        let section = |kind: u16| image.sections.iter().find(|section| section.kind == kind);
        let unsealed = section(UNSEALED_CATALOGUE);
        let definitions =
            section(DEFINITIONS).map_or(Ok(Definitions::default()), |section| Definitions::decode(&section.body))?;
        let saved =
            section(INDEXES).map_or(Ok(SavedIndexes::default()), |section| SavedIndexes::decode(&section.body))?;
        Ok(Self {
            generation: Some(checkpoint.generation),
            rejected: Vec::new(),
            position: Some(image.position),
            keys: KeyIndex::open(image.hasher, limits, checkpoint.keys),
            client_slots: SlotIndex::open(checkpoint.clients),
            idempotency: SlotIndex::open(checkpoint.idempotency),
            collections: CollectionCounts::from_counts(counts.collect::<Result<Vec<_>>>()?),
            seqs: SeqSamples::from_addresses(image.seq_samples),
            tree: TreeNodes::from_levels(image.tree_nodes),
            frontier,
            unsealed_catalogue: unsealed.map(|section| decode_unsealed(&section.body)).transpose()?,
            indexes: saved.load(&definitions, checkpoint.temporal, checkpoint.nodes),
            definitions,
            parts: image.parts,
        })
    }
}

/// The arrays must have just the elements that the size of the tree asks for.
fn check_arrays(image: &CheckpointImage) -> Result<()> {
    let size = image.position.size;
    let stored =
        |level: usize| size.checked_shr(u32::from(STORED_LEVEL_MIN) + u32::try_from(level).unwrap_or(64)).unwrap_or(0);
    let are_nodes_whole = image.tree_nodes.iter().enumerate().all(|(level, row)| row.len() as u64 == stored(level));
    let is_tree_whole = are_nodes_whole && stored(image.tree_nodes.len()) == 0;
    if is_tree_whole && image.seq_samples.len() as u64 == size.div_ceil(SAMPLE_EVERY) {
        return Ok(());
    }
    Err(Error::corrupt(format!("the arrays of the checkpoint are not those of {size} operations")))
}

/// A section of a later version says whether it may be ignored.
fn refuse_unknown(sections: &[ExtraSection]) -> Result<()> {
    let unknown = |section: &&ExtraSection| {
        !matches!(section.kind, UNSEALED_CATALOGUE | DEFINITIONS | INDEXES) && !section.is_compatible
    };
    match sections.iter().find(unknown) {
        None => Ok(()),
        Some(section) => {
            let message =
                format!("the checkpoint has a section of kind {}, which this version does not know", section.kind);
            Err(Error::new(ErrorCode::UnknownFeature, message))
        }
    }
}

fn decode_unsealed(body: &[u8]) -> Result<(u64, Digest)> {
    let mut reader = Reader::new(body, "unsealed catalogue section");
    let unsealed = (reader.u64()?, Digest::from_bytes(reader.array()?));
    reader.finish()?;
    Ok(unsealed)
}

fn encode_unsealed((number, digest): (u64, Digest)) -> ExtraSection {
    let mut writer = Writer::new();
    writer.u64(number);
    writer.bytes(digest.as_bytes());
    ExtraSection { kind: UNSEALED_CATALOGUE, is_compatible: false, body: writer.into_bytes() }
}

/// A reader that forgot the definitions would give other answers, so that it must know the section.
fn encode_definitions(definitions: &Definitions) -> Option<ExtraSection> {
    let section = || ExtraSection { kind: DEFINITIONS, is_compatible: false, body: definitions.encode() };
    (!definitions.is_empty()).then(section)
}

/// What was frozen under the committer's lock and is written without it.
struct Frozen {
    image: CheckpointImage,
    head: Head,
    keys: Option<FrozenDelta>,
    clients: Option<FrozenSlots>,
    idempotency: Option<FrozenSlots>,
    indexes: FrozenIndexes,
}

/// The runs that a checkpoint lists.
struct Runs {
    keys: RunSet,
    clients: SlotRunSet,
    idempotency: SlotRunSet,
}

impl Engine {
    /// Writes a checkpoint of everything committed so far, one at a time.
    pub(crate) fn checkpoint(self: &Arc<Self>) -> Result<Head> {
        self.checkpoint_with(Merging::Steady)
    }

    /// As [`checkpoint`](Self::checkpoint), with the merging that was asked for.
    pub(crate) fn checkpoint_with(self: &Arc<Self>, merging: Merging) -> Result<Head> {
        let mut parts = self.maintenance.checkpointing.lock();
        self.check_writable()?;
        self.write_merged_checkpoint(&mut parts, merging)
    }

    /// Writes a checkpoint; the caller holds the list of part files, and with it the right to.
    pub(crate) fn write_checkpoint(&self, parts: &mut Vec<PartFile>) -> Result<Head> {
        self.write_merged_checkpoint(parts, Merging::Steady)
    }

    fn write_merged_checkpoint(&self, parts: &mut Vec<PartFile>, merging: Merging) -> Result<Head> {
        let frozen = self.freeze(parts)?;
        self.log.write_head()?;
        let (head, position) = (frozen.head, frozen.image.position);
        *parts = self.write_frozen(frozen, merging)?;
        let done = &self.maintenance;
        done.checkpoint_size.store(position.size, Ordering::Relaxed);
        done.checkpoint_end.store(position.end.get(), Ordering::Relaxed);
        done.checkpoint_time_us.store(self.io.clock.monotonic_us(), Ordering::Relaxed);
        Ok(head)
    }

    /// Takes the image at the end of the log, which is made durable first.
    fn freeze(&self, parts: &[PartFile]) -> Result<Frozen> {
        // First of all, so that no index is further than the checkpoint.
        let indexes = self.freeze_indexes();
        // Most of the log is synced before the lock is taken, so that writers wait for little.
        self.sync_log()?;
        let committer = self.committer.lock();
        self.sync_log()?;
        let position = self.log.position();
        let mut image = CheckpointImage::new(self.id, self.keys.hasher(), position);
        image.frontier = committer.frontier.to_bytes();
        image.tree_nodes = self.tree.read().levels().to_vec();
        image.seq_samples = self.seqs.read().addresses().to_vec();
        let live = self.collections.read();
        image.live_counts =
            live.iter().map(|(name, live)| (name.as_str().to_owned(), live)).collect::<BTreeMap<_, _>>();
        drop(live);
        image.parts = parts.to_vec();
        image.sections.extend(committer.unsealed_catalogue.map(encode_unsealed));
        image.sections.extend(encode_definitions(&self.secondary.definitions()));
        Ok(Frozen {
            image,
            head: self.published.head(),
            keys: self.keys.freeze(),
            clients: self.client_slots.freeze(),
            idempotency: self.idempotency.freeze(),
            indexes,
        })
    }

    fn write_frozen(&self, mut frozen: Frozen, merging: Merging) -> Result<Vec<PartFile>> {
        let dir = self.dir.join(INDEX_DIR);
        let directory = IndexDirectory::new(&self.io, &dir, self.id, self.keys.hasher())
            .merging(merging)
            .counting_nodes(Arc::clone(&self.secondary.nodes));
        let runs = self.write_runs(&directory, &frozen, merging)?;
        frozen.image.temporal_runs = frozen.indexes.write(self, &directory)?;
        frozen.image.sections.extend(frozen.indexes.encode(INDEXES));
        frozen.image.key_runs = runs.keys.files();
        frozen.image.client_runs = runs.clients.files();
        frozen.image.idempotency_runs = runs.idempotency.files();
        let written = nedb_index::write_checkpoint(&self.io, &dir, &frozen.image)?;
        self.keys.install(runs.keys);
        self.client_slots.install(runs.clients);
        self.idempotency.install(runs.idempotency);
        frozen.indexes.install();
        if let Some(error) = written.sweep_error {
            // The checkpoint is complete; files that are no longer needed are only untidy, and the next one tries again.
            self.maintenance.note(Err(error));
        }
        Ok(written.parts)
    }

    fn write_runs(&self, directory: &IndexDirectory, frozen: &Frozen, merging: Merging) -> Result<Runs> {
        let keys = self.keys.runs();
        let slots = |frozen: &Option<FrozenSlots>, index: &SlotIndex| match frozen {
            Some(frozen) => directory.write_slot_runs(frozen, &index.runs()),
            None => Ok(index.runs()),
        };
        Ok(Runs {
            keys: match (&frozen.keys, merging) {
                (Some(frozen), _) => directory.write_key_runs(frozen, &keys)?,
                (None, Merging::Deep) => directory.merge_key_runs(&keys)?,
                (None, Merging::Steady) => keys,
            },
            clients: slots(&frozen.clients, &self.client_slots)?,
            idempotency: slots(&frozen.idempotency, &self.idempotency)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Database, options::CheckpointPolicy};

    const DIR: &str = "/db";

    fn open(io: &Io) -> Database {
        let options = Options::new().io(io.clone()).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0);
        Database::open(DIR, options).unwrap()
    }

    /// A checkpoint whose bytes check and which still cannot be used: of a later version, or of another tree.
    fn write_unusable(io: &Io, change: impl Fn(&mut CheckpointImage)) {
        let db = open(io);
        let (id, dir) = (db.engine().id, Path::new(DIR).join(INDEX_DIR));
        drop(db);
        let newest = nedb_index::load_newest(io, &dir, id, LoadBounds::NONE).unwrap().checkpoint.unwrap();
        let mut image = newest.image;
        change(&mut image);
        nedb_index::write_checkpoint(io, &dir, &image).unwrap();
    }

    fn later_section(image: &mut CheckpointImage) {
        let kind = EXTRA_SECTION_KIND_MIN + 1;
        image.sections.push(ExtraSection { kind, is_compatible: false, body: Vec::new() });
    }

    fn other_tree(image: &mut CheckpointImage) {
        image.frontier = Frontier::new().to_bytes();
    }

    #[test]
    fn an_unusable_checkpoint_falls_back_to_the_one_before() {
        for (number, change) in [later_section, other_tree].into_iter().enumerate() {
            let io = Io::memory(64 << 20);
            let db = open(&io);
            for n in 0..5 {
                db.put("c", format!("{n}"), Body::json("{}")).unwrap();
            }
            db.checkpoint().unwrap();
            db.put("c", "late", Body::json("{}")).unwrap();
            let head = db.head();
            drop(db);
            write_unusable(&io, change);

            let db = open(&io);
            let report = db.open_report();
            assert_eq!((report.checkpoint_size, report.replayed_operations), (5, 1), "case {number}: {report:?}");
            let rejected: Vec<_> = report.rejected_checkpoints.iter().map(|one| one.file.as_str()).collect();
            assert_eq!(rejected, ["checkpoint-0000000000000002.nck"], "case {number}");
            assert_eq!(db.head(), head);
            assert!(db.get("c", "3").unwrap().is_some() && db.get("c", "late").unwrap().is_some());
        }
    }

    #[test]
    fn where_no_checkpoint_can_be_used_the_log_gives_everything() {
        let io = Io::memory(64 << 20);
        let db = open(&io);
        db.put("c", "a", Body::json("{}")).unwrap();
        db.checkpoint().unwrap();
        drop(db);
        for _ in 0..2 {
            write_unusable(&io, later_section);
        }
        let db = open(&io);
        let report = db.open_report();
        assert_eq!((report.checkpoint_size, report.replayed_operations), (0, 1), "{report:?}");
        assert_eq!(report.rejected_checkpoints.len(), 2);
        assert!(db.get("c", "a").unwrap().is_some());
    }
}
