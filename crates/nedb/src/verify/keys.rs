//! Comparing two key indexes, key by key.
//!
//! Promises: every key is looked at in both, in the ordered part and, for what is there, through a point look-up as a read
//! does it. Where the present index is ahead of the rebuilt one, the version as of the common size decides.

use std::cmp::Ordering;

use nedb_index::{KeyRange, KeyScan, KeyState};
use nedb_log::{Address, LogReader, LogStore, Scratch};
use nedb_types::{ErrorKind, Result, Seq, key};

use super::{deep::Comparison, report::Finding};
use crate::{engine::Engine, keys::Key};

/// After how many keys progress is told.
const KEYS_PER_STEP: u64 = 1 << 16;

/// A scan with its present entry held.
struct Cursor {
    scan: KeyScan,
    key: Vec<u8>,
    entry: Option<(Address, KeyState)>,
}

impl Cursor {
    fn new(engine: &Engine) -> Result<Self> {
        let mut cursor = Self { scan: engine.keys.scan(&KeyRange::all())?, key: Vec::new(), entry: None };
        cursor.advance()?;
        Ok(cursor)
    }

    fn advance(&mut self) -> Result<()> {
        self.entry = match self.scan.next()? {
            Some(entry) => {
                self.key.clear();
                self.key.extend_from_slice(entry.key);
                Some((entry.address, entry.state))
            }
            None => None,
        };
        Ok(())
    }
}

impl Comparison<'_> {
    /// Compares every key and its newest version.
    pub(super) fn compare_keys(&mut self, tell: &mut dyn FnMut(u64)) -> Result<()> {
        let (mut rebuilt, mut present) = (Cursor::new(self.rebuilt)?, Cursor::new(self.present)?);
        let (rebuilt_reader, present_reader) = (self.rebuilt.log.reader(), self.present.log.reader());
        let readers = Readers { rebuilt: &rebuilt_reader, present: &present_reader };
        loop {
            let order = match (rebuilt.entry, present.entry) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), Some(_)) => rebuilt.key.cmp(&present.key),
            };
            let right = rebuilt.entry.filter(|_| order.is_le());
            let found = present.entry.filter(|_| order.is_ge());
            let key = if order.is_le() { &rebuilt.key } else { &present.key };
            self.compare_key(key, right, found, readers)?;
            self.counts.keys += 1;
            if self.counts.keys.is_multiple_of(KEYS_PER_STEP) {
                tell(self.counts.keys);
            }
            if right.is_some() {
                rebuilt.advance()?;
            }
            if found.is_some() {
                present.advance()?;
            }
        }
    }

    fn compare_key(
        &mut self,
        key: &[u8],
        right: Option<(Address, KeyState)>,
        found: Option<(Address, KeyState)>,
        readers: Readers<'_>,
    ) -> Result<()> {
        if key.first() == Some(&key::SPACE_EXPIRY) {
            self.compare_expiry(right, found, readers);
            return Ok(());
        }
        if right != found {
            let right = self.version_at_size(right, readers.rebuilt)?;
            let found = match self.version_at_size(found, readers.present) {
                Err(error) if error.kind() == ErrorKind::Integrity => {
                    self.push(Finding::of(&error.context("following what the key index names")));
                    return Ok(());
                }
                other => other?,
            };
            if right != found {
                return self.report(key, right, found);
            }
        }
        let Some((address, _)) = found else { return Ok(()) };
        let hash = self.present.keys.hash(key);
        let mut scratch = Scratch::new();
        let looked_up = self.present.keys.newest(hash, |candidate| {
            Ok(candidate == address
                || candidate > address && is_version(readers.present, candidate, key, &mut scratch)?)
        })?;
        if looked_up.is_none() {
            self.differs(format!("a point look-up does not find {}", describe(key)), readers.seq(address));
        }
        Ok(())
    }

    /// Expiry keys have no versions; those whose time is gone may be missing.
    fn compare_expiry(
        &mut self,
        right: Option<(Address, KeyState)>,
        found: Option<(Address, KeyState)>,
        readers: Readers<'_>,
    ) {
        let live = |entry: Option<(Address, KeyState)>| entry.filter(|(_, state)| *state == KeyState::Live);
        if live(right) == live(found) {
            return;
        }
        self.look_for_writes();
        if !self.has_moved {
            let (word, entry) = if live(right).is_some() { ("missing", right) } else { ("not in the log", found) };
            let seq = entry.and_then(|(address, _)| readers.seq(address));
            self.differs(format!("an expiry in the key index is wrong or {word}"), seq);
        }
    }

    /// The newest version below the common size: its address and whether it is live.
    fn version_at_size(
        &self,
        entry: Option<(Address, KeyState)>,
        reader: &LogReader,
    ) -> Result<Option<(Address, KeyState)>> {
        let Some((address, state)) = entry else { return Ok(None) };
        let mut scratch = Scratch::new();
        let mut at = address;
        loop {
            let record = reader.record_entry(at, &mut scratch)?;
            if record.seq.get() < self.size {
                let is_live = !matches!(record.entry.kind(), nedb_log::OpKind::Delete | nedb_log::OpKind::Unlink);
                let of_record = if is_live { KeyState::Live } else { KeyState::Tombstone };
                return Ok(Some((at, if at == address { state } else { of_record })));
            }
            match record.chain {
                Some(chain) => at = chain.previous,
                None => return Ok(None),
            }
        }
    }

    fn report(
        &mut self,
        key: &[u8],
        right: Option<(Address, KeyState)>,
        found: Option<(Address, KeyState)>,
    ) -> Result<()> {
        let name = describe(key);
        let message = match (right, found) {
            (Some((right, _)), Some((found, _))) if right != found => {
                format!("the newest version of {name} lies at {right}, the key index names {found}")
            }
            (Some(_), Some(_)) => format!("the key index is wrong about whether {name} is deleted"),
            (Some(_), None) => format!("{name} is missing in the key index"),
            _ => format!("the key index has {name}, the log has not"),
        };
        let seq = right.or(found).map(|(address, _)| self.seq_at(address)).transpose()?;
        self.differs(message, seq);
        Ok(())
    }

    /// The seq of the record at an address.
    pub(super) fn seq_at(&self, address: Address) -> Result<Seq> {
        let reader = self.rebuilt.log.reader();
        let mut scratch = Scratch::new();
        Ok(reader.record_entry(address, &mut scratch)?.seq)
    }
}

/// The readers of both logs, which hold the same bytes up to where each was opened.
#[derive(Clone, Copy)]
struct Readers<'r> {
    rebuilt: &'r LogReader,
    present: &'r LogReader,
}

impl Readers<'_> {
    /// The seq of the record at an address, where there is one.
    fn seq(&self, address: Address) -> Option<Seq> {
        let mut scratch = Scratch::new();
        self.present.record_entry(address, &mut scratch).ok().map(|record| record.seq)
    }
}

/// Whether the record at an address is a version of the document or edge with this key.
fn is_version(reader: &LogReader, at: Address, key: &[u8], scratch: &mut Scratch) -> Result<bool> {
    let record = reader.record(at, scratch)?;
    let Some(of_record) = Key::of(&record)? else { return Ok(false) };
    Ok(of_record.index_key() == key || of_record.reverse_index_key().is_some_and(|reverse| reverse == key))
}

/// What a key stands for, for people.
fn describe(key: &[u8]) -> String {
    match key::split_document_key(key) {
        Ok((collection, id)) => format!("document {collection}:{id}"),
        Err(_) => format!("edge key \"{}\"", key.escape_ascii()),
    }
}
