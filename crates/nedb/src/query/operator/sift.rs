//! Judging the documents of an ordered scan ahead of the rows, on several threads.
//!
//! ```text
//! addresses by id ──> shares ──> each thread judges its own in the order of the log ──> places of those kept, by id again
//! ```
//! Promises: the same documents in the same order as one by one, also before damage; what is held is bounded by the length of a
//! batch. Leaves to others: which batch, and showing what was kept.

use nedb_log::{Address, Scratch};
use nedb_types::Result;

use super::{Judge, collect::threads};
use crate::{
    query::{
        guard::{Guard, Pace},
        view::{Found, visit_newest},
    },
    read::Snapshot,
};

/// How many records are looked up ahead of the one that is read.
const AHEAD: usize = 16;

/// After how many documents that were shown one by one a scan judges ahead: before, a limit may soon be reached.
const SIFTED_AFTER: usize = 4_096;

/// Most documents of one batch: the threads have some ten milliseconds of work, and the places take two megabytes.
const BATCH_MAX: usize = 65_536;

/// Decides how far ahead it is worth to judge.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    /// Documents that the scan has passed.
    passed: usize,
    is_off: bool,
}

impl Sieve {
    /// Notes a document that was shown.
    #[inline]
    pub(crate) const fn pass(&mut self) {
        self.passed += 1;
    }

    /// Judges no further documents ahead.
    pub(crate) const fn stop(&mut self) {
        self.is_off = true;
    }

    /// How many documents to judge next: no more than were passed already, so that little is done for nothing.
    pub(crate) fn batch(&self) -> Option<usize> {
        (!self.is_off && self.passed >= SIFTED_AFTER).then(|| self.passed.min(BATCH_MAX))
    }

    /// Judges documents, given by the newest versions of their keys, and returns those that are kept, in the same order.
    pub(crate) fn judge(
        &mut self,
        snapshot: &Snapshot,
        addresses: &[Address],
        guard: &Guard,
        is_kept: &Judge<'_>,
    ) -> Result<Vec<Found>> {
        let threads = threads();
        let shares: Vec<&[Address]> = addresses.chunks(addresses.len().div_ceil(threads).max(1)).collect();
        let judged = nedb_io::scoped(threads, shares.len(), |job| {
            judge_share(snapshot, shares.get(job).copied().unwrap_or_default(), guard, is_kept)
        });
        let judged: Vec<Vec<Found>> = judged.into_iter().collect::<Result<_>>()?;
        let kept = judged.concat();
        self.passed += addresses.len();
        // What is kept is read once more when it is shown, which is worth it for a part only.
        self.is_off = kept.len() > addresses.len() / 2;
        Ok(kept)
    }
}

fn judge_share(snapshot: &Snapshot, addresses: &[Address], guard: &Guard, is_kept: &Judge<'_>) -> Result<Vec<Found>> {
    let mut places: Vec<(Address, u32)> = addresses.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let (mut scratch, mut pace, mut kept) = (Scratch::new(), Pace::default(), Vec::new());
    let later = places.iter().skip(AHEAD).map(Some).chain(std::iter::repeat(None));
    for ((address, place), later) in places.iter().zip(later) {
        pace.row(guard)?;
        if let Some((later, _)) = later {
            snapshot.reader().prefetch(*later);
        }
        let record = snapshot.reader().record(*address, &mut scratch)?;
        visit_newest(snapshot, &record, &mut |view| {
            if is_kept(view)? {
                kept.push((*place, view.found()));
            }
            Ok(())
        })?;
    }
    kept.sort_unstable_by_key(|(place, _)| *place);
    Ok(kept.into_iter().map(|(_, found)| found).collect())
}
