//! The content of a payload, and its encoding.
//!
//! Promises: one content has one encoding. Whether a document is in the stored form is for the caller to know; only its
//! outer length is checked here.

use super::document;
use crate::entry::limit;
use nedb_types::codec::Writer;
use nedb_types::limits::{
    COLLECTION_BYTES_MAX, DOCUMENT_BYTES_HARD_MAX, EVIDENCE_BYTES_MAX, ID_BYTES_MAX, RELATION_BYTES_MAX,
};
use nedb_types::{Digest, Error, ErrorCode, Result};

pub(super) const RELATION: u8 = 0x01;
pub(super) const EVIDENCE: u8 = 0x02;
pub(super) const VALID_FROM_TEXT: u8 = 0x04;
pub(super) const VALID_TO_TEXT: u8 = 0x08;
pub(super) const REQUEST: u8 = 0x10;
pub(super) const RESULT: u8 = 0x20;
pub(super) const DOCUMENT: u8 = 0x40;
pub(super) const KNOWN: u8 = 0x7f;

/// Longest text of a valid-time bound in bytes: its length is stored in one byte; a date needs about thirty.
const VALID_TIME_TEXT_BYTES_MAX: usize = u8::MAX as usize;

/// Longest result of a keyed request in bytes: its length is stored in two bytes; results are counts and flags.
const RESULT_BYTES_MAX: usize = u16::MAX as usize;

/// Names the far end of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationTarget<'a> {
    /// The name of the relation.
    pub relation: &'a str,
    /// The collection of the document it leads to.
    pub to_collection: &'a str,
    /// The id of the document it leads to.
    pub to_id: &'a [u8],
}

/// Holds what a payload is made of.
///
/// # Examples
///
/// ```
/// use nedb_log::{PayloadContent, PayloadUnit};
///
/// let content = PayloadContent { evidence: Some("seen twice"), ..PayloadContent::new(b"n1") };
/// let unit = PayloadUnit::encode([0; 16], &content)?;
/// assert_eq!(unit.view()?.evidence(), Some("seen twice"));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadContent<'a> {
    /// The id of the document; empty only for a noop without key.
    pub id: &'a [u8],
    /// The far end, for relations.
    pub relation: Option<RelationTarget<'a>>,
    /// The note on why this was written.
    pub evidence: Option<&'a str>,
    /// The start of the valid time as it was given.
    pub valid_from_text: Option<&'a str>,
    /// The end of the valid time as it was given.
    pub valid_to_text: Option<&'a str>,
    /// The digest of the whole request, with an idempotency key.
    pub request: Option<Digest>,
    /// What a keyed request answered, when that does not follow from the operations.
    pub result: Option<&'a [u8]>,
    /// The document in its stored form.
    pub document: Option<&'a [u8]>,
}

impl<'a> PayloadContent<'a> {
    /// Makes the content that names a key and holds nothing else.
    pub const fn new(id: &'a [u8]) -> Self {
        Self {
            id,
            relation: None,
            evidence: None,
            valid_from_text: None,
            valid_to_text: None,
            request: None,
            result: None,
            document: None,
        }
    }

    /// Returns the length of the encoded content.
    pub fn encoded_len(&self) -> usize {
        let relation = self.relation.map_or(0, |to| 4 + to.relation.len() + to.to_collection.len() + to.to_id.len());
        let texts = self.evidence.map_or(0, |text| 2 + text.len())
            + self.valid_from_text.map_or(0, |text| 1 + text.len())
            + self.valid_to_text.map_or(0, |text| 1 + text.len());
        let request = if self.request.is_some() { 32 } else { 0 };
        let result = self.result.map_or(0, |bytes| 2 + bytes.len());
        3 + self.id.len() + relation + texts + request + result + self.document.map_or(0, <[u8]>::len)
    }

    pub(super) fn encode_into(&self, writer: &mut Writer) -> Result<()> {
        self.admit()?;
        writer.u8(self.flags());
        put_long(writer, self.id);
        if let Some(to) = self.relation {
            put_short(writer, to.relation.as_bytes());
            put_short(writer, to.to_collection.as_bytes());
            put_long(writer, to.to_id);
        }
        if let Some(text) = self.evidence {
            put_long(writer, text.as_bytes());
        }
        for text in [self.valid_from_text, self.valid_to_text].into_iter().flatten() {
            put_short(writer, text.as_bytes());
        }
        if let Some(digest) = self.request {
            writer.bytes(digest.as_bytes());
        }
        if let Some(bytes) = self.result {
            put_long(writer, bytes);
        }
        if let Some(bytes) = self.document {
            writer.bytes(bytes);
        }
        Ok(())
    }

    fn flags(&self) -> u8 {
        let when = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        when(self.relation.is_some(), RELATION)
            | when(self.evidence.is_some(), EVIDENCE)
            | when(self.valid_from_text.is_some(), VALID_FROM_TEXT)
            | when(self.valid_to_text.is_some(), VALID_TO_TEXT)
            | when(self.request.is_some(), REQUEST)
            | when(self.result.is_some(), RESULT)
            | when(self.document.is_some(), DOCUMENT)
    }

    fn admit(&self) -> Result<()> {
        use ErrorCode as E;
        limit(E::IdTooLong, "document id", "ID_BYTES_MAX", ID_BYTES_MAX, self.id.len())?;
        if let Some(to) = self.relation {
            limit(E::NameTooLong, "relation", "RELATION_BYTES_MAX", RELATION_BYTES_MAX, to.relation.len())?;
            let length = to.to_collection.len();
            limit(E::NameTooLong, "collection", "COLLECTION_BYTES_MAX", COLLECTION_BYTES_MAX, length)?;
            limit(E::IdTooLong, "document id", "ID_BYTES_MAX", ID_BYTES_MAX, to.to_id.len())?;
        }
        let evidence = self.evidence.map_or(0, str::len);
        limit(E::EvidenceTooLong, "evidence", "EVIDENCE_BYTES_MAX", EVIDENCE_BYTES_MAX, evidence)?;
        for text in [self.valid_from_text, self.valid_to_text].into_iter().flatten() {
            let name = "VALID_TIME_TEXT_BYTES_MAX";
            limit(E::InvalidValidTime, "valid time text", name, VALID_TIME_TEXT_BYTES_MAX, text.len())?;
        }
        let result = self.result.map_or(0, <[u8]>::len);
        limit(E::InvalidArgument, "result", "RESULT_BYTES_MAX", RESULT_BYTES_MAX, result)?;
        let Some(bytes) = self.document else {
            return Ok(());
        };
        limit(E::DocumentTooLarge, "document", "DOCUMENT_BYTES_HARD_MAX", DOCUMENT_BYTES_HARD_MAX, bytes.len())?;
        if document::stored_len(bytes) == Some(bytes.len()) {
            return Ok(());
        }
        let text = format!("the {} bytes given as a document are not one stored document", bytes.len());
        Err(Error::new(E::InvalidArgument, text))
    }
}

fn put_short(writer: &mut Writer, bytes: &[u8]) {
    writer.u8(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    writer.bytes(bytes);
}

fn put_long(writer: &mut Writer, bytes: &[u8]) {
    writer.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
    writer.bytes(bytes);
}
