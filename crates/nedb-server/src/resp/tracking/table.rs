//! Who read which keys of a database, and who is told of all that begin with a prefix.
//!
//! Promises: a key that is invalidated is forgotten; keys take no more bytes than they may: then one that was remembered is invalidated. Leaves
//! to others: what changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use nedb::Timestamp;

use super::broadcasts::Broadcasts;
use super::pushes::{Key, Push};
use super::tracker::{Mode, Tracker};

/// What a key costs beside its bytes, which the places where it stands share.
const KEY_BYTES: usize = 128;

/// What one who read it costs.
const READER_BYTES: usize = 24;

pub(super) struct Table {
    members: BTreeMap<i64, Arc<Tracker>>,
    keys: BTreeMap<Key, Remembered>,
    /// The ends of lifetimes of keys that are remembered.
    ends: BTreeSet<(Timestamp, Key)>,
    bytes: usize,
    bytes_max: usize,
    /// Behind this key the next one is forgotten.
    forgotten: Key,
    /// Whether a task waits for the ends of lifetimes.
    is_watched: bool,
}

#[derive(Default)]
struct Remembered {
    readers: BTreeSet<i64>,
    ends_at: Option<Timestamp>,
}

fn bytes_of(key: &[u8], readers: usize) -> usize {
    key.len() + KEY_BYTES + readers * READER_BYTES
}

impl Table {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            members: BTreeMap::new(),
            keys: BTreeMap::new(),
            ends: BTreeSet::new(),
            bytes: 0,
            bytes_max,
            forgotten: Key::default(),
            is_watched: false,
        }
    }

    pub(super) fn join(&mut self, tracker: &Arc<Tracker>) {
        self.members.insert(tracker.id(), Arc::clone(tracker));
    }

    /// Lets one go. What it read is forgotten as it changes, and with the last one.
    pub(super) fn leave(&mut self, tracker: i64) {
        self.members.remove(&tracker);
        if self.members.is_empty() {
            self.forget_keys();
        }
    }

    /// Remembers who read a key; whether its lifetime may be the next one that ends.
    pub(super) fn remember(&mut self, reader: i64, key: Vec<u8>, ends_at: Option<Timestamp>) -> bool {
        // Who broadcasts is told by prefix, and who has gone not at all.
        if self.members.get(&reader).is_none_or(|tracker| tracker.is_broadcasting()) {
            return false;
        }
        let known = self.keys.get_key_value(key.as_slice()).map(|(key, _)| Arc::clone(key));
        let key = known.unwrap_or_else(|| Key::from(key));
        let remembered = self.keys.entry(Arc::clone(&key)).or_default();
        if remembered.readers.is_empty() {
            self.bytes += bytes_of(&key, 0);
        }
        if remembered.readers.insert(reader) {
            self.bytes += READER_BYTES;
        }
        if let Some(before) = std::mem::replace(&mut remembered.ends_at, ends_at) {
            self.ends.remove(&(before, Arc::clone(&key)));
        }
        if let Some(ends_at) = ends_at {
            self.ends.insert((ends_at, key));
        }
        while self.bytes > self.bytes_max {
            self.forget_one();
        }
        ends_at.is_some()
    }

    /// Tells those who read a key that it changed, and forgets it.
    pub(super) fn invalidate(&mut self, by: Option<i64>, key: &[u8]) {
        let Some((key, remembered)) = self.keys.remove_entry(key) else { return };
        self.bytes -= bytes_of(&key, remembered.readers.len());
        if let Some(ends_at) = remembered.ends_at {
            self.ends.remove(&(ends_at, Arc::clone(&key)));
        }
        for reader in remembered.readers {
            if self.members.get(&reader).is_some_and(|tracker| tracker.wants_change(by)) {
                self.tell(reader, Push::Changed(vec![Arc::clone(&key)]));
            }
        }
    }

    /// Collects a key for those who are told of it by their prefixes, once for each that fits.
    pub(super) fn broadcast(&self, by: Option<i64>, key: &[u8], broadcasts: &mut Broadcasts) {
        let mut shared = None;
        for (id, tracker) in &self.members {
            let Mode::Broadcast(prefixes) = tracker.mode() else { continue };
            if !tracker.wants_change(by) {
                continue;
            }
            for (place, _) in prefixes.iter().enumerate().filter(|(_, prefix)| key.starts_with(prefix)) {
                broadcasts.add((*id, place), shared.get_or_insert_with(|| Key::from(key)));
            }
        }
    }

    /// Tells all that every key changed.
    pub(super) fn forget_all(&mut self) {
        self.forget_keys();
        for tracker in self.members.values() {
            tracker.tell(Push::Everything);
        }
    }

    pub(super) fn tell(&self, tracker: i64, push: Push) {
        if let Some(tracker) = self.members.get(&tracker) {
            tracker.tell(push);
        }
    }

    /// Invalidates the keys whose lifetimes are over; when the next one ends.
    pub(super) fn end_lifetimes(&mut self, now: Timestamp) -> Option<Timestamp> {
        while let Some((ends_at, key)) = self.ends.first().cloned() {
            if ends_at > now {
                return Some(ends_at);
            }
            self.invalidate(None, &key);
        }
        None
    }

    /// Whether nobody waits for the ends of lifetimes yet; from now on somebody does.
    pub(super) fn begin_watching(&mut self) -> bool {
        !std::mem::replace(&mut self.is_watched, true)
    }

    pub(super) fn end_watching(&mut self) {
        self.is_watched = false;
    }

    fn forget_one(&mut self) {
        let behind = (Bound::Excluded(std::mem::take(&mut self.forgotten)), Bound::Unbounded);
        let next = self.keys.range(behind).next().or_else(|| self.keys.iter().next());
        let Some(key) = next.map(|(key, _)| Arc::clone(key)) else { return };
        self.invalidate(None, &key);
        self.forgotten = key;
    }

    fn forget_keys(&mut self) {
        self.keys.clear();
        self.ends.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::pushes::Pushes;
    use super::*;

    fn tracker(id: i64) -> (Arc<Tracker>, Arc<Pushes>) {
        let pushes = Arc::<Pushes>::default();
        (Arc::new(Tracker::new(id, Mode::Reads, Arc::clone(&pushes))), pushes)
    }

    #[test]
    fn keys_that_are_forgotten_for_want_of_room_are_told_as_changed() {
        let (tracker, pushes) = tracker(1);
        let mut table = Table::new(10 * bytes_of(b"key:00", 1));
        table.join(&tracker);
        for round in 0..30 {
            table.remember(1, format!("key:{round:02}").into_bytes(), Some(Timestamp::from_micros(round)));
        }
        assert_eq!((table.keys.len(), table.ends.len()), (10, 10));
        assert_eq!(pushes.take().len(), 20, "one push for each that was forgotten");
        for key in table.keys.keys().cloned().collect::<Vec<_>>() {
            table.invalidate(None, &key);
        }
        assert_eq!((table.bytes, table.ends.len(), pushes.take().len()), (0, 0, 10));
    }

    #[test]
    fn a_lifetime_that_ends_is_told_once() {
        let (tracker, pushes) = tracker(1);
        let mut table = Table::new(1 << 20);
        table.join(&tracker);
        let at = Timestamp::from_micros;
        table.remember(1, b"a".to_vec(), Some(at(5)));
        table.remember(1, b"b".to_vec(), Some(at(9)));
        assert_eq!(table.end_lifetimes(at(4)), Some(at(5)));
        assert_eq!(table.end_lifetimes(at(5)), Some(at(9)));
        // A key that was read again with another lifetime has that one.
        table.remember(1, b"b".to_vec(), None);
        assert_eq!(table.end_lifetimes(at(100)), None);
        assert_eq!(pushes.take(), [Push::Changed(vec![Key::from(*b"a")])]);
    }

    #[test]
    fn with_the_last_one_all_is_forgotten() {
        let (tracker, pushes) = tracker(1);
        let mut table = Table::new(1 << 20);
        table.join(&tracker);
        table.remember(1, b"a".to_vec(), None);
        table.leave(1);
        assert_eq!((table.bytes, table.keys.len()), (0, 0));
        table.remember(1, b"a".to_vec(), None);
        assert!(table.keys.is_empty() && pushes.take().is_empty(), "who has gone reads nothing");
    }
}
