//! How the engine's answers look as text and as JSON lines, shared by the verbs.

use nedb::{Receipt, Row};
use nedb_client::Tree;
use nedb_types::{DocId, Object, Result, Seq, Value};

use crate::output::{JsonObject, Output, quoted};

/// `{"seq","head","size"}`, the three numbers that name a state.
pub fn head_json(head: &Tree) -> JsonObject {
    let root = head.root.to_string();
    JsonObject::new().number("seq", Seq::number_of(head.seq())).text("head", &root).number("size", head.size)
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
pub fn object_json(object: Object) -> Result<String> {
    nedb_types::document::value_to_json(&Value::Object(object))
}

/// A field of what the engine gives as an object, for people; nothing where there is none.
pub fn field_text(object: &Object, name: &str) -> Result<String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => nedb_types::document::value_to_json(other),
    }
}

/// What an operation did and to what, in a few words.
pub fn entry_words(entry: &Object) -> Result<String> {
    let node = node_text(entry)?;
    Ok(match field_text(entry, "relation")? {
        relation if relation.is_empty() => node,
        relation => format!("{node} {relation} {}", field_text(entry, "to")?),
    })
}

/// `collection:id` of an operation or a change.
pub fn node_text(object: &Object) -> Result<String> {
    let id = match object.get("id") {
        Some(Value::String(text)) => DocId::new(text)?,
        Some(Value::Bytes(bytes)) => DocId::new(bytes)?,
        _ => return field_text(object, "coll"),
    };
    Ok(format!("{}:{id}", field_text(object, "coll")?))
}

/// An id in JSON: text, or `{"$bytes"}` where it is none.
pub fn id_json(id: &DocId) -> String {
    nedb_types::document::value_to_json(&id.to_value()).unwrap_or_else(|_| quoted(&id.to_string()))
}
