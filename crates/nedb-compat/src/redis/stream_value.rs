//! A stream: one record for each entry, under its id, and a header that tells the last id, how many were ever added, and the
//! greatest that was deleted.
//!
//! ```text
//! _kv      key                     {type: stream, container, count, first, last, deleted, added}
//! _stream  container id            {fields: [name, value, ..]}
//! ```
//!
//! Promises: adding an entry writes it and the header, at any length; a range begins at once at its first id; a stream without
//! entries stays a stream. What was removed from the front is passed once, as in a sorted set.

use nedb::{Object, Result, Value};

use super::keyspace::{Header, Kind};
use super::layout::{self, CONTAINER_BYTES, DocKey, STREAM};
use super::refusal::wrong_type;
use super::reply::Reply;
use super::stream_id::StreamId;
use super::tx::{Record, Span, Tx};

/// The field of an entry's record that holds its fields.
const FIELDS: &str = "fields";

/// What the header of a stream tells beyond the number of its entries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamState {
    /// No entry lies below it.
    pub(super) first: StreamId,
    /// The last id that was given.
    pub(super) last: StreamId,
    /// The greatest id that XDEL deleted.
    pub(super) deleted: StreamId,
    /// How many entries were ever added.
    pub(super) added: u64,
}

/// The stream under a key, as one transaction sees and changes it.
pub(super) struct Stream<'k> {
    key: &'k [u8],
    pub(super) header: Header,
    is_first_gone: bool,
}

/// An entry: its id with its fields.
pub(super) type Entry = (StreamId, Vec<Vec<u8>>);

/// The answer that an entry is.
pub(super) fn entry_reply((id, fields): Entry) -> Reply {
    Reply::Array(vec![Reply::bulk(id.text()), Reply::bulks(fields)])
}

impl<'k> Stream<'k> {
    fn of(key: &'k [u8], header: Header) -> Self {
        Self { key, header, is_first_gone: false }
    }

    /// The stream under a key; `None` when nothing is there, WRONGTYPE when something else is.
    pub(super) fn find(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Option<Self>> {
        Ok(tx.header(key, Kind::Stream)?.map(|header| Self::of(key, header)))
    }

    /// The stream under a key, or a new one.
    pub(super) fn open(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        Ok(Self::of(key, tx.header_or_new(key, Kind::Stream)?))
    }

    pub(super) fn key(&self) -> &'k [u8] {
        self.key
    }

    pub(super) fn len(&self) -> u64 {
        self.header.count
    }

    pub(super) fn state(&self) -> StreamState {
        self.header.stream
    }

    pub(super) fn container(&self) -> &[u8] {
        &self.header.container
    }

    fn place(&self, id: StreamId) -> DocKey {
        DocKey::part(STREAM, &self.header.container, id.digits().as_bytes())
    }

    /// Adds an entry behind all others.
    pub(super) fn add(&mut self, tx: &mut Tx<'_>, id: StreamId, fields: &[&[u8]]) -> Result<()> {
        let mut object = Object::new();
        object.insert(FIELDS, Value::Array(fields.iter().map(|field| layout::value_of(field)).collect()));
        tx.put(self.place(id), &object, None)?;
        let Header { count, stream, .. } = &mut self.header;
        if *count == 0 {
            stream.first = id;
        }
        *count += 1;
        stream.last = id;
        stream.added += 1;
        Ok(())
    }

    /// So many entries from one id to another, both included.
    pub(super) fn range(
        &self,
        tx: &Tx<'_>,
        ends: (StreamId, StreamId),
        is_reverse: bool,
        most: usize,
    ) -> Result<Vec<Entry>> {
        let container = self.container();
        let from = [container, ends.0.max(self.state().first).digits().as_bytes()].concat();
        let to = [container, ends.1.digits().as_bytes(), &[0]].concat();
        let span = Span { from: Some(&from), to: Some(&to), is_reverse, most, ..Span::prefix(STREAM, container) };
        let kept = |found: Result<(Vec<u8>, Record)>| {
            let found = found?;
            tx.keep(found.0.len() + found.1.document.as_bytes().len())?;
            entry(&found)
        };
        tx.walk(&span)?.take(most).map(kept).collect()
    }

    /// The fields of one entry.
    pub(super) fn get(&self, tx: &Tx<'_>, id: StreamId) -> Result<Option<Vec<Vec<u8>>>> {
        let Some(record) = tx.get(&self.place(id))? else { return Ok(None) };
        tx.keep(record.document.as_bytes().len())?;
        fields(&record).map(Some)
    }

    /// Removes an entry; `false` when it is not there.
    pub(super) fn remove(&mut self, tx: &mut Tx<'_>, id: StreamId) -> Result<bool> {
        let place = self.place(id);
        if tx.get(&place)?.is_none() {
            return Ok(false);
        }
        tx.delete(place);
        self.header.count -= 1;
        self.is_first_gone |= id <= self.state().first;
        Ok(true)
    }

    /// How many entries were added up to an id, where that can be told: what consumers read and what they lag behind.
    pub(super) fn added_up_to(&self, id: StreamId) -> Option<u64> {
        let StreamState { first, last, deleted, added } = self.state();
        let count = self.len();
        if added == 0 {
            return Some(0);
        }
        if id == last || (count == 0 && id < last) {
            return Some(added);
        }
        // Between the ends it can be told only of the first entry, and only when none behind it was deleted.
        let is_whole = deleted == StreamId::MIN || deleted < first;
        match id.cmp(&first) {
            _ if id > last || !is_whole => None,
            std::cmp::Ordering::Less => Some(added - count),
            std::cmp::Ordering::Equal => Some(added - count + 1),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// Whether an entry from an id on was deleted.
    pub(super) fn has_deleted_from(&self, id: StreamId) -> bool {
        let StreamState { first, deleted, .. } = self.state();
        self.len() > 0 && deleted != StreamId::MIN && first <= deleted && id <= deleted
    }

    /// Writes the header, the version of the stream.
    pub(super) fn save(mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.is_first_gone {
            let first = self.range(tx, (StreamId::MIN, StreamId::MAX), false, 1)?.pop();
            self.header.stream.first = first.map_or(StreamId::MIN, |(id, _)| id);
        }
        self.header.save(tx, self.key)
    }
}

fn entry((id, record): &(Vec<u8>, Record)) -> Result<Entry> {
    let digits = id.get(CONTAINER_BYTES..).unwrap_or_default();
    Ok((StreamId::of_digits(digits).ok_or_else(wrong_type)?, fields(record)?))
}

fn fields(record: &Record) -> Result<Vec<Vec<u8>>> {
    match record.document.as_document().get(FIELDS)?.ok_or_else(wrong_type)?.to_value()? {
        Value::Array(fields) => fields.iter().map(layout::bytes_of).collect(),
        _ => Err(wrong_type()),
    }
}
