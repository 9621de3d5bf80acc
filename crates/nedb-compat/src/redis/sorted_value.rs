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

use nedb::{Object, Result, Value, ValueRef};

use super::keyspace::{Header, Kind};
use super::layout::{self, CONTAINER_BYTES, DocKey, ORDER, SORTED};
use super::number;
use super::refusal::wrong_type;
use super::tx::{Record, Span, Tx, Walk};

/// The field of a member's record that holds its score.
const SCORE: &str = "score";

/// The digits of a score in an id.
const SCORE_BYTES: usize = 16;

/// A member with its score.
pub(super) type Scored = (Vec<u8>, f64);

/// The sorted set under a key, as one transaction sees and changes it.
pub(super) struct SortedSet<'k> {
    key: &'k [u8],
    pub(super) header: Header,
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
    /// The sorted set under a key; `None` when nothing is there, WRONGTYPE when something else is.
    pub(super) fn find(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Option<Self>> {
        Ok(tx.header(key, Kind::Sorted)?.map(|header| Self { key, header }))
    }

    /// The sorted set under a key, or a new one.
    pub(super) fn open(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        Ok(Self { key, header: tx.header_or_new(key, Kind::Sorted)? })
    }

    /// A sorted set in place of whatever lies under a key.
    pub(super) fn replace(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        tx.remove(key)?;
        Ok(Self { key, header: Header::new(tx, Kind::Sorted) })
    }

    pub(super) fn len(&self) -> u64 {
        self.header.count
    }

    fn place(&self, member: &[u8]) -> DocKey {
        DocKey::part(SORTED, &self.header.container, member)
    }

    fn order(&self, member: &[u8], score: f64) -> DocKey {
        DocKey::part(ORDER, &self.header.container, &[layout::sortable_score(score).as_bytes(), member].concat())
    }

    pub(super) fn score(&self, tx: &Tx<'_>, member: &[u8]) -> Result<Option<f64>> {
        tx.get(&self.place(member))?.map(|record| score_of_record(&record)).transpose()
    }

    /// Writes a member, whose score was `old` before.
    pub(super) fn set(&mut self, tx: &mut Tx<'_>, member: &[u8], score: f64, old: Option<f64>) -> Result<()> {
        let rank = layout::rank_of_score(score);
        (self.header.first, self.header.last) = (self.header.first.min(rank), self.header.last.max(rank));
        let mut object = Object::new();
        object.insert(SCORE, score_value(score)?);
        tx.put(self.place(member), &object, None)?;
        match old {
            Some(old) => tx.delete(self.order(member, old)),
            None => self.header.count += 1,
        }
        tx.put(self.order(member, score), &Object::new(), None)
    }

    pub(super) fn remove(&mut self, tx: &mut Tx<'_>, (member, score): &Scored) {
        tx.delete(self.place(member));
        tx.delete(self.order(member, *score));
        self.header.count -= 1;
    }

    /// Members in their order, or against it.
    pub(super) fn walk(&self, tx: &Tx<'_>, is_reverse: bool) -> Result<Members> {
        self.walk_between(tx, Edge::Before(f64::NEG_INFINITY), Edge::Behind(f64::INFINITY), is_reverse)
    }

    /// Members between two places, in their order or against it.
    pub(super) fn walk_between(&self, tx: &Tx<'_>, from: Edge, to: Edge, is_reverse: bool) -> Result<Members> {
        let container = self.header.container.as_slice();
        // What was taken from the ends is still in the index, for reads of the past: the bounds keep walks off it.
        let (from, to) = (from.rank().max(self.header.first), to.rank().min(self.header.last.saturating_add(1)));
        let id = |rank: u64| [container, layout::sortable(rank).as_bytes()].concat();
        let (from, to) = (id(from), id(to));
        let span = Span { from: Some(&from), to: Some(&to), is_reverse, ..Span::prefix(ORDER, container) };
        Ok(Members(tx.walk(&span)?))
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
        let walk = self.walk(tx, is_reverse == is_near)?.skip(skipped).take(wanted);
        let mut members: Vec<Scored> = walk.collect::<Result<_>>()?;
        if !is_near {
            members.reverse();
        }
        Ok(members)
    }

    /// Notes that no member is left between two places.
    pub(super) fn note_removed(&mut self, from: Edge, to: Edge) {
        let header = &mut self.header;
        if from.rank() <= header.first {
            header.first = header.first.max(to.rank());
        }
        if to.rank() > header.last {
            header.last = header.last.min(from.rank());
        }
    }

    /// Writes the header, the version of the sorted set; one without members is no more.
    pub(super) fn save(&self, tx: &mut Tx<'_>) -> Result<()> {
        self.header.save(tx, self.key)
    }
}

/// Members with their scores, read from their places in the order.
pub(super) struct Members(Walk);

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
