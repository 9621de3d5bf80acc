//! A sorted set: a record that tells the score of each member, a record that tells its place in the order, and a header.
//!
//! ```text
//! _zset    container ada    {score: 36}
//! _zorder  container c042000000000000 ada   {}       the digits of a score sort as scores do
//! ```
//!
//! Two records for each member, because a range must not sort and a score must be found by its member: asking for a score is
//! one look-up, a range begins at once at a score, and a rank is a walk from the nearer end. A member has at most 992
//! bytes (`id_too_long`).
//!
//! What was removed is still in the index, for reads of the past, and a walk passes it. So the header tells the first and
//! the last place, and whatever takes away the member there looks for the next one: what is gone is passed once, and not by
//! every walk from that end.

use nedb::{Object, Result, Value, ValueRef};

use super::keyspace::{Header, Kind};
use super::layout::{self, CONTAINER_BYTES, DocKey, ORDER, SCORE_BYTES, SORTED};
use super::number;
use super::refusal::wrong_type;
use super::tx::{Record, Span, Tx, Walk};

/// The field of a member's record that holds its score.
const SCORE: &str = "score";

/// How much of a place the header keeps: every change of the set writes it.
const BOUND_BYTES_MAX: usize = SCORE_BYTES + 48;

/// A member with its score.
pub(super) type Scored = (Vec<u8>, f64);

/// The sorted set under a key, as one transaction sees and changes it.
pub(super) struct SortedSet<'k> {
    key: &'k [u8],
    pub(super) header: Header,
    /// Whether a member at the first or the last place is gone.
    is_low_gone: bool,
    is_high_gone: bool,
}

/// A place in the order of scores: in front of all members of a score, or behind them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Edge {
    Before(f64),
    Behind(f64),
}

impl Edge {
    /// The least number, of those that sort as scores do, that lies behind this place.
    fn rank(self) -> u64 {
        match self {
            Self::Before(score) => layout::rank_of_score(score),
            // The greatest score is infinity, behind which there are numbers that are none.
            Self::Behind(score) => layout::rank_of_score(score) + 1,
        }
    }
}

impl<'k> SortedSet<'k> {
    fn of(key: &'k [u8], header: Header) -> Self {
        Self { key, header, is_low_gone: false, is_high_gone: false }
    }

    /// The sorted set under a key; `None` when nothing is there, WRONGTYPE when something else is.
    pub(super) fn find(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Option<Self>> {
        Ok(tx.header(key, Kind::Sorted)?.map(|header| Self::of(key, header)))
    }

    /// The sorted set under a key, or a new one.
    pub(super) fn open(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        Ok(Self::of(key, tx.header_or_new(key, Kind::Sorted)?))
    }

    /// A sorted set in place of whatever lies under a key.
    pub(super) fn replace(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        tx.remove(key)?;
        Ok(Self::of(key, Header::new(tx, Kind::Sorted)))
    }

    pub(super) fn key(&self) -> &'k [u8] {
        self.key
    }

    pub(super) fn len(&self) -> u64 {
        self.header.count
    }

    fn place(&self, member: &[u8]) -> DocKey {
        DocKey::part(SORTED, &self.header.container, member)
    }

    fn order(&self, place: &[u8]) -> DocKey {
        DocKey::part(ORDER, &self.header.container, place)
    }

    pub(super) fn score(&self, tx: &Tx<'_>, member: &[u8]) -> Result<Option<f64>> {
        tx.get(&self.place(member))?.map(|record| score_of_record(&record)).transpose()
    }

    /// Writes a member, whose score was `old` before.
    pub(super) fn set(&mut self, tx: &mut Tx<'_>, member: &[u8], score: f64, old: Option<f64>) -> Result<()> {
        let mut object = Object::new();
        object.insert(SCORE, score_value(score)?);
        tx.put(self.place(member), &object, None)?;
        match old {
            Some(old) => self.leave(tx, &place_in_order(member, old)),
            None => self.header.count += 1,
        }
        let place = place_in_order(member, score);
        tx.put(self.order(&place), &Object::new(), None)?;
        let Header { low, high, .. } = &mut self.header;
        if low.is_empty() || place < *low {
            *low = bound(&place);
        }
        if place > *high && !place.starts_with(high) || high.is_empty() {
            *high = bound(&place);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, tx: &mut Tx<'_>, member: &[u8], score: f64) {
        tx.delete(self.place(member));
        self.leave(tx, &place_in_order(member, score));
        self.header.count -= 1;
    }

    /// Deletes a place in the order.
    fn leave(&mut self, tx: &mut Tx<'_>, place: &[u8]) {
        tx.delete(self.order(place));
        self.is_low_gone |= place.starts_with(&self.header.low);
        self.is_high_gone |= place.starts_with(&self.header.high);
    }

    /// Finds the first and the last place anew where the member there is gone.
    fn tighten(&mut self, tx: &Tx<'_>) -> Result<()> {
        if self.header.count == 0 {
            return Ok(());
        }
        for is_reverse in [false, true] {
            if !(if is_reverse { self.is_high_gone } else { self.is_low_gone }) {
                continue;
            }
            let Some((member, score)) = self.walk(tx, is_reverse, 1)?.next().transpose()? else { continue };
            let found = bound(&place_in_order(&member, score));
            *(if is_reverse { &mut self.header.high } else { &mut self.header.low }) = found;
        }
        Ok(())
    }

    /// So many members in their order, or against it.
    pub(super) fn walk(&self, tx: &Tx<'_>, is_reverse: bool, most: usize) -> Result<Members> {
        let (low, high) = (self.header.low.clone(), behind_all_of(&self.header.high));
        self.walk_places(tx, &low, &high, is_reverse, most)
    }

    /// Members between two places, in their order or against it.
    pub(super) fn walk_between(&self, tx: &Tx<'_>, from: Edge, to: Edge, is_reverse: bool) -> Result<Members> {
        let digits = |edge: Edge| layout::sortable(edge.rank()).as_bytes().to_vec();
        let from = digits(from).max(self.header.low.clone());
        let to = digits(to).min(behind_all_of(&self.header.high));
        self.walk_places(tx, &from, &to, is_reverse, usize::MAX)
    }

    fn walk_places(&self, tx: &Tx<'_>, from: &[u8], to: &[u8], is_reverse: bool, most: usize) -> Result<Members> {
        let container = self.header.container.as_slice();
        let (from, to) = ([container, from].concat(), [container, to].concat());
        let span = Span { from: Some(&from), to: Some(&to), is_reverse, most, ..Span::prefix(ORDER, container) };
        Ok(Members(tx.walk(&span)?.take(most)))
    }

    /// The members of some ranks, counted from the front or from the back.
    pub(super) fn ranks(&self, tx: &Tx<'_>, range: std::ops::Range<u64>, is_reverse: bool) -> Result<Vec<Scored>> {
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let (before, behind) = (range.start, self.len() - range.end);
        let is_near = before <= behind;
        let skipped = usize::try_from(before.min(behind)).unwrap_or(usize::MAX);
        let walk = self.walk(tx, is_reverse == is_near, skipped.saturating_add(wanted))?.skip(skipped);
        let kept = |found: Result<Scored>| {
            let found = found?;
            tx.keep(size_of::<Scored>() + found.0.len())?;
            Ok(found)
        };
        let mut members: Vec<Scored> = walk.map(kept).collect::<Result<_>>()?;
        if !is_near {
            members.reverse();
        }
        Ok(members)
    }

    /// Writes the header, the version of the sorted set; one without members is no more.
    pub(super) fn save(mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.tighten(tx)?;
        self.header.save(tx, self.key)
    }
}

/// Where a member lies in the order, behind the container.
fn place_in_order(member: &[u8], score: f64) -> Vec<u8> {
    [layout::sortable_score(score).as_bytes(), member].concat()
}

/// What the header keeps of a place.
fn bound(place: &[u8]) -> Vec<u8> {
    place.get(..BOUND_BYTES_MAX).unwrap_or(place).to_vec()
}

/// The least place behind all that begin with a bound.
fn behind_all_of(bound: &[u8]) -> Vec<u8> {
    let mut end = bound.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// Members with their scores, read from their places in the order.
pub(super) struct Members(std::iter::Take<Walk>);

impl Iterator for Members {
    type Item = Result<Scored>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.0.next()?;
        Some(place.and_then(|(id, _)| {
            let part = id.get(CONTAINER_BYTES..).unwrap_or_default();
            let (digits, member) = part.split_at_checked(SCORE_BYTES).ok_or_else(wrong_type)?;
            Ok((member.to_vec(), layout::score_of(digits).ok_or_else(wrong_type)?))
        }))
    }
}

/// A score as a document holds it: infinite ones are no numbers there.
fn score_value(score: f64) -> Result<Value> {
    if score.is_infinite() { Ok(Value::from(number::double_text(score))) } else { Value::float(score) }
}

pub(super) fn score_of_record(record: &Record) -> Result<f64> {
    match record.document.as_document().get(SCORE)? {
        Some(ValueRef::F64(score)) => Ok(score.get()),
        Some(ValueRef::String(text)) => number::float(text.as_bytes()).ok_or_else(wrong_type),
        _ => Err(wrong_type()),
    }
}
