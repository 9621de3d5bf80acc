//! The words behind a command's name, read one by one.

use nedb::Result;

use super::{number, refusal};

/// The arguments of one command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Args<'a> {
    words: &'a [&'a [u8]],
}

impl<'a> Args<'a> {
    pub(super) fn new(words: &'a [&'a [u8]]) -> Self {
        Self { words }
    }

    pub(super) fn len(self) -> usize {
        self.words.len()
    }

    /// The word at a position that the arity of the command guarantees.
    pub(super) fn at(self, position: usize) -> &'a [u8] {
        self.words.get(position).copied().unwrap_or_default()
    }

    pub(super) fn get(self, position: usize) -> Option<&'a [u8]> {
        self.words.get(position).copied()
    }

    /// The words from a position on.
    pub(super) fn from(self, position: usize) -> &'a [&'a [u8]] {
        self.words.get(position..).unwrap_or_default()
    }

    pub(super) fn integer(self, position: usize) -> Result<i64> {
        number::integer(self.at(position)).ok_or_else(refusal::not_an_integer)
    }

    pub(super) fn float(self, position: usize) -> Result<f64> {
        number::float(self.at(position)).ok_or_else(refusal::not_a_float)
    }

    /// The words from a position on, two by two.
    pub(super) fn pairs(self, position: usize, command: &str) -> Result<Vec<(&'a [u8], &'a [u8])>> {
        let (pairs, rest) = self.from(position).as_chunks::<2>();
        if pairs.is_empty() || !rest.is_empty() {
            return Err(refusal::wrong_arity(command));
        }
        Ok(pairs.iter().map(|[left, right]| (*left, *right)).collect())
    }

    /// Reads options from a position on.
    pub(super) fn options(self, position: usize) -> Options<'a> {
        Options { words: self.from(position) }
    }
}

/// The options behind the fixed arguments of a command, taken from the front.
#[derive(Debug)]
pub(super) struct Options<'a> {
    words: &'a [&'a [u8]],
}

impl<'a> Options<'a> {
    /// How many words are left.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The next word in capitals.
    pub(super) fn next_word(&mut self) -> Option<Vec<u8>> {
        self.next_raw().map(<[u8]>::to_ascii_uppercase)
    }

    /// The next word as it is.
    pub(super) fn next_raw(&mut self) -> Option<&'a [u8]> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// The value of an option; a syntax error when there is none.
    pub(super) fn value(&mut self) -> Result<&'a [u8]> {
        self.next_raw().ok_or_else(refusal::syntax)
    }

    pub(super) fn integer(&mut self) -> Result<i64> {
        number::integer(self.value()?).ok_or_else(refusal::not_an_integer)
    }

    /// Refuses words that are left.
    pub(super) fn end(&self) -> Result<()> {
        if self.words.is_empty() { Ok(()) } else { Err(refusal::syntax()) }
    }
}

/// The part of a sequence that two indexes name, the last included, negative ones counted from the end.
pub(super) fn index_range(start: i64, stop: i64, len: u64) -> std::ops::Range<u64> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let start = from_end(start).max(0);
    let end = from_end(stop).min(len - 1).saturating_add(1);
    if start >= end { 0..0 } else { start.unsigned_abs()..end.unsigned_abs() }
}

/// The position that an index names, negative ones counted from the end.
pub(super) fn position(index: i64, len: u64) -> Option<u64> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let position = if index < 0 { index.checked_add(len)? } else { index };
    (0..len).contains(&position).then(|| position.unsigned_abs())
}
