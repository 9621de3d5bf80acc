//! Conditions of which one must hold: several indexes together, when each of them has one.

use nedb_nql::Predicate;
use nedb_types::Result;

use super::{Planner, access::IndexRanges, ids::is_id, range::Asked};

/// Most conditions of an OR that are looked up in indexes: each costs some seeks before anything is known.
const PARTS_MAX: usize = 16;

/// The indexes that together show every document for which an OR holds.
pub(super) struct Union {
    /// The place of the OR among the conditions that must all hold.
    pub(super) conjunct: usize,
    /// One for each condition.
    pub(super) indexes: Vec<IndexRanges>,
}

impl Union {
    /// How many documents there are at most.
    pub(super) fn estimated(&self) -> u64 {
        self.indexes.iter().map(|index| index.estimated).sum()
    }
}

impl Planner<'_> {
    /// The ORs that indexes can answer.
    pub(super) fn unions(&self) -> Result<Vec<Union>> {
        let mut unions = Vec::new();
        for (conjunct, predicate) in self.plan.filter.conjuncts().iter().enumerate() {
            if let Predicate::Any(parts) = predicate
                && let Some(indexes) = self.union(parts)?
            {
                unions.push(Union { conjunct, indexes });
            }
        }
        Ok(unions)
    }

    fn union(&self, parts: &[Predicate]) -> Result<Option<Vec<IndexRanges>>> {
        if parts.len() > PARTS_MAX {
            return Ok(None);
        }
        let mut indexes = Vec::with_capacity(parts.len());
        for part in parts {
            match self.narrowest(part)? {
                Some(index) => indexes.push(index),
                None => return Ok(None),
            }
        }
        Ok(Some(indexes))
    }

    /// The index that shows the fewest documents among which are all that satisfy a condition.
    fn narrowest(&self, condition: &Predicate) -> Result<Option<IndexRanges>> {
        let mut narrowest: Option<IndexRanges> = None;
        for asked in condition.conjuncts().iter().filter_map(Predicate::index_use).filter(|asked| !is_id(asked.path)) {
            let found = self.index(asked.path, Asked::of(asked.keys).ranges())?;
            narrowest = match (narrowest, found) {
                (Some(known), Some(found)) if known.estimated <= found.estimated => Some(known),
                (known, None) => known,
                (_, found) => found,
            };
        }
        Ok(narrowest)
    }
}
