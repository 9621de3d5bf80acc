//! Conditions on `_id`, which the key index answers.
//!
//! An id is shown as text, or as binary data where it is none; its order in the key index is that of its bytes. A range of
//! text is a range of bytes, in which binary ids may lie as well: the filter takes them out.

use std::ops::Bound;

use nedb_index::KeyRange;
use nedb_nql::{Cut, FieldRange, ValueClass};
use nedb_types::{Collection, DocId, FieldPath, NodeRef, PathStep, Value, key};

/// Whether a path is the id of a document.
pub(crate) fn is_id(path: &FieldPath) -> bool {
    matches!(path.steps(), [PathStep::Field(name)] if name == "_id")
}

/// The documents with one of these ids, by id; what can be no id names none.
pub(super) fn nodes(collection: &Collection, values: &[Value]) -> Vec<NodeRef> {
    let id = |value: &Value| match value {
        Value::String(text) => DocId::new(text).ok(),
        Value::Bytes(bytes) => DocId::new(bytes).ok(),
        _ => None,
    };
    let mut ids: Vec<DocId> = values.iter().filter_map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| NodeRef::new(collection.clone(), id)).collect()
}

/// The part of a range of keys in which ids with these values lie.
pub(super) fn narrowed(range: KeyRange, collection: &Collection, values: &FieldRange) -> KeyRange {
    let is_text = |cut: &Cut| match cut {
        Cut::Before(value) | Cut::After(value) => ValueClass::of(value) == ValueClass::Text,
        Cut::Class(_) | Cut::End => false,
    };
    if !is_text(&values.low) && !is_text(&values.high) {
        return range;
    }
    let with = |text: &str| [key::document_prefix(collection).as_slice(), text.as_bytes()].concat();
    let start = match &values.low {
        Cut::Before(Value::String(text)) | Cut::After(Value::String(text)) => later(range.start, with(text)),
        _ => range.start,
    };
    // Behind a text comes the same text with any byte more, so the text itself is the end that loses nothing.
    let end = match &values.high {
        Cut::Before(Value::String(text)) => earlier(range.end, Bound::Excluded(with(text))),
        Cut::After(Value::String(text)) => earlier(range.end, Bound::Included(with(text))),
        _ => range.end,
    };
    KeyRange { start, end }
}

fn later(start: Bound<Vec<u8>>, other: Vec<u8>) -> Bound<Vec<u8>> {
    match start {
        Bound::Included(start) => Bound::Included(start.max(other)),
        _ => Bound::Included(other),
    }
}

fn earlier(end: Bound<Vec<u8>>, other: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    let place = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Excluded(key) => (Some(key.clone()), 0),
        Bound::Included(key) => (Some(key.clone()), 1),
        Bound::Unbounded => (None, 0),
    };
    match (place(&end), place(&other)) {
        ((None, _), _) => other,
        (_, (None, _)) => end,
        (present, wanted) => {
            if present <= wanted {
                end
            } else {
                other
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ids_is_a_range_of_keys() {
        let collection = Collection::new("c").unwrap();
        let whole = KeyRange::prefix(&key::document_prefix(&collection));
        let with = |text: &str| [key::document_prefix(&collection).as_slice(), text.as_bytes()].concat();
        let values = FieldRange { low: Cut::After("b".into()), high: Cut::Before("d".into()) };
        let range = narrowed(whole.clone(), &collection, &values);
        assert_eq!(range, KeyRange { start: Bound::Included(with("b")), end: Bound::Excluded(with("d")) });
        let narrower = FieldRange { low: Cut::Before("a".into()), high: Cut::After("c".into()) };
        let range = narrowed(range, &collection, &narrower);
        assert_eq!(range, KeyRange { start: Bound::Included(with("b")), end: Bound::Included(with("c")) });
        let numbers = FieldRange { low: Cut::After(5.into()), high: ValueClass::Number.end() };
        assert_eq!(narrowed(whole.clone(), &collection, &numbers), whole);
    }
}
