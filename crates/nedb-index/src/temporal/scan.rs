//! What a reader sees of an index at one moment.
//!
//! Promises: every entry that was there at the moment, once, in order; never one of another moment. Values may come in
//! descending order, the ids of one value always ascend. Leaves to others: what keys and payloads mean.

use std::sync::Arc;

use nedb_types::{Error, Result, Seq};

use super::bounds::Bounds;
use super::item::ItemRef;
use super::layers::{Piece, TemporalLayers};
use super::merge_scan::MergeScan;
use super::source::Source;
use crate::scan::Direction;

/// Entries of one value that a descending scan keeps in memory to turn them round; of more it begins a scan.
const TURNED_ENTRIES: usize = 32;

/// One entry of a scan; valid until the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalEntry<'a> {
    /// The value, as it was added.
    pub key: &'a [u8],
    /// The document.
    pub id: &'a [u8],
    /// The operation that gave it the value.
    pub added: Seq,
    /// What was added with it.
    pub payload: &'a [u8],
}

impl<'a> TemporalEntry<'a> {
    fn new(item: ItemRef<'a>) -> Self {
        let (key, id) = item.composite.split_at_checked(item.key_length).unwrap_or((item.composite, &[]));
        Self { key, id, added: Seq::new(item.added), payload: item.payload }
    }
}

/// A scan over pinned layers; it borrows nothing and may outlive the index.
///
/// # Examples
///
/// ```
/// use nedb_index::{KeyRange, TemporalChange, TemporalIndex};
/// use nedb_types::Seq;
///
/// let index = TemporalIndex::new();
/// let add = |key, id, added| TemporalChange::Added { key, id, added: Seq::new(added), payload: b"" };
/// index.apply(&[add(b"red", b"2", 0), add(b"red", b"1", 1), add(b"tea", b"3", 2)]);
/// let mut scan = index.snapshot(Seq::new(2)).scan_descending(&KeyRange::all())?;
/// let mut ids = Vec::new();
/// while let Some(entry) = scan.next()? {
///     ids.push(entry.id.to_vec());
/// }
/// assert_eq!(ids, [b"3", b"1", b"2"]);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct TemporalScan {
    order: Order,
    /// Why the scan cannot go on; it is said again at every further step, so that damage never looks like the end.
    failure: Option<Error>,
}

#[derive(Debug)]
enum Order {
    Ascending(Visible),
    Descending(Box<Descending>),
}

impl TemporalScan {
    pub(crate) fn ascending(layers: &Arc<TemporalLayers>, bounds: Bounds, moment: u64) -> Result<Self> {
        Ok(Self { order: Order::Ascending(Visible::new(layers, bounds, Direction::Forward, moment)?), failure: None })
    }

    /// Ascends over some pieces of the layers.
    pub(crate) fn over(pieces: &[Piece], bounds: Bounds, moment: u64) -> Result<Self> {
        let bounds = Arc::new(bounds);
        let mut sources = Vec::new();
        if !bounds.is_empty() {
            for piece in pieces {
                sources.extend(piece.clone().source(&bounds, Direction::Forward, Some(moment))?);
            }
        }
        Ok(Self { order: Order::Ascending(Visible::of(sources, bounds, Direction::Forward, moment)), failure: None })
    }

    pub(crate) fn descending(layers: &Arc<TemporalLayers>, bounds: Bounds, moment: u64) -> Result<Self> {
        Ok(Self { order: Order::Descending(Box::new(Descending::new(layers, bounds, moment)?)), failure: None })
    }

    /// Returns the next entry, or `None` behind the last one; an integrity error when a page of a file is damaged.
    #[expect(clippy::should_implement_trait, reason = "the entry borrows the scan, which an Iterator's item cannot")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<TemporalEntry<'_>>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let found = match &mut self.order {
            Order::Ascending(visible) => visible.step(),
            Order::Descending(descending) => descending.step(),
        };
        self.found(found)
    }

    /// Returns the first entry, from the present one on, whose key and id together are not below `to`.
    ///
    /// # Panics
    ///
    /// If the scan descends.
    pub fn seek(&mut self, to: &[u8]) -> Result<Option<TemporalEntry<'_>>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let Order::Ascending(visible) = &mut self.order else { panic_descending() };
        let found = visible.seek(to);
        self.found(found)
    }

    /// Returns how many blocks of files the scan has opened so far.
    pub fn blocks_read(&self) -> u64 {
        match &self.order {
            Order::Ascending(visible) => visible.merge.blocks_read(),
            Order::Descending(descending) => {
                let turned = descending.forward.as_ref().map_or(0, |visible| visible.merge.blocks_read());
                descending.blocks_left + turned + descending.reverse.merge.blocks_read()
            }
        }
    }

    /// Returns the entry of the step that just ended.
    #[inline]
    fn found(&mut self, found: Result<bool>) -> Result<Option<TemporalEntry<'_>>> {
        match found {
            Ok(false) => Ok(None),
            Ok(true) => match &self.order {
                Order::Ascending(visible) => visible.entry(),
                Order::Descending(descending) => descending.entry(),
            },
            Err(error) => {
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }
}

#[expect(clippy::panic, reason = "a mistake of the calling code, documented as a panic")]
fn panic_descending() -> ! {
    panic!("only ascending scans can seek")
}

/// The entries of one moment in the order of the merge.
#[derive(Debug)]
struct Visible {
    merge: MergeScan,
    bounds: Arc<Bounds>,
    direction: Direction,
    moment: u64,
    has_ended: bool,
}

impl Visible {
    fn new(layers: &TemporalLayers, bounds: Bounds, direction: Direction, moment: u64) -> Result<Self> {
        let bounds = Arc::new(bounds);
        let sources = if bounds.is_empty() { Vec::new() } else { layers.sources(&bounds, direction, Some(moment))? };
        Ok(Self::of(sources, bounds, direction, moment))
    }

    fn of(sources: Vec<Source>, bounds: Arc<Bounds>, direction: Direction, moment: u64) -> Self {
        Self { merge: MergeScan::new(sources, direction), bounds, direction, moment, has_ended: false }
    }

    /// Goes to the next entry; returns false behind the last one.
    #[inline]
    fn step(&mut self) -> Result<bool> {
        while !self.has_ended {
            match self.merge.step()?.map(|item| self.bounds.place(&item, self.direction, self.moment)) {
                Some(Place::Visible) => return Ok(true),
                Some(Place::Hidden) => {}
                Some(Place::Outside) | None => self.has_ended = true,
            }
        }
        Ok(false)
    }

    fn seek(&mut self, to: &[u8]) -> Result<bool> {
        if self.has_ended {
            return Ok(false);
        }
        match self.merge.seek(to)?.map(|item| self.bounds.place(&item, self.direction, self.moment)) {
            Some(Place::Visible) => Ok(true),
            Some(Place::Hidden) => self.step(),
            Some(Place::Outside) | None => {
                self.has_ended = true;
                Ok(false)
            }
        }
    }

    #[inline]
    fn entry(&self) -> Result<Option<TemporalEntry<'_>>> {
        Ok(self.merge.present()?.map(TemporalEntry::new))
    }
}

/// What an item of the merge is to a reader.
enum Place {
    Visible,
    Hidden,
    /// Behind the end of the range.
    Outside,
}

impl Bounds {
    #[inline]
    fn place(&self, item: &ItemRef<'_>, direction: Direction, moment: u64) -> Place {
        let is_outside = match direction {
            Direction::Forward => self.is_behind(item.composite),
            Direction::Reverse => item.composite < self.start.as_slice(),
        };
        let removed = item.state.removed();
        if is_outside {
            Place::Outside
        } else if item.added <= moment && (removed == 0 || removed > moment) && !item.state.is_closing() {
            Place::Visible
        } else {
            Place::Hidden
        }
    }
}

/// Values in descending order, the ids of one value ascending.
///
/// The entries of a value are read backwards and turned round in memory while they are few; otherwise they are read
/// again, forward, from the first one on.
#[derive(Debug)]
struct Descending {
    layers: Arc<TemporalLayers>,
    moment: u64,
    reverse: Visible,
    /// Whether the reverse walk stands on the first entry of the next value.
    is_ahead: bool,
    /// Entries of the present value, the last one to be given first.
    turned: Vec<Turned>,
    forward: Option<Visible>,
    blocks_left: u64,
}

#[derive(Debug)]
struct Turned {
    composite: Vec<u8>,
    key_length: usize,
    added: u64,
    payload: Vec<u8>,
}

impl Descending {
    fn new(layers: &Arc<TemporalLayers>, bounds: Bounds, moment: u64) -> Result<Self> {
        let mut reverse = Visible::new(layers, bounds, Direction::Reverse, moment)?;
        let is_ahead = reverse.step()?;
        Ok(Self {
            layers: Arc::clone(layers),
            moment,
            reverse,
            is_ahead,
            turned: Vec::new(),
            forward: None,
            blocks_left: 0,
        })
    }

    fn step(&mut self) -> Result<bool> {
        if let Some(forward) = &mut self.forward {
            if forward.step()? {
                return Ok(true);
            }
            self.blocks_left += forward.merge.blocks_read();
            self.forward = None;
        }
        self.turned.pop();
        if !self.turned.is_empty() {
            return Ok(true);
        }
        if !self.is_ahead {
            return Ok(false);
        }
        self.gather_value()
    }

    /// Reads the entries of the next value.
    fn gather_value(&mut self) -> Result<bool> {
        let mut key = Vec::new();
        while self.is_ahead && self.turned.len() < TURNED_ENTRIES {
            let Some(item) = self.reverse.merge.present()? else { break };
            let item_key = item.composite.get(..item.key_length).unwrap_or(item.composite);
            if self.turned.is_empty() {
                key.extend_from_slice(item_key);
            } else if item_key != key {
                return Ok(true);
            }
            self.turned.push(Turned {
                composite: item.composite.to_vec(),
                key_length: item.key_length,
                added: item.added,
                payload: item.payload.to_vec(),
            });
            self.is_ahead = self.reverse.step()?;
        }
        if !self.is_ahead || !self.stands_on(&key)? {
            return Ok(!self.turned.is_empty());
        }
        // Too many: the same entries once more from the first one on, and backwards from below the value.
        self.turned.clear();
        let bounds = &self.reverse.bounds;
        let mut start = key.clone();
        start = start.max(bounds.start.clone());
        let value_end = nedb_types::key::prefix_successor(&key);
        let end = match (value_end, bounds.end.clone()) {
            (Some(value_end), Some(end)) => Some(value_end.min(end)),
            (value_end, end) => value_end.or(end),
        };
        let below = Bounds { start: bounds.start.clone(), end: Some(key) };
        let mut forward = Visible::new(&self.layers, Bounds { start, end }, Direction::Forward, self.moment)?;
        let has_entries = forward.step()?;
        self.forward = Some(forward);
        self.blocks_left += self.reverse.merge.blocks_read();
        self.reverse = Visible::new(&self.layers, below, Direction::Reverse, self.moment)?;
        self.is_ahead = self.reverse.step()?;
        Ok(has_entries)
    }

    fn stands_on(&self, key: &[u8]) -> Result<bool> {
        let item = self.reverse.merge.present()?;
        Ok(item.is_some_and(|item| item.composite.get(..item.key_length) == Some(key)))
    }

    fn entry(&self) -> Result<Option<TemporalEntry<'_>>> {
        match (&self.forward, self.turned.last()) {
            (Some(forward), _) => forward.entry(),
            (None, Some(turned)) => Ok(Some(TemporalEntry {
                key: turned.composite.get(..turned.key_length).unwrap_or_default(),
                id: turned.composite.get(turned.key_length..).unwrap_or_default(),
                added: Seq::new(turned.added),
                payload: &turned.payload,
            })),
            (None, None) => Ok(None),
        }
    }
}
