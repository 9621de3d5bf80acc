//! HISTORY and DIFF over lists.

use std::collections::BTreeSet;

use nedb::EntryKind;
use nedb_types::{Object, Value};

use super::{
    answer::shown,
    history::{History, Node, Seen, id_value},
    question::{Other, Select},
};

/// The rows of HISTORY or DIFF in a collection.
pub fn answer(history: &History, collection: &str, other: &Other) -> Vec<Object> {
    match other {
        Other::History(id) => versions(history, &(collection.to_owned(), id.as_bytes().to_vec())),
        Other::Diff(from, to) => {
            let (from, to) = (history.moment(Some(from)), history.moment(Some(to)));
            let (before, after) = (history.documents(from), history.documents(to));
            // What no operation between the two touched is as it was, even when its lifetime is over.
            let between = from.size.min(to.size)..from.size.max(to.size);
            let touched = between.filter_map(|seq| document_of(history, seq));
            let touched: BTreeSet<Node> = touched.filter(|node| node.0 == collection).collect();
            touched.iter().filter_map(|node| change(node, before.get(node), after.get(node))).collect()
        }
    }
}

/// The document that an operation made a version of.
fn document_of(history: &History, seq: usize) -> Option<Node> {
    let entry = &history.entries[seq];
    let is_version = matches!(entry.kind, EntryKind::Put(_) | EntryKind::Delete | EntryKind::Expire { .. });
    is_version.then(|| (entry.collection.to_string(), entry.id.as_bytes().to_vec()))
}

/// Every version of a document, the newest first, whatever became of it.
fn versions(history: &History, node: &Node) -> Vec<Object> {
    let seqs = (0..history.entries.len()).rev().filter(|seq| document_of(history, *seq).as_ref() == Some(node));
    seqs.map(|seq| version(history, seq)).collect()
}

fn version(history: &History, seq: usize) -> Object {
    let entry = &history.entries[seq];
    let (kind, content) = match &entry.kind {
        EntryKind::Put(_) => ("put", Some(seq)),
        EntryKind::Expire { content } => ("expire", usize::try_from(content.get()).ok()),
        _ => ("delete", None),
    };
    let mut row = Object::new();
    row.insert("seq", entry.seq.get());
    row.insert("kind", kind);
    row.insert("ts", entry.committed_at.to_string());
    row.insert("client", entry.client.as_str());
    row.insert("nonce", entry.nonce);
    if let Some(content) = content {
        row.insert("document", history.documents[content].clone().expect("content is a document"));
    }
    let said = &entry.provenance;
    if !said.causes.is_empty() {
        row.insert("caused_by", said.causes.iter().map(|seq| Value::from(seq.get())).collect::<Vec<_>>());
    }
    if let Some(confidence) = said.confidence {
        row.insert("confidence", Value::float(confidence).expect("a finite number"));
    }
    let expires_at = entry.expires_at.map(|at| at.to_string());
    let texts = [
        ("evidence", said.evidence.clone()),
        ("valid_from", said.valid_from.clone()),
        ("valid_to", said.valid_to.clone()),
        ("expires_at", expires_at),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            row.insert(name, text);
        }
    }
    row
}

fn change(node: &Node, before: Option<&Seen<'_>>, after: Option<&Seen<'_>>) -> Option<Object> {
    let word = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => "added",
        (Some(_), None) => "removed",
        (Some(before), Some(after)) if before.seq() == after.seq() => return None,
        (Some(_), Some(_)) => "changed",
    };
    let mut row = Object::new();
    row.insert("coll", node.0.as_str());
    row.insert("id", id_value(&node.1));
    row.insert("change", word);
    row.insert("before", before.map_or(Value::Null, side));
    row.insert("after", after.map_or(Value::Null, side));
    Some(row)
}

fn side(seen: &Seen<'_>) -> Value {
    let mut side = Object::new();
    side.insert("seq", seen.seq() as u64);
    side.insert("document", shown(seen, &Select::Default));
    Value::Object(side)
}
