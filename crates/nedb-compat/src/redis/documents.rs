//! What a transaction knows of documents: the version at which it saw each, and what it has made of it.
//!
//! Promises: a document is found by its place at once, and those that were written are walked in the order of their places; they are
//! put in order only where somebody walks. Leaves to others: what the documents mean.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::HashTable;
use nedb::Seq;

use super::keyspace::Header;
use super::layout::DocKey;
use super::tx::{Record, Span};

/// What a transaction has made of a document.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// A document; when it is the header of a value also that, which the next command on the key takes as it is.
    Put(Record, Option<Arc<Header>>),
    /// Only the end of its lifetime is another.
    Expiry(Record),
    Deleted,
}

impl Written {
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Put(record, _) | Self::Expiry(record) => Some(record),
            Self::Deleted => None,
        }
    }
}

/// The version at which a document was seen; `None` where there was none.
pub(super) type Seen = Option<Seq>;

struct Known {
    place: DocKey,
    /// What the commit demands, unless the document is not depended on.
    seen: Option<Seen>,
    written: Option<Written>,
}

/// The places of what was written, and perhaps of what was taken back again.
#[derive(Default)]
struct Order {
    sorted: BTreeSet<DocKey>,
    /// What came since somebody walked.
    added: Vec<DocKey>,
}

#[derive(Default)]
pub(super) struct Documents {
    known: HashTable<Known>,
    order: RefCell<Order>,
}

impl Documents {
    fn find(&self, place: &DocKey) -> Option<&Known> {
        self.known.find(place.table_hash(), |known| known.place == *place)
    }

    fn entry(&mut self, place: &DocKey) -> &mut Known {
        let is_it = |known: &Known| known.place == *place;
        let entry = self.known.entry(place.table_hash(), is_it, |known| known.place.table_hash());
        entry.or_insert_with(|| Known { place: place.clone(), seen: None, written: None }).into_mut()
    }

    /// What the transaction has made of a document.
    pub(super) fn written(&self, place: &DocKey) -> Option<&Written> {
        self.find(place)?.written.as_ref()
    }

    /// Notes at which version a document was seen, unless it was seen before.
    pub(super) fn note_seen(&mut self, place: &DocKey, seen: Seen) {
        self.entry(place).seen.get_or_insert(seen);
    }

    /// Notes at which version a document has to be.
    pub(super) fn demand(&mut self, place: &DocKey, seen: Seen) {
        self.entry(place).seen = Some(seen);
    }

    /// Notes what became of a document, and returns what had become of it before.
    pub(super) fn write(&mut self, place: &DocKey, written: Written) -> Option<Written> {
        let before = self.entry(place).written.replace(written);
        if before.is_none() {
            self.order.get_mut().added.push(place.clone());
        }
        before
    }

    /// Takes back what was written over this.
    pub(super) fn restore(&mut self, place: &DocKey, before: Option<Written>) {
        self.entry(place).written = before;
    }

    /// What became of a document, and for the first writing of it also what the commit demands of it, which it then no longer does by itself.
    pub(super) fn seal(&mut self, place: &DocKey, is_first: bool) -> Option<(&Written, Option<Seen>)> {
        let is_it = |known: &Known| known.place == *place;
        let known = self.known.find_mut(place.table_hash(), is_it)?;
        let seen = if is_first { known.seen.take() } else { None };
        Some((known.written.as_ref()?, seen))
    }

    /// The names of the collections of what was written.
    pub(super) fn collections(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter(|known| known.written.is_some()).map(|known| &*known.place.collection)
    }

    /// What the commit demands, in the order of the places.
    pub(super) fn into_demands(self) -> Vec<(DocKey, Seen)> {
        let demand = |known: Known| known.seen.map(|seen| (known.place, seen));
        let mut demands: Vec<(DocKey, Seen)> = self.known.into_iter().filter_map(demand).collect();
        demands.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        demands
    }

    /// What was written in a span, in its direction, up to as many documents as will be asked for.
    pub(super) fn written_in(&self, span: &Span<'_>) -> Vec<(Vec<u8>, Option<Record>)> {
        let mut order = self.order.borrow_mut();
        let Order { sorted, added } = &mut *order;
        sorted.extend(added.drain(..));
        if sorted.is_empty() {
            return Vec::new();
        }
        let collection: Arc<str> = span.collection.into();
        let from = DocKey::new(Arc::clone(&collection), span.from.unwrap_or_default().max(span.prefix));
        let to = span.to.map(|to| DocKey::new(collection, to));
        if to.as_ref().is_some_and(|to| *to <= from) {
            return Vec::new();
        }
        let range = sorted.range((Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded)));
        let is_in = |place: &&DocKey| *place.collection == *span.collection && span.has(&place.id);
        let mut left = span.most;
        let still = |(_, written): &(&DocKey, &Written)| {
            let is_wanted = left > 0;
            left = left.saturating_sub(usize::from(written.record().is_some()));
            is_wanted
        };
        let written = |place| Some((place, self.written(place)?));
        let cloned = |(place, written): (&DocKey, &Written)| (place.id.to_vec(), written.record().cloned());
        if span.is_reverse {
            // Without an upper end, other collections come first.
            let inside = range.rev().skip_while(|place| !is_in(place)).take_while(is_in);
            inside.filter_map(written).take_while(still).map(cloned).collect()
        } else {
            range.take_while(is_in).filter_map(written).take_while(still).map(cloned).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use nedb::DocumentBuf;

    use super::super::layout::{KV, LIST};
    use super::super::tx::Times;
    use super::*;

    fn put() -> Written {
        let document = DocumentBuf::from_object(&nedb::Object::new()).unwrap();
        Written::Put(Record { document, times: Times::default() }, None)
    }

    fn ids(documents: &Documents, span: &Span<'_>) -> Vec<String> {
        documents.written_in(span).into_iter().map(|(id, _)| String::from_utf8(id).unwrap()).collect()
    }

    #[test]
    fn walks_see_what_was_written_before_and_between_them_in_order_and_nothing_that_was_taken_back() {
        let mut documents = Documents::default();
        let span = Span::prefix(KV, b"");
        assert_eq!(ids(&documents, &span), [""; 0]);
        for id in ["c", "a", "x"] {
            assert!(documents.write(&DocKey::new(KV, id.as_bytes()), put()).is_none());
        }
        documents.write(&DocKey::new(LIST, b"b".as_slice()), put());
        assert_eq!(ids(&documents, &span), ["a", "c", "x"]);
        documents.restore(&DocKey::new(KV, b"c".as_slice()), None);
        assert!(documents.write(&DocKey::new(KV, b"b".as_slice()), Written::Deleted).is_none());
        assert_eq!(ids(&documents, &Span { is_reverse: true, ..span }), ["x", "b", "a"]);
        assert_eq!(ids(&documents, &Span { most: 1, ..span }), ["a"]);
        // What was deleted is passed, not counted.
        assert_eq!(ids(&documents, &Span { from: Some(b"b"), most: 1, ..span }), ["b", "x"]);
    }

    #[test]
    fn what_was_seen_first_is_demanded_until_the_document_is_written() {
        let mut documents = Documents::default();
        let (one, other) = (DocKey::value(b"b"), DocKey::value(b"a"));
        documents.note_seen(&one, Some(Seq::new(3)));
        documents.note_seen(&one, Some(Seq::new(4)));
        documents.note_seen(&other, None);
        documents.demand(&other, Some(Seq::new(9)));
        let third = DocKey::value(b"c");
        documents.note_seen(&third, None);
        documents.write(&third, Written::Deleted);
        assert!(matches!(documents.seal(&third, true), Some((Written::Deleted, Some(None)))));
        assert!(matches!(documents.seal(&third, false), Some((Written::Deleted, None))));
        assert_eq!(documents.into_demands(), [(other, Some(Seq::new(9))), (one, Some(Seq::new(3)))]);
    }
}
