//! Derived state from the log: what no checkpoint covers is applied frame by frame.
//!
//! Promises: replay ends with the same state as the commits had, or with an error; the tree it computes must have the root
//! that the log names. A version that replaces another is settled after all frames were read, because only then the log
//! can be asked for the version before.

use std::collections::BTreeMap;

use nedb_crypto::{Domain, Frontier, Message, sha256_many};
use nedb_index::{KeyIndex, SlotEntry, SlotIndex};
use nedb_log::{
    Address, CatalogueRecord, FrameView, LogPosition, LogReader, LogStore, Record, Scratch, canonical_entry,
};
use nedb_types::{Client, DatabaseId, Digest, Error, Place, Result};

use crate::{
    checkpoint::Loaded,
    commit::{Staged, VersionState, apply_keys},
    engine::Engine,
    keys::Key,
    secondary::{Definitions, LoadedIndexes},
    state::{CollectionCounts, STORED_LEVEL_MIN, SeqSamples, TreeNodes},
};

/// How many entries are hashed at once.
const HASH_BATCH: usize = 1024;

/// Derived state under construction.
pub(crate) struct Replay {
    pub(crate) database: DatabaseId,
    pub(crate) keys: KeyIndex,
    pub(crate) client_slots: SlotIndex,
    pub(crate) idempotency: SlotIndex,
    /// Nonce and record of the last operation of each client that was replayed.
    pub(crate) clients: BTreeMap<Client, (u64, Address)>,
    pub(crate) collections: CollectionCounts,
    pub(crate) seqs: SeqSamples,
    pub(crate) tree: TreeNodes,
    pub(crate) frontier: Frontier,
    pub(crate) unsealed_catalogue: Option<(u64, Digest)>,
    pub(crate) definitions: Definitions,
    pub(crate) indexes: LoadedIndexes,
    /// Records that replace an earlier version.
    pub(crate) unsettled: Vec<Address>,
    unhashed: Vec<Vec<u8>>,
}

impl Replay {
    pub(crate) fn new(loaded: Loaded, database: DatabaseId) -> Self {
        Self {
            database,
            keys: loaded.keys,
            client_slots: loaded.client_slots,
            idempotency: loaded.idempotency,
            clients: BTreeMap::new(),
            collections: loaded.collections,
            seqs: loaded.seqs,
            tree: loaded.tree,
            frontier: loaded.frontier,
            unsealed_catalogue: loaded.unsealed_catalogue,
            definitions: loaded.definitions,
            indexes: loaded.indexes,
            unsettled: Vec::new(),
            unhashed: Vec::with_capacity(HASH_BATCH),
        }
    }

    /// Applies one whole frame.
    pub(crate) fn frame(&mut self, frame: &FrameView<'_>) -> Result<()> {
        let header = frame.header();
        if header.catalogue_count > 0 {
            self.catalogue(&frame.catalogue_records()?)?;
        }
        let mut staged = Vec::with_capacity(header.count as usize);
        for record in frame.records() {
            let record = record?;
            self.unhashed.push(canonical_entry(self.database, header, &record));
            self.note_client(&record)?;
            if record.chain.is_some() {
                self.unsettled.push(record.address);
            }
            staged.push(self.stage(&record)?);
            if record.entry.catalogue().is_some() {
                self.unsealed_catalogue = None;
            }
        }
        self.seqs.extend(header.first_seq.get(), staged.iter().map(|record| record.address));
        apply_keys(&self.keys, &self.idempotency, &staged);
        self.collections.add(&staged);
        if self.unhashed.len() >= HASH_BATCH {
            self.hash();
        }
        Ok(())
    }

    /// Takes in what stands in front of a frame's entries, the first of which repeats number and digest.
    fn catalogue(&mut self, records: &[CatalogueRecord]) -> Result<()> {
        self.unsealed_catalogue = records.last().map(|record| (record.number, record.digest));
        records.iter().try_for_each(|record| self.definitions.apply(record))
    }

    fn note_client(&mut self, record: &Record<'_>) -> Result<()> {
        let newest = (record.entry.nonce(), record.address);
        match self.clients.get_mut(record.entry.client()) {
            Some(known) => *known = newest,
            None => {
                self.clients.insert(Client::new(record.entry.client())?, newest);
            }
        }
        Ok(())
    }

    /// What a record changes, as far as it can be told without the version before it.
    fn stage(&self, record: &Record<'_>) -> Result<Staged<'static>> {
        stage(&self.keys, record, None)
    }

    /// Checks that the replayed tree is the one that the log names.
    pub(crate) fn finish(&mut self, position: &LogPosition) -> Result<()> {
        self.hash();
        let (size, root) = (self.frontier.size(), self.frontier.root());
        if size == position.size && root == position.root {
            return Ok(());
        }
        let message = format!(
            "the entries of the log give a tree of size {size} with root {root}, the log names size {} and root {}",
            position.size, position.root
        );
        Err(Error::corrupt(message).at(Place::at_offset(position.end.get())))
    }

    fn hash(&mut self) {
        let messages: Vec<Message<'_>> =
            self.unhashed.iter().map(|entry| Message::tagged(Domain::Leaf, [entry.as_slice()])).collect();
        let mut leaves = vec![Digest::ZERO; messages.len()];
        sha256_many(&messages, &mut leaves);
        let mut nodes = Vec::new();
        self.frontier
            .extend_reporting(&leaves, STORED_LEVEL_MIN, |level, index, node| nodes.push((level, index, node)));
        self.tree.extend(&nodes);
        self.unhashed.clear();
    }
}

/// What a record changes, given the version before it.
fn stage(keys: &KeyIndex, record: &Record<'_>, before: Option<VersionState>) -> Result<Staged<'static>> {
    let Some(key) = Key::of(record)? else {
        return Ok(Staged::noop(record.address, record.entry.idempotency()));
    };
    let index_key = key.index_key();
    let hash = keys.hash(&index_key);
    let mut staged = Staged::of_key(record.address, &key, index_key, hash, before.map(|before| before.presence()));
    staged.idempotency = record.entry.idempotency();
    staged.after = Some(VersionState::of(record).presence());
    Ok(staged)
}

impl Engine {
    /// Completes what replay could not know before the log was open: who wrote before the checkpoint, and the versions
    /// that replayed records replace.
    pub(crate) fn settle(&self, clients: BTreeMap<Client, (u64, Address)>, unsettled: &[Address]) -> Result<()> {
        for (client, (number, address)) in clients {
            let replaces = self.last_of_client(&client)?.map(|(_, address)| address);
            self.client_slots.apply([SlotEntry { hash: self.keys.hash(client.as_bytes()), address, replaces, number }]);
        }
        let reader = self.log.reader();
        for address in unsettled {
            let staged = self.settled(&reader, *address)?;
            self.collections.write().correct(&staged);
            self.apply_expiries(&staged);
        }
        Ok(())
    }

    fn settled(&self, reader: &LogReader, address: Address) -> Result<Staged<'static>> {
        let (mut scratch, mut previous_scratch) = (Scratch::new(), Scratch::new());
        let record = reader.record(address, &mut scratch)?;
        let before = match record.chain {
            Some(chain) => Some(VersionState::of(&reader.record_entry(chain.previous, &mut previous_scratch)?)),
            None => None,
        };
        stage(&self.keys, &record, before)
    }
}
