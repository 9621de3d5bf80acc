//! How the engine's answers look as text and as JSON lines, shared by the verbs.

use nedb::{Entry, EntryKind, Receipt, Row};
use nedb_types::{Collection, DocId, NodeRef, Object, Result, Seq, Value};

use crate::output::{JsonObject, Output, quoted};

/// `{"seq","head","size"}`, the three numbers that name a state.
pub fn head_json(head: &nedb::Head) -> JsonObject {
    JsonObject::new().number("seq", Seq::number_of(head.seq())).text("head", &head.hex()).number("size", head.size)
}

/// Prints the answer to a write of one operation.
pub fn receipt(out: &mut Output, receipt: &Receipt, done: &str, not_done: &str) -> Result<()> {
    let word = if receipt.changed() { done } else { not_done };
    let seq = receipt.seq().map(|seq| format!(", seq {seq}")).unwrap_or_default();
    let again = if receipt.replayed { " (answered from the first request with this key)" } else { "" };
    out.either(format_args!("{word}{seq}{again}"), || receipt_json(receipt))
}

fn receipt_json(receipt: &Receipt) -> String {
    JsonObject::new()
        .flag("ok", true)
        .flag("changed", receipt.changed())
        .maybe_number("seq", receipt.seq())
        .text("head", &receipt.root.to_string())
        .number("size", receipt.size)
        .text("ts", &receipt.committed_at.to_string())
        .flag("replayed", receipt.replayed)
        .finish()
}

/// A row as `{"seq","document"}` with the mirrored fields in the document.
pub fn row_json(row: &Row) -> Result<String> {
    Ok(JsonObject::new().number("seq", row.seq()).raw("document", &mirrored(row)?).finish())
}

/// The document of a row with `_id` and the fields that say where it comes from.
pub fn mirrored(row: &Row) -> Result<String> {
    row.mirrored()?.as_document().to_json()
}

/// What the engine gives as an object, as a JSON line.
pub fn object_json(object: Result<Object>) -> Result<String> {
    nedb_types::document::value_to_json(&Value::Object(object?))
}

/// What an operation did and to what, in a few words.
pub fn entry_words(entry: &Entry) -> String {
    let node = node_text(&entry.collection, &entry.id);
    match &entry.kind {
        EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } => format!("{node} {relation} {to}"),
        _ => node,
    }
}

/// `collection:id`.
pub fn node_text(collection: &Collection, id: &DocId) -> String {
    NodeRef::new(collection.clone(), id.clone()).to_string()
}

/// An id in JSON: text, or `{"$bytes"}` where it is none.
pub fn id_json(id: &DocId) -> String {
    nedb_types::document::value_to_json(&id.to_value()).unwrap_or_else(|_| quoted(&id.to_string()))
}
