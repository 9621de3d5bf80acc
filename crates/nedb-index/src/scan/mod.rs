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
    is_started: bool,
    /// Why the scan cannot go on; it is said again at every further step, so that damage never looks like the end.
    failure: Option<Error>,
}

impl KeyScan {
    /// Merges sources, the newest first.
    pub(crate) fn new(sources: Vec<Source>, direction: Direction) -> Self {
        let heap = (0..).zip(sources).filter(|(_, source)| source.key().is_some()).collect();
        let mut scan = Self { heap, direction, is_started: false, failure: None };
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

    /// Appends the addresses of the next keys, at most `wanted`; fewer only at the end.
    ///
    /// For readers that look into the records anyway: where one layer holds the whole range, no key is decoded.
    pub fn addresses(&mut self, wanted: usize, addresses: &mut Vec<Address>) -> Result<()> {
        let mut left = wanted;
        while left > 0 {
            let taken = self.take_from_one_run(left, addresses)?;
            if taken > 0 {
                left = left.saturating_sub(taken);
                continue;
            }
            let Some(packed) = self.step()? else { return Ok(()) };
            addresses.push(packed.address());
            left -= 1;
        }
        Ok(())
    }

    /// Takes many keys at once while a run file is the only source left; 0 when it is not.
    fn take_from_one_run(&mut self, wanted: usize, addresses: &mut Vec<Address>) -> Result<usize> {
        if self.failure.is_some() || !matches!(self.heap.as_slice(), [(_, Source::File(_))]) {
            return Ok(0);
        }
        if self.is_started && self.step()?.is_none() {
            return Ok(0);
        }
        // From here on the source stands on a key that was not handed out yet.
        self.is_started = false;
        let Some((_, Source::File(cursor))) = self.heap.first_mut() else { return Ok(0) };
        let taken = cursor.take_values(wanted, &mut |packed| addresses.push(packed.address()));
        if !cursor.has_key() {
            self.heap.clear();
        }
        taken.inspect_err(|error| self.failure = Some(error.clone()))
    }

    pub(crate) fn step(&mut self) -> Result<Option<Packed>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if let Err(error) = if self.is_started { self.leave_current() } else { self.load_first() } {
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

    /// Lets the first source decode its keys, when values were taken from it without.
    fn load_first(&mut self) -> Result<()> {
        match self.heap.first_mut() {
            Some((_, Source::File(cursor))) => cursor.load_keys(),
            _ => Ok(()),
        }
    }

    /// Returns the key of the last step.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.heap.first().and_then(|(_, top)| top.key()).unwrap_or_default()
    }

    /// Moves every source behind the present key, which the first one gave and others may hold with older values.
    fn leave_current(&mut self) -> Result<()> {
        while let Some(index) = self.duplicate() {
            self.advance(index)?;
        }
        self.advance(0)
    }

    /// Returns a source other than the first that stands on the same key: nothing lies between them, so it is a child.
    fn duplicate(&self) -> Option<usize> {
        let [(_, top), rest @ ..] = self.heap.as_slice() else { return None };
        let place = rest.iter().take(2).position(|(_, source)| source.key() == top.key())?;
        Some(place + 1)
    }

    /// Moves one of the first three sources on; what takes its place in the heap is not before the first one.
    fn advance(&mut self, index: usize) -> Result<()> {
        let Some((_, source)) = self.heap.get_mut(index) else { return Ok(()) };
        source.advance()?;
        if source.key().is_none() {
            self.heap.swap_remove(index);
        }
        self.sift_down(index);
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
