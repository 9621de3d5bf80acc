//! Which words of a call are keys: what its locks, WATCH and clients of a cluster go by.

use super::number;

/// Which of the words behind a command's name are keys.
///
/// ```
/// use nedb_compat::redis::command;
/// let keys = command(b"MSET").expect("it exists").keys;
/// assert_eq!(keys.of(&[b"a", b"1", b"b", b"2"]), [b"a", b"b"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keys {
    /// None.
    None,
    /// None by name: the command looks at all keys there are.
    Every,
    /// Those at these positions, counted from 1 as Redis does; a negative last one counts from the end.
    At {
        /// The first key.
        first: usize,
        /// The last key.
        last: isize,
        /// The distance from one to the next.
        step: usize,
    },
    /// As many as the word at this position says, behind it.
    Numbered {
        /// The position of the number, counted from 1.
        at: usize,
    },
    /// The first word, and behind it as many as the second says.
    DestinationAndNumbered,
    /// The first word, and the one behind STORE.
    Sort,
    /// The first half of the words behind STREAMS.
    Streams,
}

impl Keys {
    pub(super) const ONE: Self = Self::At { first: 1, last: 1, step: 1 };
    pub(super) const TWO: Self = Self::At { first: 1, last: 2, step: 1 };
    pub(super) const ALL: Self = Self::At { first: 1, last: -1, step: 1 };
    pub(super) const PAIRS: Self = Self::At { first: 1, last: -1, step: 2 };

    /// The keys among the words behind a command's name.
    pub fn of<'w>(self, words: &[&'w [u8]]) -> Vec<&'w [u8]> {
        let mut keys = Vec::new();
        self.add_to(words, &mut keys);
        keys
    }

    /// Adds the keys among the words behind a command's name.
    pub(super) fn add_to<'w>(self, words: &[&'w [u8]], keys: &mut Vec<&'w [u8]>) {
        match self {
            Self::None | Self::Every => {}
            Self::At { first, last, step } => {
                let end = if last < 0 { words.len().saturating_add_signed(last + 1) } else { last.unsigned_abs() };
                let named = words.get(first.saturating_sub(1)..end.min(words.len())).unwrap_or_default();
                keys.extend(named.iter().step_by(step.max(1)));
            }
            Self::Numbered { at } => keys.extend(numbered(words, at)),
            Self::DestinationAndNumbered => keys.extend(words.iter().copied().take(1).chain(numbered(words, 2))),
            Self::Sort => keys.extend(words.iter().copied().take(1).chain(stored_by_sort(words))),
            Self::Streams => keys.extend(streams(words)),
        }
    }

    /// The first key, the last one and the distance between two, as COMMAND INFO tells them: 0 where they have no fixed places.
    ///
    /// ```
    /// use nedb_compat::redis::command;
    /// assert_eq!(command(b"MSET").map(|command| command.keys.positions()), Some((1, -1, 2)));
    /// ```
    pub fn positions(self) -> (i64, i64, i64) {
        match self {
            Self::None | Self::Every | Self::Numbered { .. } | Self::Streams => (0, 0, 0),
            Self::At { first, last, step } => {
                let place = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
                (place(first), i64::try_from(last).unwrap_or(i64::MAX), place(step))
            }
            Self::DestinationAndNumbered | Self::Sort => (1, 1, 1),
        }
    }

    /// Whether other words of a call say where keys stand.
    pub(super) const fn are_movable(self) -> bool {
        matches!(self, Self::Numbered { .. } | Self::DestinationAndNumbered | Self::Sort | Self::Streams)
    }
}

/// As many words as the one at a position says, behind it.
fn numbered<'w, 'a>(words: &'a [&'w [u8]], at: usize) -> impl Iterator<Item = &'w [u8]> + use<'w, 'a> {
    let number = words.get(at - 1).and_then(|word| number::integer(word)).unwrap_or_default();
    words.iter().skip(at).take(usize::try_from(number).unwrap_or_default()).copied()
}

/// The keys of XREAD and XREADGROUP, whose options may have words that look like STREAMS.
fn streams<'w, 'a>(words: &'a [&'w [u8]]) -> &'a [&'w [u8]] {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += match word.to_ascii_uppercase().as_slice() {
            b"STREAMS" => {
                let behind = words.get(at + 1..).unwrap_or_default();
                return behind.get(..behind.len() / 2).unwrap_or_default();
            }
            b"GROUP" => 3,
            b"COUNT" | b"BLOCK" => 2,
            _ => 1,
        };
    }
    &[]
}

/// Where SORT writes: what stands behind the last STORE that is an option and no pattern.
fn stored_by_sort<'w>(words: &[&'w [u8]]) -> Option<&'w [u8]> {
    let (mut options, mut destination) = (words.get(1..).unwrap_or_default().iter(), None);
    while let Some(word) = options.next() {
        match word.to_ascii_uppercase().as_slice() {
            b"STORE" => destination = options.next().copied().or(destination),
            b"BY" | b"GET" => drop(options.next()),
            _ => {}
        }
    }
    destination
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn keys_are_found_where_the_table_says() {
        let words: [&[u8]; 5] = [b"2", b"a", b"b", b"c", b"d"];
        assert_eq!(Keys::Numbered { at: 1 }.of(&words), [b"a", b"b"]);
        assert_eq!(Keys::DestinationAndNumbered.of(&[b"to", b"2", b"a", b"b", b"c"]), [b"to".as_slice(), b"a", b"b"]);
        assert_eq!(Keys::Sort.of(&[b"l", b"BY", b"store", b"store", b"to"]), [b"l".as_slice(), b"to"]);
        assert_eq!(Keys::Sort.of(&[b"l", b"GET", b"STORE"]), [b"l"]);
        let read: [&[u8]; 8] = [b"GROUP", b"streams", b"c", b"STREAMS", b"a", b"b", b">", b">"];
        assert_eq!(Keys::Streams.of(&read), [b"a", b"b"]);
        assert_eq!(Keys::ALL.of(&words).len(), 5);
        assert_eq!(Keys::PAIRS.of(&words), [b"2", b"b", b"d"]);
        assert_eq!(Keys::ONE.of(&[]), Vec::<&[u8]>::new());
    }
}
