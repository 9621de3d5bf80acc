//! Checking an exported proof without the database.
//!
//! Promises: what [`check_proof`] returns was recomputed from the text: the entry hashes to the leaf, the leaf stands at
//! the entry's own seq, the proof leads to the checkpoint's root, and the signature is that of a given key whose name is
//! the checkpoint's origin. Without keys the signature is reported as unchecked: then the text shows only that it is
//! consistent in itself. Leaves to others: how the keys came to be trusted, and whether the checkpoint is of the one
//! history that everybody else sees.

use std::fmt;

use nedb_crypto::{Domain, ProofFile, TreeHead, VerifierKey, leaf_hash, sha256, verify_inclusion};
use nedb_log::PayloadView;
use nedb_types::{Digest, DocId, DocumentBuf, Error, ErrorCode, Result};

use super::{entry::ProvedEntry, json::JsonFields, signing::check_origin};

/// Whether a key has vouched for the checkpoint of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofSignature {
    /// No key was given: nothing says who made the checkpoint.
    Unchecked,
    /// This key has signed it.
    By(VerifierKey),
}

impl fmt::Display for ProofSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchecked => formatter.write_str("unchecked"),
            Self::By(key) => write!(formatter, "{key}"),
        }
    }
}

/// What a proof was found to show.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedProof {
    /// The operation.
    pub entry: ProvedEntry,
    /// The hash of its entry, a leaf of the tree.
    pub leaf: Digest,
    /// The origin line of the checkpoint.
    pub origin: String,
    /// The number of operations in the checkpoint's tree.
    pub size: u64,
    /// The root of that tree.
    pub root: Digest,
    /// Who signed the checkpoint.
    pub signature: ProofSignature,
}

/// Content that was found to be the one that a proved entry commits to.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedPayload {
    /// The document's id; `None` for a no-op that names no document.
    pub id: Option<DocId>,
    /// The document, where the operation wrote one.
    pub document: Option<DocumentBuf>,
    /// What the write rests on.
    pub evidence: Option<String>,
    /// Name and far end of the edge, where the operation is about one: relation, collection, id.
    pub relation: Option<(String, String, DocId)>,
}

/// Checks a text that [`Database::proof`](crate::Database::proof) made.
///
/// With no keys the signature stays unchecked, and the result says so. Errors: `invalid_argument` when the text is no
/// proof, `bad_proof` when it does not hold, `bad_signature` when none of the keys signed it in the name of its origin.
///
/// ```
/// use nedb::{Body, Database, ProofSignature, Seq, check_proof};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"age": 36}"#))?;
/// let (text, payload) = (db.proof(Seq::new(0))?, db.committed_payload(Seq::new(0))?.expect("a put has content"));
///
/// let checked = check_proof(&text, &[])?;
/// assert_eq!(checked.signature, ProofSignature::Unchecked);
/// let content = checked.check_payload(&payload)?;
/// let document = content.document.expect("a put has a document");
/// assert_eq!(document.as_document().to_json()?, r#"{"age":36}"#);
/// # Ok(())
/// # }
/// ```
pub fn check_proof(text: &str, keys: &[VerifierKey]) -> Result<CheckedProof> {
    let proof: ProofFile = text.parse()?;
    let Some(bytes) = proof.extra() else {
        return Err(Error::new(ErrorCode::InvalidArgument, "the proof has no extra line with the entry"));
    };
    let entry = ProvedEntry::decode(bytes)?;
    if entry.seq.get() != proof.index() {
        let message = format!("the entry's seq is {}, the proof's index is {}", entry.seq, proof.index());
        return Err(Error::new(ErrorCode::BadProof, message));
    }
    let (head, signature) = if keys.is_empty() {
        (proof.checkpoint().text().parse::<TreeHead>()?, ProofSignature::Unchecked)
    } else {
        let (head, key) = check_origin(proof.checkpoint(), keys)?;
        (head, ProofSignature::By(key))
    };
    let leaf = leaf_hash(&[bytes]);
    verify_inclusion(&leaf, proof.index(), head.size(), proof.hashes(), head.root())?;
    let (origin, size, root) = (head.origin().to_owned(), head.size(), *head.root());
    Ok(CheckedProof { entry, leaf, origin, size, root, signature })
}

impl CheckedProof {
    /// Checks that these bytes are what the entry commits to, and reads them; `bad_proof` otherwise.
    ///
    /// They are those of [`Database::committed_payload`](crate::Database::committed_payload).
    pub fn check_payload(&self, payload: &[u8]) -> Result<CheckedPayload> {
        let bad = |what: &str| Error::new(ErrorCode::BadProof, format!("the payload of seq {} {what}", self.entry.seq));
        let Some(commitment) = self.entry.commitment else {
            return Err(bad("does not exist: the entry commits to none"));
        };
        if payload.len() as u64 != u64::from(self.entry.payload_bytes) {
            return Err(bad("has another length than the entry says"));
        }
        if sha256(&[Domain::Commitment.tag(), payload]) != commitment {
            return Err(bad("is not the one that the entry commits to"));
        }
        let view = PayloadView::decode(payload).map_err(|error| bad("is not well formed").with_source(error))?;
        let relation = match view.relation() {
            Some(to) => Some((to.relation.to_owned(), to.to_collection.to_owned(), DocId::new(to.to_id)?)),
            None => None,
        };
        Ok(CheckedPayload {
            id: if view.id.is_empty() { None } else { Some(DocId::new(view.id)?) },
            document: view.document.map(|bytes| DocumentBuf::from_bytes(bytes.to_vec())).transpose()?,
            evidence: view.evidence().map(str::to_owned),
            relation,
        })
    }

    /// The result as one JSON object; digests in hex, times as RFC 3339.
    pub fn to_json(&self) -> Result<String> {
        let key = match &self.signature {
            ProofSignature::Unchecked => None,
            ProofSignature::By(key) => Some(key),
        };
        JsonFields::new()
            .text("origin", &self.origin)
            .number("size", self.size)
            .text("root", self.root)
            .text("signature", if key.is_some() { "verified" } else { "unchecked" })
            .maybe_text("key", key)
            .text("leaf", self.leaf)
            .value("entry", self.entry.to_fields().into_value())
            .finish()
    }
}
