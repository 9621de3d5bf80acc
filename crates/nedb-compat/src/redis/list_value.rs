//! A list: one record for each element, under a position that sorts, and a header.
//!
//! ```text
//! header   first = 7fff..fe                      last = 8000..01
//! records  7fff..fe "c"   7fff..ff "b"   8000..00 "a"   8000..01 "d"
//!          LPUSH takes first - 1                        RPUSH takes last + 1
//! ```
//!
//! Promises: a push or a pop at either end writes one element and the header, however long the list. As long as nothing was
//! inserted or taken out in the middle, an element is found by its index at once; after that by walking from the nearer
//! end. An insertion takes a position between its neighbours', with more digits when there is none, and moves nobody.

use std::iter::Take;

use nedb::Result;

use super::hash_value::value_of_record;
use super::keyspace::{Header, Kind};
use super::layout::{self, CONTAINER_BYTES, DocKey, LIST};
use super::refusal::wrong_type;
use super::tx::{Record, Span, Tx, Walk};

/// The digits of a whole position.
const POSITION_DIGITS: usize = 16;

/// The longest position: reached after some thousand insertions at one place, which then costs a rewrite of the list.
const POSITION_BYTES_MAX: usize = 512;

/// One end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Left,
    Right,
}

impl End {
    /// What putting an element there is called in notifications.
    pub(super) const fn push_event(self) -> &'static str {
        if matches!(self, Self::Left) { "lpush" } else { "rpush" }
    }

    /// What taking an element from there is called.
    pub(super) const fn pop_event(self) -> &'static str {
        if matches!(self, Self::Left) { "lpop" } else { "rpop" }
    }
}

/// The list under a key, as one transaction sees and changes it.
pub(super) struct List<'k> {
    key: &'k [u8],
    header: Header,
}

/// An element with its place.
pub(super) struct Element {
    id: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Element {
    fn read(found: Result<(Vec<u8>, Record)>) -> Result<Self> {
        let (id, record) = found?;
        Ok(Self { value: value_of_record(&record)?, id })
    }

    /// Reads one that is kept for an answer.
    fn read_to_keep(tx: &Tx<'_>, found: Result<(Vec<u8>, Record)>) -> Result<Self> {
        let element = Self::read(found)?;
        tx.keep(element.id.len() + element.value.len())?;
        Ok(element)
    }

    /// The whole position at which the element lies, or behind which it was inserted.
    fn whole_position(&self) -> Result<u64> {
        let digits = self.id.get(CONTAINER_BYTES..CONTAINER_BYTES + POSITION_DIGITS).unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|error| wrong_type().with_source(error))?;
        u64::from_str_radix(digits, 16).map_err(|error| wrong_type().with_source(error))
    }

    /// Gives the element another value.
    pub(super) fn replace(self, tx: &mut Tx<'_>, value: &[u8]) -> Result<()> {
        write(tx, self.id, value)
    }
}

impl<'k> List<'k> {
    /// The list under a key; `None` when nothing is there, WRONGTYPE when something else is.
    pub(super) fn find(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Option<Self>> {
        Ok(tx.header(key, Kind::List)?.map(|header| Self { key, header }))
    }

    /// The list under a key, or a new one.
    pub(super) fn open(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        Ok(Self { key, header: tx.header_or_new(key, Kind::List)? })
    }

    /// A list in place of whatever lies under a key.
    pub(super) fn replace(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        tx.remove(key)?;
        Ok(Self { key, header: Header::new(tx, Kind::List) })
    }

    pub(super) fn len(&self) -> u64 {
        self.header.count
    }

    fn id(&self, position: u64) -> Vec<u8> {
        [self.header.container.as_slice(), layout::sortable(position).as_bytes()].concat()
    }

    pub(super) fn push(&mut self, tx: &mut Tx<'_>, end: End, value: &[u8]) -> Result<()> {
        let position = match end {
            End::Left => {
                self.header.first -= 1;
                self.header.first
            }
            End::Right => {
                self.header.last += 1;
                self.header.last
            }
        };
        self.header.count += 1;
        let place = DocKey::part(LIST, &self.header.container, layout::sortable(position).as_bytes());
        tx.put_value(place, value, None)
    }

    /// Takes up to so many elements from an end, the outermost first.
    pub(super) fn pop(&mut self, tx: &mut Tx<'_>, end: End, count: u64) -> Result<Vec<Vec<u8>>> {
        let count = count.min(self.len());
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let elements: Vec<Element> = self.walk(tx, end, wanted)?.map(Element::read).collect::<Result<_>>()?;
        self.drop_from_end(end, count);
        if let Some(innermost) = elements.last().filter(|_| self.header.has_gaps) {
            // What is left lies behind it: later walks need not pass what is gone.
            match end {
                End::Left => self.header.first = innermost.whole_position()?,
                End::Right => self.header.last = innermost.whole_position()?,
            }
        }
        Ok(elements
            .into_iter()
            .map(|element| {
                tx.delete(DocKey::new(LIST, element.id));
                element.value
            })
            .collect())
    }

    /// Notes that the outermost elements of an end are gone.
    fn drop_from_end(&mut self, end: End, count: u64) {
        let header = &mut self.header;
        header.count -= count;
        match end {
            _ if header.has_gaps => {}
            End::Left => header.first += count,
            End::Right => header.last -= count,
        }
    }

    /// So many elements from an end on.
    fn walk(&self, tx: &Tx<'_>, end: End, most: usize) -> Result<Take<Walk>> {
        // What was taken from the ends is still in the index, for reads of the past: the bounds keep walks off it.
        let (from, to) = (self.id(self.header.first), self.id(self.header.last + 1));
        let container = self.header.container.as_slice();
        let is_reverse = end == End::Right;
        let span = Span { from: Some(&from), to: Some(&to), is_reverse, most, ..Span::prefix(LIST, container) };
        Ok(tx.walk(&span)?.take(most))
    }

    /// All elements, from one end to the other.
    pub(super) fn elements(&self, tx: &Tx<'_>, end: End) -> Result<impl Iterator<Item = Result<Element>> + use<>> {
        Ok(self.walk(tx, end, usize::MAX)?.map(Element::read))
    }

    /// The elements from one index to another.
    pub(super) fn range(&self, tx: &Tx<'_>, range: std::ops::Range<u64>) -> Result<Vec<Element>> {
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        if !self.header.has_gaps {
            let from = self.id(self.header.first + range.start);
            let span = Span { from: Some(&from), most: wanted, ..Span::prefix(LIST, &self.header.container) };
            return tx.walk(&span)?.take(wanted).map(|found| Element::read_to_keep(tx, found)).collect();
        }
        let (from_left, from_right) = (range.start, self.len() - range.end);
        let end = if from_left <= from_right { End::Left } else { End::Right };
        let skipped = usize::try_from(from_left.min(from_right)).unwrap_or(usize::MAX);
        let walk = self.walk(tx, end, skipped.saturating_add(wanted))?.skip(skipped);
        let mut elements: Vec<Element> = walk.map(|found| Element::read_to_keep(tx, found)).collect::<Result<_>>()?;
        if end == End::Right {
            elements.reverse();
        }
        Ok(elements)
    }

    /// Takes elements out.
    pub(super) fn remove(&mut self, tx: &mut Tx<'_>, elements: Vec<Element>) {
        for element in elements {
            if element.id == self.id(self.header.first) {
                self.drop_from_end(End::Left, 1);
            } else if element.id == self.id(self.header.last) {
                self.drop_from_end(End::Right, 1);
            } else {
                self.header.count -= 1;
                self.header.has_gaps = true;
            }
            tx.delete(DocKey::new(LIST, element.id));
        }
    }

    /// Keeps only the elements from one index to another.
    pub(super) fn trim(&mut self, tx: &mut Tx<'_>, kept: std::ops::Range<u64>) -> Result<()> {
        let (left, right) = if kept.is_empty() { (self.len(), 0) } else { (kept.start, self.len() - kept.end) };
        self.pop(tx, End::Left, left)?;
        self.pop(tx, End::Right, right)?;
        Ok(())
    }

    /// Puts a value beside the first element that equals the pivot; `false` when there is none.
    pub(super) fn insert(&mut self, tx: &mut Tx<'_>, pivot: &[u8], side: End, value: &[u8]) -> Result<bool> {
        let (mut before, mut found) = (None, None);
        let mut elements = self.elements(tx, End::Left)?;
        for element in elements.by_ref() {
            let element = element?;
            if element.value == pivot {
                found = Some(element);
                break;
            }
            before = Some(element);
        }
        let Some(found) = found else { return Ok(false) };
        let (left, right) = match side {
            End::Left => (before, Some(found)),
            End::Right => (Some(found), elements.next().transpose()?),
        };
        match (left, right) {
            (Some(left), Some(right)) => {
                let position = |element: &Element| element.id.get(CONTAINER_BYTES..).unwrap_or_default().to_vec();
                let between = between(&position(&left), &position(&right));
                if between.len() > POSITION_BYTES_MAX {
                    self.renumber(tx)?;
                    return self.insert(tx, pivot, side, value);
                }
                self.header.count += 1;
                self.header.has_gaps = true;
                write(tx, [self.header.container.as_slice(), &between].concat(), value)?;
            }
            (None, _) => self.push(tx, End::Left, value)?,
            (_, None) => self.push(tx, End::Right, value)?,
        }
        Ok(true)
    }

    /// Gives every element a position of its own again.
    fn renumber(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let values = self.pop(tx, End::Left, self.len())?;
        self.header = Header { times: self.header.times.clone(), ..Header::new(tx, Kind::List) };
        for value in values {
            self.push(tx, End::Right, &value)?;
        }
        Ok(())
    }

    /// Writes the header, the version of the list; a list without elements is no more.
    pub(super) fn save(&self, tx: &mut Tx<'_>) -> Result<()> {
        self.header.save(tx, self.key)
    }
}

/// Writes one element.
fn write(tx: &mut Tx<'_>, id: Vec<u8>, value: &[u8]) -> Result<()> {
    tx.put_value(DocKey::new(LIST, id), value, None)
}

/// A position between two others, as hexadecimal digits that sort between theirs.
///
/// The digits that both share, then one half way between those that differ; where they are neighbours the left one is kept
/// and the new position lies half way behind what follows it.
fn between(left: &[u8], right: &[u8]) -> Vec<u8> {
    let digit = |text: &[u8], place: usize| {
        let digit = text.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        digit.unwrap_or_default()
    };
    let mut digits = Vec::with_capacity(left.len().max(right.len()) + 1);
    let mut place = 0;
    while digit(left, place) == digit(right, place) && place < right.len() {
        digits.push(digit(left, place));
        place += 1;
    }
    let (low, high) = (digit(left, place), digit(right, place));
    if high > low + 1 {
        digits.push(u32::midpoint(low, high));
    } else {
        digits.push(low);
        place += 1;
        while digit(left, place) == 15 {
            digits.push(15);
            place += 1;
        }
        digits.push(u32::midpoint(digit(left, place), 17));
    }
    // Nothing shorter than a whole position.
    digits.resize(digits.len().max(POSITION_DIGITS), 0);
    let text: String = digits.into_iter().filter_map(|digit| char::from_digit(digit, 16)).collect();
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn there_is_a_position_between_any_two() {
        let mut positions: Vec<Vec<u8>> =
            vec![b"8000000000000000".to_vec(), b"8000000000000001".to_vec(), b"8000000000000040".to_vec()];
        // Always beside the same one, then everywhere.
        for round in 0..400 {
            let place = if round < 200 { 1 } else { 1 + round * 7 % (positions.len() - 1) };
            let new = between(&positions[place - 1], &positions[place]);
            assert!(positions[place - 1] < new && new < positions[place], "{round}");
            assert!(new.len() == 16 || new.last() != Some(&b'0'));
            positions.insert(place, new);
        }
        assert!(positions.iter().all(|position| position.len() < 80));
    }
}
