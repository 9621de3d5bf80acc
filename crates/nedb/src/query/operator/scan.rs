//! The documents of a whole collection.
//!
//! In the order of the ids, or in the order of the log where nobody asks for an order: the records then lie one behind
//! the other, and the processor loads the next ones by itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use nedb_index::{KeyRange, KeyScan};
use nedb_log::{Address, Scratch};
use nedb_types::{Collection, ErrorKind, Result, key};

use super::{Judge, Source, SplitVisit, Visit, found::FoundSource, sift::Sieve};
use crate::{
    query::{
        guard::{Guard, Pace},
        view::{visit_kept, visit_newest},
    },
    read::Snapshot,
};

/// How many records are looked up ahead of the one that is read.
const AHEAD: usize = 16;

/// How many addresses are brought into the order of the log at once: half a megabyte.
const SORTED_AT_ONCE: usize = 65_536;

/// From how many documents on a scan is worth several threads, which take some ten microseconds to begin.
const SPLIT_MIN: usize = 8_192;

/// In which order a scan shows documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanOrder {
    /// By id.
    Id,
    /// By id from the greatest.
    IdReverse,
    /// As it is quickest.
    Any,
}

/// Which documents a scan shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Those that are visible.
    Live,
    /// Also those that have expired and were not deleted yet.
    Kept,
}

/// How many documents a scan has looked at, for whoever wants to know.
pub(crate) type Visited = Arc<AtomicU64>;

/// Walks over the keys of a collection and shows what each leads to.
pub(crate) struct CollectionScan {
    snapshot: Snapshot,
    keys: KeyScan,
    order: ScanOrder,
    shown: Shown,
    addresses: Vec<Address>,
    /// The next of `addresses` to visit.
    next: usize,
    scratch: Scratch,
    pace: Pace,
    visited: Visited,
    sieve: Sieve,
    /// Documents that were judged ahead and are still to be shown.
    kept: FoundSource,
}

impl CollectionScan {
    pub(crate) fn new(snapshot: &Snapshot, collection: &Collection, order: ScanOrder) -> Result<Self> {
        Self::over(snapshot, &KeyRange::prefix(&key::document_prefix(collection)), order)
    }

    /// Scans a part of a collection.
    pub(crate) fn over(snapshot: &Snapshot, range: &KeyRange, order: ScanOrder) -> Result<Self> {
        let index = &snapshot.engine().keys;
        let keys = if order == ScanOrder::IdReverse { index.scan_reverse(range)? } else { index.scan(range)? };
        let (addresses, scratch, pace) = (Vec::new(), Scratch::new(), Pace::default());
        let visited = Visited::default();
        let (sieve, kept) = (Sieve::default(), FoundSource::new(snapshot, Vec::new()));
        let (snapshot, shown) = (snapshot.clone(), Shown::Live);
        Ok(Self { snapshot, keys, order, shown, addresses, next: 0, scratch, pace, visited, sieve, kept })
    }

    /// Counts what it looks at in this counter.
    pub(crate) fn counting(mut self, visited: Visited) -> Self {
        self.visited = visited;
        self
    }

    /// Shows documents that have expired as well, until they are deleted.
    pub(crate) fn with_expired(mut self) -> Self {
        self.shown = Shown::Kept;
        self
    }

    /// Takes the next keys; false behind the last one.
    fn look_ahead(&mut self, wanted: usize) -> Result<bool> {
        let wanted = if self.order == ScanOrder::Any { SORTED_AT_ONCE } else { wanted };
        self.addresses.clear();
        self.next = 0;
        self.keys.addresses(wanted, &mut self.addresses)?;
        self.visited.fetch_add(self.addresses.len() as u64, Ordering::Relaxed);
        if self.order == ScanOrder::Any {
            self.addresses.sort_unstable();
        }
        for address in self.addresses.iter().take(AHEAD) {
            self.snapshot.reader().prefetch(*address);
        }
        Ok(!self.addresses.is_empty())
    }
}

/// Visits records in their order, loading later ones ahead.
fn visit_all(snapshot: &Snapshot, addresses: &[Address], guard: &Guard, visit: &mut Visit<'_>) -> Result<()> {
    let (mut scratch, mut pace) = (Scratch::new(), Pace::default());
    let later = addresses.iter().skip(AHEAD).map(Some).chain(std::iter::repeat(None));
    for (address, later) in addresses.iter().zip(later) {
        pace.row(guard)?;
        if let Some(later) = later {
            snapshot.reader().prefetch(*later);
        }
        let record = snapshot.reader().record(*address, &mut scratch)?;
        visit_newest(snapshot, &record, visit)?;
    }
    Ok(())
}

impl Source for CollectionScan {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        for _ in 0..candidates {
            self.pace.row(guard)?;
            if self.next == self.addresses.len() && !self.look_ahead(candidates)? {
                return Ok(false);
            }
            if let Some(later) = self.addresses.get(self.next + AHEAD) {
                self.snapshot.reader().prefetch(*later);
            }
            let Some(address) = self.addresses.get(self.next) else { return Ok(false) };
            self.next += 1;
            self.sieve.pass();
            let Self { snapshot, scratch, .. } = self;
            let record = snapshot.reader().record(*address, scratch)?;
            match self.shown {
                Shown::Live => visit_newest(snapshot, &record, visit)?,
                Shown::Kept => visit_kept(snapshot, &record, visit)?,
            };
        }
        Ok(true)
    }

    fn sift(
        &mut self,
        guard: &Guard,
        candidates: usize,
        is_kept: &Judge<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<Option<bool>> {
        if self.kept.advance(guard, candidates, visit)? {
            return Ok(Some(true));
        }
        let is_sifted = self.order != ScanOrder::Any && self.shown == Shown::Live && self.next == self.addresses.len();
        let batch = self.sieve.batch().filter(|_| is_sifted);
        let Some(batch) = batch else { return Ok(None) };
        guard.check()?;
        if !self.look_ahead(batch)? {
            return Ok(Some(false));
        }
        let kept = match self.sieve.judge(&self.snapshot, &self.addresses, guard, is_kept) {
            // One by one, the rows before the damage come first, and a limit may be reached before it.
            Err(error) if error.kind() == ErrorKind::Integrity => {
                self.sieve.stop();
                return Ok(None);
            }
            kept => kept?,
        };
        self.next = self.addresses.len();
        self.kept = FoundSource::new(&self.snapshot, kept);
        Ok(Some(true))
    }

    fn split(&mut self, guard: &Guard, threads: usize, visit: &SplitVisit<'_>) -> Result<bool> {
        if self.order != ScanOrder::Any
            || self.shown == Shown::Kept
            || !self.look_ahead(0)?
            || self.addresses.len() < SPLIT_MIN
        {
            // What was looked up ahead is still there for the walk on one thread.
            return Ok(false);
        }
        loop {
            let (snapshot, share) = (&self.snapshot, self.addresses.len().div_ceil(threads));
            let shares: Vec<&[Address]> = self.addresses.chunks(share).collect();
            let done = nedb_io::scoped(threads, shares.len(), |job| {
                let share = shares.get(job).copied().unwrap_or_default();
                visit_all(snapshot, share, guard, &mut |view| visit(job, view))
            });
            done.into_iter().collect::<Result<()>>()?;
            if !self.look_ahead(0)? {
                return Ok(true);
            }
        }
    }
}
