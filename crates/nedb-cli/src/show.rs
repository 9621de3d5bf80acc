//! How the engine's answers look as text and as JSON lines, shared by the verbs.

use nedb::{Entry, EntryKind, Provenance, Receipt, Row, Version};
use nedb_types::{Collection, DocId, DocumentBuf, NodeRef, Result, Seq, Timestamp};

use crate::output::{JsonObject, Output, quoted};

/// What the head of an empty database reads as.
const EMPTY_HEAD: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A seq as every face prints it: -1 when there is none.
pub fn seq_number(seq: Option<Seq>) -> i64 {
    seq.map_or(-1, |seq| i64::try_from(seq.get()).unwrap_or(i64::MAX))
}

/// The head as 64 hex digits.
pub fn head_text(head: &nedb::Head) -> String {
    if head.size == 0 { EMPTY_HEAD.to_owned() } else { head.root.to_string() }
}

/// `{"seq","head","size"}`, the three numbers that name a state.
pub fn head_json(head: &nedb::Head) -> JsonObject {
    JsonObject::new().number("seq", seq_number(head.seq())).text("head", &head_text(head)).number("size", head.size)
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

/// One version of a document as a JSON line.
pub fn version_json(version: &Version) -> Result<String> {
    let object = JsonObject::new()
        .number("seq", version.seq)
        .text("kind", version.kind.as_str())
        .text("ts", &version.committed_at.to_string())
        .text("client", version.client.as_str())
        .number("nonce", version.nonce);
    let object = with_document(object, version.document.as_ref())?;
    Ok(with_origin(object, version.expires_at, &version.provenance).finish())
}

/// One operation as a JSON line.
pub fn entry_json(entry: &Entry) -> Result<String> {
    let mut object = JsonObject::new()
        .number("seq", entry.seq)
        .text("kind", entry.kind.as_str())
        .text("ts", &entry.committed_at.to_string())
        .text("coll", entry.collection.as_str())
        .raw("id", &id_json(&entry.id))
        .text("client", entry.client.as_str())
        .number("nonce", entry.nonce);
    if let Some(previous) = entry.previous {
        object = object.number("previous", previous);
    }
    object = match &entry.kind {
        EntryKind::Put(document) => with_document(object, Some(document))?,
        EntryKind::Expire { content } => object.number("content", content),
        EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } => {
            object.text("relation", relation.as_str()).text("to", &to.to_string())
        }
        EntryKind::Delete | EntryKind::Noop => object,
    };
    let object = with_origin(object, entry.expires_at, &entry.provenance);
    Ok(object.flag("last", entry.is_last_in_transaction).finish())
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
    match id.as_str() {
        Some(text) => quoted(text),
        None => nedb_types::document::value_to_json(&nedb_types::Value::Bytes(id.as_bytes().to_vec()))
            .unwrap_or_else(|_| quoted(&id.to_string())),
    }
}

fn with_document(object: JsonObject, document: Option<&DocumentBuf>) -> Result<JsonObject> {
    Ok(match document {
        Some(document) => object.raw("document", &document.as_document().to_json()?),
        None => object,
    })
}

fn with_origin(mut object: JsonObject, expires_at: Option<Timestamp>, provenance: &Provenance) -> JsonObject {
    if !provenance.causes.is_empty() {
        object = object.list("caused_by", provenance.causes.iter().map(ToString::to_string));
    }
    if let Some(confidence) = provenance.confidence {
        object = object.number("confidence", confidence);
    }
    let texts = [
        ("evidence", provenance.evidence.clone()),
        ("valid_from", provenance.valid_from.clone()),
        ("valid_to", provenance.valid_to.clone()),
        ("expires_at", expires_at.map(|at| at.to_string())),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            object = object.text(name, &text);
        }
    }
    object
}
