//! Tests of the temporal indexes.

mod crash;
mod damage;
mod interleavings;
mod model;
mod skipping;
mod speed;

use nedb_io::Io;
use nedb_types::Seq;

use crate::{KeyRange, TemporalChange, TemporalIndex, TemporalScan};

/// One entry of the naive list: key, id, added, removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    pub(super) id: Vec<u8>,
    pub(super) added: u64,
    pub(super) removed: Option<u64>,
}

impl Entry {
    pub(super) fn add(&self) -> TemporalChange<'_> {
        TemporalChange::Added { key: &self.key, id: &self.id, added: Seq::new(self.added), payload: payload(self) }
    }

    pub(super) fn remove(&self) -> TemporalChange<'_> {
        let removed = Seq::new(self.removed.unwrap());
        TemporalChange::Removed { key: &self.key, id: &self.id, added: Seq::new(self.added), removed }
    }

    pub(super) fn is_visible(&self, seq: u64) -> bool {
        self.added <= seq && self.removed.is_none_or(|removed| seq < removed)
    }
}

/// Some entries have a payload and some have none.
pub(super) fn payload(entry: &Entry) -> &[u8] {
    if entry.added.is_multiple_of(3) { &entry.key } else { b"" }
}

/// What a reader gets: key, id, added, payload.
pub(super) type Row = (Vec<u8>, Vec<u8>, u64, Vec<u8>);

pub(super) fn rows(mut scan: TemporalScan) -> Vec<Row> {
    let mut rows = Vec::new();
    while let Some(entry) = scan.next().unwrap() {
        rows.push((entry.key.to_vec(), entry.id.to_vec(), entry.added.get(), entry.payload.to_vec()));
    }
    rows
}

/// Freezes, writes and installs.
pub(super) fn checkpoint(io: &Io, index: &TemporalIndex) {
    if let Some(frozen) = index.freeze() {
        let runs = super::directory(io).write_temporal_runs(&frozen, &index.runs()).unwrap();
        index.install(&frozen, runs);
    }
}

pub(super) fn all_at(index: &TemporalIndex, seq: u64) -> Vec<Row> {
    rows(index.snapshot(Seq::new(seq)).scan(&KeyRange::all()).unwrap())
}
