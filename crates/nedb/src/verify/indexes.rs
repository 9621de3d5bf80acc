//! Comparing secondary indexes with what the log gives.
//!
//! Promises: each ready index is built anew from the log and compared entry by entry, as of moments spread over the whole
//! history. Leaves to others: indexes that are still being built, which nobody asks.

use std::cmp::Ordering;

use nedb_index::{KeyRange, TemporalScan, TemporalSnapshot};
use nedb_types::{ErrorKind, Result, Seq};

use super::{deep::Comparison, report::Finding};
use crate::secondary::Index;

/// Moments as of which an index is compared, the newest included.
const MOMENTS: u64 = 32;

impl Comparison<'_> {
    /// Compares every ready index.
    pub(super) fn compare_indexes(&mut self) -> Result<()> {
        let Some(last) = self.size.checked_sub(1) else { return Ok(()) };
        self.present.catch_up(self.size)?;
        for index in self.present.secondary.all().into_iter().filter(|index| index.is_ready()) {
            let anew = self.rebuilt.index_anew(&index, self.size)?;
            for moment in 0..MOMENTS.min(self.size) {
                let seq = Seq::new(last - last * moment / MOMENTS);
                if !self.compare_index(&index, &anew.entries().snapshot(seq))? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Compares an index as of one moment; false when there is a difference.
    fn compare_index(&mut self, index: &Index, right: &TemporalSnapshot) -> Result<bool> {
        let present = index.entries().snapshot(right.seq());
        let difference = present
            .scan(&KeyRange::all())
            .and_then(|mut found| self.first_difference(&mut right.scan(&KeyRange::all())?, &mut found));
        match difference {
            Ok(None) => Ok(true),
            Ok(Some(id)) => {
                let seq = right.seq();
                let message = format!("the {} is wrong about {id:?} as of seq {seq}", index.definition);
                self.differs(message, Some(seq));
                Ok(false)
            }
            Err(error) if error.kind() == ErrorKind::Integrity => {
                self.push(Finding::of(&error));
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The document that one of two scans lacks.
    fn first_difference(&mut self, right: &mut TemporalScan, found: &mut TemporalScan) -> Result<Option<String>> {
        loop {
            let (right, found) = (right.next()?, found.next()?);
            let (Some(right), Some(found)) = (right, found) else {
                let only = right.or(found);
                return Ok(only.map(|entry| entry.id.escape_ascii().to_string()));
            };
            self.counts.index_entries += 1;
            let order = (right.key, right.id).cmp(&(found.key, found.id));
            let first = match order {
                Ordering::Equal if right.added == found.added && right.payload == found.payload => continue,
                Ordering::Greater => found,
                Ordering::Less | Ordering::Equal => right,
            };
            return Ok(Some(first.id.escape_ascii().to_string()));
        }
    }
}
