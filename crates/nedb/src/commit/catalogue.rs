//! Changes of the catalogue in a group of requests.
//!
//! They stand in the header of the group's frame, in front of its operations, and get no seq. Like operations they are
//! decided about one behind the other: the second of two equal definitions finds the first and changes nothing.

use std::collections::BTreeMap;

use nedb_log::{CatalogueRecord, CatalogueState, LogStore};
use nedb_types::{Digest, Error, Result, Seq};

use super::request::Request;
use crate::engine::Engine;

/// What the requests of a group change in the catalogue.
#[derive(Default)]
pub(super) struct CatalogueStage {
    /// The records of the frame.
    pub(super) records: Vec<CatalogueRecord>,
    refused: BTreeMap<usize, Error>,
}

impl CatalogueStage {
    /// Decides about the changes that the requests ask for; `first_seq` is the first seq of the frame.
    pub(super) fn of(engine: &Engine, requests: &[Request], first_seq: Seq) -> Result<Self> {
        let mut stage = Self::default();
        let changes = requests.iter().enumerate();
        let mut changes = changes.filter_map(|(index, request)| Some((index, request.catalogue.as_ref()?))).peekable();
        if changes.peek().is_none() {
            return Ok(stage);
        }
        let mut definitions = engine.secondary.definitions();
        let mut state = engine.log.position().catalogue;
        for (index, change) in changes {
            match definitions.check(change) {
                Ok(false) => {}
                Ok(true) => {
                    let (kind, body) = change.encode();
                    let record = state.record(first_seq, kind, body);
                    definitions.apply(&record)?;
                    state = CatalogueState { number: record.number, digest: record.digest };
                    stage.records.push(record);
                }
                Err(error) => {
                    stage.refused.insert(index, error);
                }
            }
        }
        Ok(stage)
    }

    /// Why the change of a request is refused.
    pub(super) fn refusal(&self, index: usize) -> Option<&Error> {
        self.refused.get(&index)
    }

    /// Number and digest that the next entry has to repeat.
    pub(super) fn unsealed(&self) -> Option<(u64, Digest)> {
        self.records.last().map(|record| (record.number, record.digest))
    }
}
