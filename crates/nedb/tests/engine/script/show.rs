//! How answers are written into scripts.

use std::fmt::Write;

use nedb::{Detail, Entry, EntryKind, Error, Provenance, Receipt, Row, Seq, Timestamp, Version};

/// A seq, or -1.
pub fn seq(seq: Option<Seq>) -> String {
    seq.map_or_else(|| "-1".to_owned(), |seq| seq.to_string())
}

/// More equal outcomes than this are counted instead of listed.
const FEW: usize = 16;

pub fn receipt(receipt: &Receipt) -> Vec<String> {
    let replayed = if receipt.replayed { " replayed" } else { "" };
    let line = |outcome: &nedb::Outcome| {
        let place = outcome.seq.map_or_else(String::new, |seq| format!("seq {seq}"));
        let effect = if outcome.changed { "" } else { "unchanged" };
        let gap = if place.is_empty() || effect.is_empty() { "" } else { " " };
        format!("{place}{gap}{effect}{replayed}")
    };
    let lines: Vec<String> = receipt.outcomes.iter().map(line).collect();
    match lines.first() {
        Some(first) if lines.len() > FEW && lines.iter().all(|line| line == first) => {
            vec![format!("{} times {first}", lines.len())]
        }
        _ => lines,
    }
}

/// An id without control characters, which would make a script a binary file.
pub fn id(id: &nedb::DocId) -> String {
    let escape =
        |letter: char| if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() };
    id.to_string().chars().map(escape).collect()
}

/// A document as a read gives it: its version and its JSON.
pub fn row(row: Option<&Row>, is_mirrored: bool) -> Result<String, Error> {
    let Some(row) = row else { return Ok("none".to_owned()) };
    let json = if is_mirrored { row.mirrored()?.as_document().to_json()? } else { row.to_json()? };
    Ok(format!("{} @{} {json}", id(&row.id()?), row.seq()))
}

/// One side of a difference.
pub fn version_of_row(row: Option<&Row>) -> Result<String, Error> {
    let Some(row) = row else { return Ok("none".to_owned()) };
    Ok(format!("@{} {}", row.seq(), row.to_json()?))
}

pub fn version(version: &Version) -> Result<String, Error> {
    let mut line = format!("@{} {}", version.seq, version.kind.as_str());
    if let Some(document) = &version.document {
        put(&mut line, format_args!(" {}", document.as_document().to_json()?));
    }
    put(&mut line, format_args!(" {}#{} {}", version.client, version.nonce, version.committed_at));
    annotations(&mut line, version.expires_at, &version.provenance);
    Ok(line)
}

pub fn entry(entry: &Entry) -> Result<String, Error> {
    let mut line = format!("{} {} {}/{}", entry.seq, entry.kind.as_str(), entry.collection, id(&entry.id));
    match &entry.kind {
        EntryKind::Put(document) => put(&mut line, format_args!(" {}", document.as_document().to_json()?)),
        EntryKind::Expire { content } => put(&mut line, format_args!(" content=@{content}")),
        EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } => {
            put(&mut line, format_args!(" {relation} {to}"));
        }
        EntryKind::Delete | EntryKind::Noop => {}
    }
    put(&mut line, format_args!(" {}#{}", entry.client, entry.nonce));
    if let Some(previous) = entry.previous {
        put(&mut line, format_args!(" after=@{previous}"));
    }
    annotations(&mut line, entry.expires_at, &entry.provenance);
    if !entry.is_last_in_transaction {
        line.push_str(" ..");
    }
    Ok(line)
}

fn annotations(line: &mut String, expires_at: Option<Timestamp>, provenance: &Provenance) {
    if let Some(at) = expires_at {
        put(line, format_args!(" expires={at}"));
    }
    if !provenance.causes.is_empty() {
        let causes: Vec<String> = provenance.causes.iter().map(Seq::to_string).collect();
        put(line, format_args!(" causes={}", causes.join(",")));
    }
    if let Some(evidence) = &provenance.evidence {
        put(line, format_args!(" evidence={evidence}"));
    }
    if let Some(confidence) = provenance.confidence {
        put(line, format_args!(" confidence={confidence}"));
    }
    if let Some(from) = &provenance.valid_from {
        put(line, format_args!(" from={from}"));
    }
    if let Some(to) = &provenance.valid_to {
        put(line, format_args!(" to={to}"));
    }
}

/// An error: its code, its detail, and its text where a script asks for that.
pub fn error(error: &Error, has_message: bool) -> Vec<String> {
    let mut line = format!("error {}", error.code().as_str());
    match error.detail() {
        Detail::StaleNonce { last } => put(&mut line, format_args!(" last={last}")),
        Detail::Path(path) => put(&mut line, format_args!(" path={path}")),
        Detail::Line { line: at, column } | Detail::Syntax { line: at, column, .. } => {
            put(&mut line, format_args!(" line={at} column={column}"));
        }
        Detail::Limit { name, max, actual } => put(&mut line, format_args!(" {name} max={max} actual={actual}")),
        _ => {}
    }
    if has_message {
        put(&mut line, format_args!(": {}", error.message()));
    }
    let mut lines = vec![line];
    if let Detail::Preconditions(failures) = error.detail() {
        lines.extend(failures.iter().map(|failure| {
            let (index, collection, id) = (failure.index, &failure.collection, &failure.id);
            format!("  {index} {collection} {id} expected={} actual={}", failure.expected, failure.actual)
        }));
    }
    lines
}

fn put(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a string takes any text");
}
