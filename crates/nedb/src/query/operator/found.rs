//! Versions that an operator before has found.

use nedb_log::Scratch;
use nedb_types::Result;

use super::{Source, Visit};
use crate::{
    query::{
        guard::{Guard, Pace},
        view::{Found, visit_version},
    },
    read::Snapshot,
};

/// How many records are looked up ahead of the one that is read.
const AHEAD: usize = 16;

/// Shows found versions in the order in which they are given.
pub(crate) struct FoundSource {
    snapshot: Snapshot,
    found: Vec<Found>,
    next: usize,
    scratch: Scratch,
    pace: Pace,
}

impl FoundSource {
    pub(crate) fn new(snapshot: &Snapshot, found: Vec<Found>) -> Self {
        for version in found.iter().take(AHEAD) {
            snapshot.reader().prefetch(version.version);
        }
        Self { snapshot: snapshot.clone(), found, next: 0, scratch: Scratch::new(), pace: Pace::default() }
    }
}

impl Source for FoundSource {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        for _ in 0..candidates {
            self.pace.row(guard)?;
            if let Some(later) = self.found.get(self.next + AHEAD) {
                self.snapshot.reader().prefetch(later.version);
            }
            let Some(found) = self.found.get(self.next).copied() else { return Ok(false) };
            self.next += 1;
            let Self { snapshot, scratch, .. } = self;
            let record = snapshot.reader().record(found.version, scratch)?;
            visit_version(snapshot, &record, found.score, visit)?;
        }
        Ok(true)
    }
}
