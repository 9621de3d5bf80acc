//! One list of postings of a segment: the texts that have a word, or one of the words that begin alike, by id.
//!
//! Promises: a list stands on one text after the other, ids ascending, and passes over what lies between by seeking.
//! Leaves to others: what several lists say together.

use std::collections::BTreeMap;

use nedb_types::{Error, Result};

use super::posting::{Weight, token_key, token_prefix};
use super::snapshot::TextGuard;
use crate::temporal::{Closings, TemporalSegment};
use crate::{KeyRange, TemporalScan, TemporalSnapshot};

/// Postings of a beginning that pass between two looks at the guard.
const ENTRIES_PER_LOOK: usize = 1024;

/// About what a text takes in the list of a beginning, beside its id.
const TEXT_BYTES: usize = 64;

/// A word whose texts are listed.
#[derive(Clone, Debug)]
pub(crate) struct ListedWord {
    key: Vec<u8>,
    /// How many texts have it.
    pub(crate) frequency: u64,
    /// Whether positions are asked for.
    is_placed: bool,
}

impl ListedWord {
    /// Counts the texts with a word.
    pub(crate) fn new(snapshot: &TemporalSnapshot, word: &str, is_placed: bool) -> Result<Self> {
        let key = token_key(word);
        let frequency = snapshot.count(&KeyRange::prefix(&key))?;
        Ok(Self { key, frequency, is_placed })
    }
}

/// A list that stands on a text, once it was moved.
#[derive(Debug)]
pub(crate) struct List {
    source: ListSource,
    /// How many texts it has.
    pub(crate) frequency: u64,
    /// Whether positions are asked for.
    is_placed: bool,
    has_ended: bool,
    is_started: bool,
    pub(crate) id: Vec<u8>,
    /// The operation that added the posting.
    added: u64,
    pub(crate) weight: Weight,
    /// The posting of a word, where positions are asked for.
    pub(crate) payload: Vec<u8>,
}

#[derive(Debug)]
enum ListSource {
    Word { scan: Box<TemporalScan>, key: Vec<u8>, target: Vec<u8> },
    Prefix(std::iter::Peekable<std::collections::btree_map::IntoIter<Vec<u8>, Weight>>),
}

impl List {
    /// The texts of a segment with a word, of which all segments together have so many.
    pub(crate) fn word(segment: &TemporalSegment, word: &ListedWord) -> Result<Self> {
        let scan = Box::new(segment.scan(&KeyRange::prefix(&word.key))?);
        let source = ListSource::Word { scan, key: word.key.clone(), target: Vec::new() };
        Ok(Self::new(source, word.frequency, word.is_placed))
    }

    /// The texts with any word that begins so.
    pub(crate) fn prefix(segment: &TemporalSegment, beginning: &str, guard: &mut TextGuard<'_>) -> Result<Self> {
        let mut texts: BTreeMap<Vec<u8>, Weight> = BTreeMap::new();
        let mut scan = segment.scan(&KeyRange::prefix(&token_prefix(beginning)))?;
        let mut entries = 0_usize;
        while let Some(entry) = scan.next()? {
            entries += 1;
            if entries.is_multiple_of(ENTRIES_PER_LOOK) {
                guard(0)?;
            }
            let found = Weight::read(entry.payload)?;
            if let Some(weight) = texts.get_mut(entry.id) {
                weight.frequency += found.frequency;
            } else {
                guard(TEXT_BYTES + entry.id.len())?;
                texts.insert(entry.id.to_vec(), found);
            }
        }
        let frequency = texts.len() as u64;
        Ok(Self::new(ListSource::Prefix(texts.into_iter().peekable()), frequency, false))
    }

    fn new(source: ListSource, frequency: u64, is_placed: bool) -> Self {
        let (id, payload, weight) = (Vec::new(), Vec::new(), Weight::default());
        Self { source, frequency, is_placed, has_ended: false, is_started: false, id, added: 0, weight, payload }
    }

    /// Goes to the next text; false behind the last one.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        self.move_to(None)
    }

    /// Goes to the first id that is not below this one; it may be the present one.
    #[inline]
    pub(crate) fn seek(&mut self, id: &[u8]) -> Result<bool> {
        if self.is_started && (self.has_ended || self.id.as_slice() >= id) {
            return Ok(!self.has_ended);
        }
        self.move_to(Some(id))
    }

    /// Returns whether the posting at hand, of a word, has ended by what other segments say.
    pub(crate) fn has_ended_elsewhere(&mut self, closings: &Closings) -> Result<bool> {
        let ListSource::Word { key, target, .. } = &mut self.source else { return Ok(false) };
        target.clear();
        target.extend_from_slice(key);
        target.extend_from_slice(&self.id);
        closings.has_ended(target, self.added)
    }

    fn move_to(&mut self, to: Option<&[u8]>) -> Result<bool> {
        let was_started = std::mem::replace(&mut self.is_started, true);
        let Self { source, id: at, added, payload, weight, is_placed, .. } = self;
        let is_found = match source {
            ListSource::Word { scan, key, target } => {
                let entry = match to {
                    None => scan.next()?,
                    Some(id) => {
                        target.clear();
                        target.extend_from_slice(key);
                        target.extend_from_slice(id);
                        scan.seek(target)?
                    }
                };
                if let Some(entry) = &entry {
                    // A walk over several lists ends because none of them leads back, whatever the files hold.
                    if to.map_or(was_started && entry.id < at.as_slice(), |id| entry.id < id) {
                        return Err(Error::corrupt("the texts that have a word do not ascend"));
                    }
                    at.clear();
                    at.extend_from_slice(entry.id);
                    if *is_placed {
                        payload.clear();
                        payload.extend_from_slice(entry.payload);
                    }
                    (*weight, *added) = (Weight::read(entry.payload)?, entry.added.get());
                }
                entry.is_some()
            }
            ListSource::Prefix(texts) => {
                while to.is_some_and(|id| texts.peek().is_some_and(|(next, _)| next.as_slice() < id)) {
                    texts.next();
                }
                let next = texts.next();
                let is_found = next.is_some();
                if let Some(next) = next {
                    (*at, *weight) = next;
                }
                is_found
            }
        };
        self.has_ended = !is_found;
        Ok(is_found)
    }
}
