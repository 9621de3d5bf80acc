//! HISTORY and DIFF: versions and changes as rows.
//!
//! The rows have the form in which every face prints versions, operations and changes.

use nedb_types::{Object, Result, Seq, Timestamp, Value};

use crate::{
    feed::{Change, Entry, EntryKind},
    mirror::Provenance,
    read::{Row, Version},
};

/// One version as a row: `seq kind ts client nonce document`, and what the write said about itself.
pub(crate) fn version_object(version: &Version) -> Result<Object> {
    let mut row = Object::new();
    row.insert("seq", version.seq.get());
    row.insert("kind", version.kind.as_str());
    row.insert("ts", version.committed_at.to_string());
    row.insert("client", version.client.as_str());
    row.insert("nonce", version.nonce);
    if let Some(document) = &version.document {
        row.insert("document", document.as_document().to_value()?);
    }
    add_origin(&mut row, version.expires_at, &version.provenance)?;
    Ok(row)
}

/// One operation as a row: `seq kind ts coll id client nonce previous`, what belongs to its kind, what the write said about itself, and
/// whether it is the `last` of its transaction.
pub(crate) fn entry_object(entry: &Entry) -> Result<Object> {
    let mut row = Object::new();
    row.insert("seq", entry.seq.get());
    row.insert("kind", entry.kind.as_str());
    row.insert("ts", entry.committed_at.to_string());
    row.insert("coll", entry.collection.as_str());
    row.insert("id", entry.id.to_value());
    row.insert("client", entry.client.as_str());
    row.insert("nonce", entry.nonce);
    if let Some(previous) = entry.previous {
        row.insert("previous", previous.get());
    }
    match &entry.kind {
        EntryKind::Put(document) => drop(row.insert("document", document.as_document().to_value()?)),
        EntryKind::Expire { content } => drop(row.insert("content", content.get())),
        EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } => {
            row.insert("relation", relation.as_str());
            row.insert("to", to.to_string());
        }
        EntryKind::Delete | EntryKind::Noop => {}
    }
    add_origin(&mut row, entry.expires_at, &entry.provenance)?;
    row.insert("last", entry.is_last_in_transaction);
    Ok(row)
}

/// One change as a row: `coll id change before after`.
pub(crate) fn change_object(change: &Change) -> Result<Object> {
    let word = match (&change.before, &change.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let mut row = Object::new();
    row.insert("coll", change.collection.as_str());
    row.insert("id", change.id.to_value());
    row.insert("change", word);
    row.insert("before", side(change.before.as_ref())?);
    row.insert("after", side(change.after.as_ref())?);
    Ok(row)
}

fn side(row: Option<&Row>) -> Result<Value> {
    let Some(row) = row else { return Ok(Value::Null) };
    let mut side = Object::new();
    side.insert("seq", row.seq().get());
    side.insert("document", row.mirrored()?.as_document().to_value()?);
    Ok(Value::Object(side))
}

fn add_origin(row: &mut Object, expires_at: Option<Timestamp>, provenance: &Provenance) -> Result<()> {
    if !provenance.causes.is_empty() {
        let causes: Vec<Value> = provenance.causes.iter().copied().map(Seq::get).map(Value::from).collect();
        row.insert("caused_by", causes);
    }
    if let Some(confidence) = provenance.confidence {
        row.insert("confidence", Value::float(confidence)?);
    }
    let texts = [
        ("evidence", provenance.evidence.clone()),
        ("valid_from", provenance.valid_from.clone()),
        ("valid_to", provenance.valid_to.clone()),
        ("expires_at", expires_at.map(|at| at.to_string())),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            row.insert(name, text);
        }
    }
    Ok(())
}
