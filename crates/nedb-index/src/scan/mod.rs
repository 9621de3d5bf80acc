//! Ordered scans: a merge of all layers in which the newest layer wins.
//!
//! Promises: a scan holds every key of its range that was applied before it began, once, in byte order, whatever is
//! applied, frozen or installed meanwhile; the address is the newest of some moment after the scan began. Leaves to
//! others: versions that are newer than the reader's snapshot (it follows the chain in the log) and tombstones (they
//! are returned like other keys).

mod range;
mod source;

use std::cmp::Ordering;

use crate::Address;
use nedb_types::{Error, Result};

use crate::KeyState;
use crate::entry::Packed;

pub(crate) use range::Direction;
pub use range::KeyRange;
pub(crate) use source::{MemoryCursor, Source};

/// One key of a scan; valid until the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanEntry<'a> {
    /// The whole key.
    pub key: &'a [u8],
    /// The record of its newest version.
    pub address: Address,
    /// What that version is.
    pub state: KeyState,
}

/// An ordered scan over pinned layers; it borrows nothing and may outlive the index.
///
/// # Examples
///
/// ```
/// use nedb_index::{DeltaLimits, KeyEntry, KeyHasher, KeyIndex, KeyRange, KeyState};
/// use nedb_log::Address;
///
/// let index = KeyIndex::new(KeyHasher::new([1; 16]), DeltaLimits::default());
/// for (number, key) in [b"b", b"a"].into_iter().enumerate() {
///     let address = Address::new(4096 + 16 * number as u64);
///     index.apply(&[KeyEntry { key, hash: index.hash(key), address, state: KeyState::Live }]);
/// }
/// let mut scan = index.scan(&KeyRange::all())?;
/// let mut keys = Vec::new();
/// while let Some(entry) = scan.next()? {
///     keys.push(entry.key.to_vec());
/// }
/// assert_eq!(keys, [b"a", b"b"]);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct KeyScan {
    /// A binary heap by (key, age); `age` is the source's rank, the newest layer first.
    heap: Vec<(u32, Source)>,
    direction: Direction,
    /// Room for the key that is being left.
    left: Vec<u8>,
    is_started: bool,
    /// Why the scan cannot go on; it is said again at every further step, so that damage never looks like the end.
    failure: Option<Error>,
}

impl KeyScan {
    /// Merges sources, the newest first.
    pub(crate) fn new(sources: Vec<Source>, direction: Direction) -> Self {
        let heap = (0..).zip(sources).filter(|(_, source)| source.key().is_some()).collect();
        let mut scan = Self { heap, direction, left: Vec::new(), is_started: false, failure: None };
        for index in (0..scan.heap.len() / 2).rev() {
            scan.sift_down(index);
        }
        scan
    }

    /// Returns the next key, or `None` behind the last one; an integrity error when a page of a file is damaged.
    #[expect(clippy::should_implement_trait, reason = "the entry borrows the scan, which an Iterator's item cannot")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<ScanEntry<'_>>> {
        let Some(packed) = self.step()? else { return Ok(None) };
        Ok(Some(ScanEntry { key: self.key(), address: packed.address(), state: packed.state() }))
    }

    pub(crate) fn step(&mut self) -> Result<Option<Packed>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.is_started
            && let Err(error) = self.leave_current()
        {
            self.failure = Some(error.clone());
            return Err(error);
        }
        self.is_started = true;
        let Some((_, top)) = self.heap.first() else { return Ok(None) };
        match top.value() {
            Some(value) => Ok(Some(value)),
            None => Err(Error::corrupt("a scan stands on a key that has no value")),
        }
    }

    /// Returns the key of the last step.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.heap.first().and_then(|(_, top)| top.key()).unwrap_or_default()
    }

    /// Moves every source behind the present key, which the first one gave and others may hold with older values.
    fn leave_current(&mut self) -> Result<()> {
        if self.heap.len() < 2 {
            return self.advance_top();
        }
        let mut left = std::mem::take(&mut self.left);
        left.clear();
        left.extend_from_slice(self.key());
        while self.heap.first().is_some_and(|(_, top)| top.key() == Some(left.as_slice())) {
            self.advance_top()?;
        }
        self.left = left;
        Ok(())
    }

    fn advance_top(&mut self) -> Result<()> {
        let Some((_, top)) = self.heap.first_mut() else { return Ok(()) };
        top.advance()?;
        if top.key().is_none() {
            self.heap.swap_remove(0);
        }
        self.sift_down(0);
        Ok(())
    }

    fn sift_down(&mut self, from: usize) {
        let mut parent = from;
        loop {
            let left = 2 * parent + 1;
            let right = left + 1;
            let child = if self.is_before(right, left) { right } else { left };
            if !self.is_before(child, parent) {
                return;
            }
            self.heap.swap(child, parent);
            parent = child;
        }
    }

    /// Returns whether the source at `a` exists and comes before the one at `b`.
    fn is_before(&self, a: usize, b: usize) -> bool {
        let (Some((age_a, a)), Some((age_b, b))) = (self.heap.get(a), self.heap.get(b)) else { return false };
        let order = match self.direction {
            Direction::Forward => a.key().cmp(&b.key()),
            Direction::Reverse => b.key().cmp(&a.key()),
        };
        order.then(age_a.cmp(age_b)) == Ordering::Less
    }
}
