//! The fields that reads add to a document: who it is, why it was written, when it holds.
//!
//! They are made from the entry and the payload on every read and never stored in the document, so they cannot go stale.

use nedb_types::{DocumentBuf, DocumentRef, Result, Seq, Timestamp, Value};

/// Field names that belong to the engine: dropped from what a caller puts, remade on what a caller gets.
pub const RESERVED_FIELDS: [&str; 11] = [
    "_id",
    "_seq",
    "_ts",
    "_score",
    "_caused_by",
    "_evidence",
    "_confidence",
    "_valid_from",
    "_valid_to",
    "_expires_at",
    "_client",
];

/// Whether the name, in UTF-8, is one of them. All begin alike, so most names are told by their first byte.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    name.first() == Some(&b'_') && RESERVED_FIELDS.iter().any(|reserved| reserved.as_bytes() == name)
}

/// What a write said about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The operations that caused it, ascending.
    pub causes: Vec<Seq>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// How certain the writer was.
    pub confidence: Option<f64>,
    /// From when on the content holds in the world, as the writer gave it.
    pub valid_from: Option<String>,
    /// Until when the content holds in the world, as the writer gave it.
    pub valid_to: Option<String>,
}

impl Provenance {
    /// Whether the write said nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The document with the mirrored fields behind its own.
pub(crate) fn mirrored(
    document: &DocumentRef<'_>,
    id: &[u8],
    provenance: Option<&Provenance>,
    expires_at: Option<Timestamp>,
) -> Result<DocumentBuf> {
    DocumentBuf::with_fields(document, &mirror_fields(id, provenance, expires_at)?)
}

/// The mirrored fields by themselves.
pub(crate) fn mirror_fields(
    id: &[u8],
    provenance: Option<&Provenance>,
    expires_at: Option<Timestamp>,
) -> Result<Vec<(&'static str, Value)>> {
    let id = match std::str::from_utf8(id) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::Bytes(id.to_vec()),
    };
    let mut fields = vec![("_id", id)];
    if let Some(provenance) = provenance {
        push_provenance(&mut fields, provenance)?;
    }
    if let Some(at) = expires_at {
        fields.push(("_expires_at", Value::String(at.to_string())));
    }
    Ok(fields)
}

fn push_provenance(fields: &mut Vec<(&'static str, Value)>, provenance: &Provenance) -> Result<()> {
    if !provenance.causes.is_empty() {
        let causes = provenance.causes.iter().map(|seq| Value::from(seq.get()));
        fields.push(("_caused_by", Value::Array(causes.collect())));
    }
    let mut text = |name, text: &Option<String>| {
        if let Some(text) = text {
            fields.push((name, Value::String(text.clone())));
        }
    };
    text("_evidence", &provenance.evidence);
    text("_valid_from", &provenance.valid_from);
    text("_valid_to", &provenance.valid_to);
    if let Some(confidence) = provenance.confidence {
        fields.push(("_confidence", Value::float(confidence)?));
    }
    Ok(())
}
