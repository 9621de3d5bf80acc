//! A temporal index at one seq: scans, exact counts and estimates.
//!
//! Promises: everything a snapshot answers is of its seq, however often it is asked and whatever is applied, frozen or
//! installed meanwhile. Leaves to others: which seqs readers may see.

use std::ops::Bound;
use std::sync::Arc;

use nedb_types::{Result, Seq};

use super::bounds::Bounds;
use super::layers::{Piece, TemporalLayers};
use super::scan::TemporalScan;
use super::{count, estimate};
use crate::KeyRange;

/// A temporal index as of one seq; pins its layers and is cheap to clone.
///
/// # Examples
///
/// ```
/// use nedb_index::{KeyRange, TemporalChange, TemporalIndex};
/// use nedb_types::Seq;
///
/// let index = TemporalIndex::new();
/// index.apply(&[TemporalChange::Added { key: b"red", id: b"1", added: Seq::new(0), payload: b"tf" }]);
/// let snapshot = index.snapshot(Seq::new(0));
/// let mut scan = snapshot.scan(&KeyRange::prefix(b"red"))?;
/// let entry = scan.next()?.expect("it was added");
/// assert_eq!((entry.key, entry.id, entry.payload), (&b"red"[..], &b"1"[..], &b"tf"[..]));
/// assert_eq!(snapshot.estimate(&KeyRange::all())?, 1);
/// assert_eq!(snapshot.added(b"red", b"1")?, Some(Seq::new(0)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TemporalSnapshot {
    layers: Arc<TemporalLayers>,
    moment: u64,
}

impl TemporalSnapshot {
    pub(crate) fn new(layers: Arc<TemporalLayers>, seq: Seq) -> Self {
        // The greatest number stands for the end of what is live, which a snapshot must not reach.
        Self { layers, moment: seq.get().min(u64::MAX - 1) }
    }

    pub(crate) fn layers(&self) -> &TemporalLayers {
        &self.layers
    }

    /// Returns the seq.
    pub const fn seq(&self) -> Seq {
        Seq::new(self.moment)
    }

    /// Returns the entries of a range: values ascending, and the ids of one value.
    pub fn scan(&self, range: &KeyRange) -> Result<TemporalScan> {
        TemporalScan::ascending(&self.layers, Bounds::of(range), self.moment)
    }

    /// Returns the entries of a range: values descending, but the ids of one value ascending.
    pub fn scan_descending(&self, range: &KeyRange) -> Result<TemporalScan> {
        TemporalScan::descending(&self.layers, Bounds::of(range), self.moment)
    }

    /// Returns when the entry of a key and id was added, which a removal has to name; `None` when there is none.
    pub fn added(&self, key: &[u8], id: &[u8]) -> Result<Option<Seq>> {
        let composite = [key, id].concat();
        let range = KeyRange { start: Bound::Included(composite.clone()), end: Bound::Included(composite) };
        Ok(self.scan(&range)?.next()?.map(|entry| entry.added))
    }

    /// Counts the entries of a range, exactly.
    ///
    /// Blocks whose entries were all there at the seq, or none of them, are not opened.
    pub fn count(&self, range: &KeyRange) -> Result<u64> {
        let bounds = Bounds::of(range);
        if bounds.is_empty() {
            return Ok(0);
        }
        let mut tally = count::Tally::default();
        for piece in self.layers.pieces() {
            tally.add_piece(&piece, &bounds, self.moment)?;
        }
        Ok(tally.entries.saturating_sub(tally.closings))
    }

    /// Estimates the entries of a range in the time of a few seeks, never too low: removals since the last merges count too, and of
    /// a long range in a file the whole blocks at its ends.
    pub fn estimate(&self, range: &KeyRange) -> Result<u64> {
        let bounds = Arc::new(Bounds::of(range));
        let mut total = 0;
        if bounds.is_empty() {
            return Ok(0);
        }
        for piece in self.layers.pieces() {
            total += match piece {
                Piece::Memory(part) => count::in_memory(&part, &bounds).len() as u64,
                Piece::File(run) if !run.may_show_at(self.moment) => 0,
                Piece::File(run) => estimate::in_file(&run, &bounds)?,
            };
        }
        Ok(total)
    }
}
