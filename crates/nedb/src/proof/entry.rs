//! A canonical entry, read back from a proof or a tile.
//!
//! Promises: bytes that are not exactly one canonical entry are `bad_proof`, never a panic. The form is that of
//! docs/format.md, section 6. Leaves to others: whether the entry is in any tree.

use nedb_log::{EntryView, OpKind};
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Result, Seq, Timestamp, Value, codec::Reader};

use super::json::JsonFields;

const MAGIC: [u8; 4] = *b"NEDB";
const VERSION: u8 = 1;

/// What a proved operation says: everything but its content, to which it only commits.
///
/// [`check_proof`](crate::check_proof) returns one.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvedEntry {
    /// The database that wrote it.
    pub database: DatabaseId,
    /// Its place in the history.
    pub seq: Seq,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// What it did: put, delete, link, unlink, noop or expire.
    pub kind: &'static str,
    /// Whether it is the last operation of its transaction.
    pub is_last_in_transaction: bool,
    /// The collection (of an edge: of where it starts).
    pub collection: String,
    /// Who wrote it.
    pub client: String,
    /// The writer's number for it.
    pub nonce: u64,
    /// The digest of the idempotency key.
    pub idempotency: Option<Digest>,
    /// The operations that caused it, ascending.
    pub causes: Vec<Seq>,
    /// How certain the writer was.
    pub confidence: Option<f64>,
    /// From when on the content holds in the world.
    pub valid_from: Option<Timestamp>,
    /// Until when the content holds in the world.
    pub valid_to: Option<Timestamp>,
    /// When the version expires.
    pub expires_at: Option<Timestamp>,
    /// The previous version of the same document or edge.
    pub previous: Option<Seq>,
    /// The version whose content goes on, for a new lifetime.
    pub target: Option<Seq>,
    /// The commitment to the content.
    pub commitment: Option<Digest>,
    /// Length of what is committed to; 0 without content.
    pub payload_bytes: u32,
    /// Number and digest of the newest catalogue record, where the entry seals it.
    pub catalogue: Option<(u64, Digest)>,
}

impl ProvedEntry {
    /// Reads a canonical entry; anything else is `bad_proof`.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        decode(bytes).map_err(|error| {
            let message = format!("these bytes are not one entry of a NEDB log: {}", error.message());
            Error::new(ErrorCode::BadProof, message)
        })
    }

    pub(super) fn to_fields(&self) -> JsonFields {
        let micros = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let causes: Vec<Value> = self.causes.iter().map(|seq| Value::from(seq.get())).collect();
        JsonFields::new()
            .text("database", self.database)
            .number("seq", self.seq.get())
            .text("committed_at", self.committed_at)
            .text("kind", self.kind)
            .value("last_in_transaction", self.is_last_in_transaction)
            .text("collection", &self.collection)
            .text("client", &self.client)
            .number("nonce", self.nonce)
            .maybe_text("idempotency", self.idempotency)
            .value("causes", causes)
            .value("confidence", self.confidence.and_then(|it| Value::float(it).ok()).unwrap_or(Value::Null))
            .maybe_text("valid_from", micros(self.valid_from))
            .maybe_text("valid_to", micros(self.valid_to))
            .maybe_text("expires_at", micros(self.expires_at))
            .maybe_number("previous", self.previous.map(Seq::get))
            .maybe_number("target", self.target.map(Seq::get))
            .maybe_text("commitment", self.commitment)
            .number("payload_bytes", u64::from(self.payload_bytes))
            .maybe_number("catalogue", self.catalogue.map(|(number, _)| number))
    }
}

fn decode(bytes: &[u8]) -> Result<ProvedEntry> {
    let mut reader = Reader::new(bytes, "entry");
    if reader.array()? != MAGIC {
        return Err(reader.corrupt("it does not begin with NEDB"));
    }
    let version = reader.u8()?;
    if version != VERSION {
        return Err(reader.corrupt(format_args!("its version is {version}, not {VERSION}")));
    }
    let database = DatabaseId::from_bytes(reader.array()?);
    let seq = Seq::new(reader.u64()?);
    let committed_at = Timestamp::from_micros(reader.i64()?);
    let payload_bytes = reader.u32()?;
    let view = EntryView::decode(reader.rest(), seq)?;
    let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(ProvedEntry {
        database,
        seq,
        committed_at,
        kind: kind_name(view.kind()),
        is_last_in_transaction: view.is_last_in_transaction(),
        collection: view.collection().to_owned(),
        client: view.client().to_owned(),
        nonce: view.nonce(),
        idempotency: view.idempotency(),
        causes: view.causes().collect(),
        confidence: view.confidence(),
        valid_from: time(view.valid_from()),
        valid_to: time(view.valid_to()),
        expires_at: time(view.expiry()),
        previous: view.previous(),
        target: view.target(),
        commitment: view.commitment(),
        payload_bytes,
        catalogue: view.catalogue(),
    })
}

fn kind_name(kind: OpKind) -> &'static str {
    match kind {
        OpKind::Put => "put",
        OpKind::Delete => "delete",
        OpKind::Link => "link",
        OpKind::Unlink => "unlink",
        OpKind::PutFile => "put_file",
        OpKind::Noop => "noop",
        OpKind::Expire => "expire",
        OpKind::Patch => "patch",
        OpKind::EraseReceipt => "erase_receipt",
        OpKind::CatalogueNotice => "catalogue_notice",
    }
}
