//! *Admit*: everything about a request that can fail for the caller's reasons, done in the caller's thread.
//!
//! It checks names, sizes, types and provenance, encodes documents, draws salts and hashes payloads. What it lets through
//! can be refused by *sequence* only for what the database holds: nonces, preconditions, causes. It reads the database
//! for one thing, the version that a restore names.

use std::sync::Arc;

use nedb_log::{PayloadContent, PayloadUnit, RelationTarget};
use nedb_types::{
    Client, Collection, Digest, DocId, DocumentBuf, DocumentRef, Error, ErrorCode, IdempotencyKey, Result, Timestamp,
    Value,
    document::{self, DocumentBuilder},
    limits::{CAUSES_MAX, DOCUMENT_BYTES_MAX, EVIDENCE_BYTES_MAX, FRAME_BYTES_MAX, TRANSACTION_OPS_MAX},
};

use super::{
    fingerprint,
    request::{AdmittedOp, Effect, Keyed, Request},
    share,
};
use crate::{
    engine::Engine,
    keys::Key,
    mirror::is_reserved,
    request::{Action, Body, Lifetime, Op, WriteBatch},
    sweep::SWEEPER,
};

/// Room that the fixed parts of an entry unit and the check of a payload unit take at most: header, chain, payload
/// pointer, every optional field but causes, padding and checks; names and causes are counted as they are.
const RECORD_OVERHEAD_BYTES_MAX: u64 = 272;

/// The random bytes in front of a payload, by which nobody can guess it from its commitment.
pub(super) type Salt = [u8; 16];

/// Turns a batch into a request that only the state of the database can still refuse.
pub(crate) fn admit(engine: &Engine, batch: WriteBatch) -> Result<Request> {
    check_count(batch.ops.len())?;
    let client = match &batch.client {
        Some(name) => Client::new(name)?,
        None => Client::local(),
    };
    check_not_reserved(&client, &batch)?;
    let keyed = match &batch.idempotency_key {
        Some(text) => {
            let key = IdempotencyKey::new(text)?;
            Some(Keyed { key: fingerprint::of_key(&client, &key), request: fingerprint::of(&batch)? })
        }
        None => None,
    };
    // The first operation of a keyed request carries the digest that tells a retry from a conflict.
    let (ops, payloads) = share::admit(engine, batch.ops, keyed.map(|keyed| keyed.request))?;
    let record_bytes_max = ops.iter().zip(&payloads).map(|(op, payload)| record_bytes_max(op, payload, &client)).sum();
    let max = FRAME_BYTES_MAX as u64;
    if record_bytes_max > max {
        return Err(Error::over_limit(
            ErrorCode::BatchTooLarge,
            "bytes of the batch",
            "FRAME_BYTES_MAX",
            max,
            record_bytes_max,
        ));
    }
    Ok(Request { ops, payloads, client, keyed, catalogue: None, record_bytes_max })
}

fn check_count(count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::new(ErrorCode::EmptyBatch, "a batch needs at least one operation"));
    }
    let (max, actual) = (TRANSACTION_OPS_MAX as u64, count as u64);
    if actual > max {
        return Err(Error::over_limit(
            ErrorCode::BatchTooLarge,
            "operations in the batch",
            "TRANSACTION_OPS_MAX",
            max,
            actual,
        ));
    }
    Ok(())
}

/// Keeps the sweeper's name for the sweeper: what stands under it in the history was done by nobody else.
fn check_not_reserved(client: &Client, batch: &WriteBatch) -> Result<()> {
    let is_sweep = |op: &Op| matches!(op.action, Action::Sweep { .. });
    if client.as_str() != SWEEPER || batch.ops.iter().all(is_sweep) {
        return Ok(());
    }
    let message = format!("the client name {SWEEPER:?} is reserved for the deletion of expired documents");
    Err(Error::new(ErrorCode::InvalidName, message))
}

pub(super) fn in_batch(error: Error, position: usize) -> Error {
    if position == 0 { error } else { error.context(format_args!("operation {position} of the batch")) }
}

fn record_bytes_max(op: &AdmittedOp, payload: &PayloadUnit, client: &Client) -> u64 {
    let names = op.key.collection().as_bytes().len() + client.as_bytes().len();
    RECORD_OVERHEAD_BYTES_MAX + (payload.stored_len() + names + 8 * op.causes.len()) as u64
}

/// What is the same for all operations of a batch.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// When lifetimes begin; zero in a batch that has none.
    pub(super) now_us: i64,
    /// Whether operations without effect are logged.
    pub(super) is_keyed: bool,
}

/// What admitting the operations of one share of a batch has in common.
pub(super) struct Admission<'a> {
    engine: &'a Engine,
    terms: Terms,
    /// The last two collections named, the newer first: most batches name one or two again and again.
    collections: [Option<Collection>; 2],
    builder: DocumentBuilder,
}

impl<'a> Admission<'a> {
    pub(super) fn new(engine: &'a Engine, terms: Terms) -> Self {
        Self { engine, terms, collections: [None, None], builder: DocumentBuilder::new() }
    }

    pub(super) fn op(&mut self, op: Op, salt: Salt, request: Option<Digest>) -> Result<(AdmittedOp, PayloadUnit)> {
        let provenance = Provenance::check(&op)?;
        let expiry_us = expiry(op.lifetime, self.terms.now_us)?;
        let (effect, key, document) = self.split(op.action)?;
        let payload = if effect == Effect::Check && !self.terms.is_keyed {
            PayloadUnit::unwritten()
        } else {
            let parts = PayloadParts {
                document: document.as_ref(),
                evidence: op.evidence.as_deref(),
                valid_from: op.valid_from.as_deref(),
                valid_to: op.valid_to.as_deref(),
                request,
            };
            encode_payload(salt, &key, &parts)?
        };
        let index_key = key.index_key();
        let hash = self.engine.keys.hash(&index_key);
        let admitted = AdmittedOp {
            effect,
            key,
            index_key,
            hash,
            causes: op.causes,
            confidence: op.confidence,
            valid_from_us: provenance.valid_from_us,
            valid_to_us: provenance.valid_to_us,
            expiry_us,
            expected: op.expected,
            nonce: op.nonce,
        };
        Ok((admitted, payload))
    }

    fn split(&mut self, action: Action) -> Result<(Effect, Key, Option<DocumentBuf>)> {
        Ok(match action {
            Action::Put { collection, id, body } => {
                let key = self.document_key(&collection, id)?;
                let document = self.document(body, key.id().as_bytes())?;
                (Effect::Put, key, Some(document))
            }
            Action::Restore { collection, id, version } => {
                let key = self.document_key(&collection, id)?;
                let document = self.engine.document_of_version(&key, version)?;
                (Effect::Put, key, Some(document))
            }
            Action::Delete { collection, id } => (Effect::Delete, self.document_key(&collection, id)?, None),
            Action::Sweep { collection, id, version } => {
                (Effect::Sweep(version), self.document_key(&collection, id)?, None)
            }
            Action::Expire { collection, id } => (Effect::Expire, self.document_key(&collection, id)?, None),
            Action::Check { collection, id } => (Effect::Check, self.document_key(&collection, id)?, None),
            Action::Link { from, relation, to } => (Effect::Link, Key::edge(&from, &relation, &to)?, None),
            Action::Unlink { from, relation, to } => (Effect::Unlink, Key::edge(&from, &relation, &to)?, None),
        })
    }

    fn document_key(&mut self, name: &str, id: Arc<[u8]>) -> Result<Key> {
        let is_known = |known: &&Collection| known.as_str() == name;
        let collection = if let Some(known) = self.collections.iter().flatten().find(is_known) {
            known.clone()
        } else {
            let [newer, older] = &mut self.collections;
            *older = newer.take();
            newer.insert(Collection::new(name)?).clone()
        };
        Ok(Key::Document { collection, id: DocId::from_shared(id)? })
    }

    /// Encodes the body and drops the reserved fields, which are remade on every read.
    fn document(&mut self, body: Body, id: &[u8]) -> Result<DocumentBuf> {
        let document = match body {
            Body::Document(document) => document,
            Body::Value(value) => document::encode(&value)?,
            Body::Json(text) => document::json_to_document_with(&text, &mut self.builder)?,
        };
        let document = match document.as_document().without_fields(is_reserved)? {
            // Few have any, so an `_id` is looked for where there is something like it.
            Some(stripped) => {
                check_id_field(&document.as_document(), id)?;
                stripped
            }
            None => document,
        };
        let (max, actual) = (DOCUMENT_BYTES_MAX as u64, document.as_bytes().len() as u64);
        if actual > max {
            let code = ErrorCode::DocumentTooLarge;
            return Err(Error::over_limit(code, "bytes of the document", "DOCUMENT_BYTES_MAX", max, actual));
        }
        Ok(document)
    }
}

struct PayloadParts<'a> {
    document: Option<&'a DocumentBuf>,
    evidence: Option<&'a str>,
    valid_from: Option<&'a str>,
    valid_to: Option<&'a str>,
    request: Option<Digest>,
}

fn encode_payload(salt: Salt, key: &Key, parts: &PayloadParts<'_>) -> Result<PayloadUnit> {
    let relation = match key {
        Key::Document { .. } => None,
        Key::Edge { relation, to, .. } => Some(RelationTarget {
            relation: relation.as_str(),
            to_collection: to.collection().as_str(),
            to_id: to.id().as_bytes(),
        }),
    };
    let content = PayloadContent {
        id: key.id().as_bytes(),
        relation,
        evidence: parts.evidence,
        valid_from_text: parts.valid_from,
        valid_to_text: parts.valid_to,
        request: parts.request,
        result: None,
        document: parts.document.map(DocumentBuf::as_bytes),
    };
    PayloadUnit::encode(salt, &content)
}

fn check_id_field(document: &DocumentRef<'_>, id: &[u8]) -> Result<()> {
    let Some(field) = document.get("_id")? else { return Ok(()) };
    let same = match field.to_value()? {
        Value::String(text) => text.as_bytes() == id,
        Value::Bytes(bytes) => bytes == id,
        Value::I64(number) => number.to_string().as_bytes() == id,
        _ => false,
    };
    if same {
        return Ok(());
    }
    let id = String::from_utf8_lossy(id);
    Err(Error::new(ErrorCode::IdMismatch, format!("the document's _id differs from the id {id:?} it is put under")))
}

fn expiry(lifetime: Lifetime, now_us: i64) -> Result<Option<i64>> {
    match lifetime {
        Lifetime::Unlimited => Ok(None),
        Lifetime::Until(at) => Ok(Some(at.as_micros())),
        Lifetime::Micros(ttl_us) => {
            let at = i64::try_from(ttl_us).ok().and_then(|ttl_us| now_us.checked_add(ttl_us));
            let too_far =
                || Error::new(ErrorCode::InvalidArgument, format!("a lifetime of {ttl_us} us ends beyond all time"));
            at.map(Some).ok_or_else(too_far)
        }
    }
}

/// The checked form of what an operation says about itself.
struct Provenance {
    valid_from_us: Option<i64>,
    valid_to_us: Option<i64>,
}

impl Provenance {
    fn check(op: &Op) -> Result<Self> {
        if let Some(confidence) = op.confidence
            && !(0.0..=1.0).contains(&confidence)
        {
            let message = format!("confidence {confidence} is not between 0.0 and 1.0");
            return Err(Error::new(ErrorCode::InvalidConfidence, message));
        }
        let evidence_bytes = op.evidence.as_ref().map_or(0, String::len) as u64;
        let evidence_max = EVIDENCE_BYTES_MAX as u64;
        if evidence_bytes > evidence_max {
            let code = ErrorCode::EvidenceTooLong;
            return Err(Error::over_limit(
                code,
                "bytes of evidence",
                "EVIDENCE_BYTES_MAX",
                evidence_max,
                evidence_bytes,
            ));
        }
        let (causes, causes_max) = (op.causes.len() as u64, CAUSES_MAX as u64);
        if causes > causes_max {
            return Err(Error::over_limit(ErrorCode::TooManyCauses, "causes", "CAUSES_MAX", causes_max, causes));
        }
        let valid_from_us = valid_time(op.valid_from.as_deref(), "valid_from")?;
        let valid_to_us = valid_time(op.valid_to.as_deref(), "valid_to")?;
        if let (Some(from_us), Some(to_us)) = (valid_from_us, valid_to_us)
            && from_us >= to_us
        {
            let message = "valid_to must lie after valid_from: the period is closed at its start and open at its end";
            return Err(Error::new(ErrorCode::InvalidValidTime, message));
        }
        Ok(Self { valid_from_us, valid_to_us })
    }
}

fn valid_time(text: Option<&str>, name: &str) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    let bad = |error: Error| Error::new(ErrorCode::InvalidValidTime, format!("{name} {text:?}: {}", error.message()));
    if text.len() > 64 {
        return Err(Error::new(ErrorCode::InvalidValidTime, format!("{name} is longer than 64 bytes")));
    }
    Timestamp::parse(text).map(|time| Some(time.as_micros())).map_err(bad)
}
