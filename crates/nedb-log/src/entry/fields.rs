//! The fields of an entry and their encoding into the stored body.
//!
//! Promises: what is encoded here is what [`EntryView`](super::EntryView) accepts, byte for byte in one form only.
//! Whether the fields make sense together is for the engine to decide.

use super::{OpKind, flags};
use nedb_types::codec::Writer;
use nedb_types::limits::{CAUSES_MAX, CLIENT_BYTES_MAX, COLLECTION_BYTES_MAX, ENTRY_BYTES_MAX};
use nedb_types::{Digest, Error, ErrorCode, Result, Seq};

/// Holds the fields of an entry that is about to be written.
///
/// # Examples
///
/// ```
/// use nedb_log::{EntryFields, EntryView, OpKind};
/// use nedb_types::Seq;
///
/// let fields = EntryFields { last_in_transaction: true, ..EntryFields::new(OpKind::Put, "notes", "ann", 7) };
/// let body = fields.encode(Seq::new(0))?;
/// let view = EntryView::decode(&body, Seq::new(0))?;
/// assert_eq!((view.collection(), view.client(), view.nonce()), ("notes", "ann", 7));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntryFields<'a> {
    /// What the operation does.
    pub kind: OpKind,
    /// Whether the operation ends its transaction.
    pub last_in_transaction: bool,
    /// The collection; for a relation that of the document it starts from.
    pub collection: &'a str,
    /// Who wrote it.
    pub client: &'a str,
    /// The client's counter that refuses replays.
    pub nonce: u64,
    /// The digest of the request's idempotency key.
    pub idempotency: Option<Digest>,
    /// The operations this one follows from: strictly ascending, each below the own seq.
    pub causes: &'a [Seq],
    /// How certain the writer was, from 0 to 1.
    pub confidence: Option<f64>,
    /// Start of the valid time in microseconds.
    pub valid_from: Option<i64>,
    /// End of the valid time in microseconds.
    pub valid_to: Option<i64>,
    /// When the document expires, in microseconds.
    pub expiry: Option<i64>,
    /// The previous version of the same key.
    pub previous: Option<Seq>,
    /// The operation whose payload this version has.
    pub target: Option<Seq>,
    /// The commitment to the payload.
    pub commitment: Option<Digest>,
    /// Number and digest of the last catalogue record, on the first entry after a change.
    pub catalogue: Option<(u64, Digest)>,
}

impl<'a> EntryFields<'a> {
    /// Makes an entry with the fields that every entry has and none of the others.
    pub const fn new(kind: OpKind, collection: &'a str, client: &'a str, nonce: u64) -> Self {
        Self {
            kind,
            last_in_transaction: false,
            collection,
            client,
            nonce,
            idempotency: None,
            causes: &[],
            confidence: None,
            valid_from: None,
            valid_to: None,
            expiry: None,
            previous: None,
            target: None,
            commitment: None,
            catalogue: None,
        }
    }

    /// Returns the length of the encoded body.
    pub fn encoded_len(&self) -> usize {
        let causes = if self.causes.is_empty() { 0 } else { 2 + 8 * self.causes.len() };
        let words = [self.confidence.is_some(), self.valid_from.is_some(), self.valid_to.is_some()]
            .into_iter()
            .chain([self.expiry.is_some(), self.previous.is_some(), self.target.is_some()])
            .filter(|is_some| *is_some)
            .count();
        let digests = usize::from(self.idempotency.is_some()) + usize::from(self.commitment.is_some());
        let catalogue = if self.catalogue.is_some() { 40 } else { 0 };
        13 + self.collection.len() + self.client.len() + causes + 8 * words + 32 * digests + catalogue
    }

    /// Encodes the body of the entry with this seq.
    pub fn encode(&self, seq: Seq) -> Result<Vec<u8>> {
        self.admit(seq)?;
        let mut writer = Writer::with_capacity(self.encoded_len());
        self.encode_into(&mut writer);
        Ok(writer.into_bytes())
    }

    /// Encodes the body, which was [admitted](Self::admit), behind what `writer` holds.
    pub(crate) fn encode_into(&self, writer: &mut Writer) {
        writer.u8(self.kind.number());
        writer.u16(self.flags());
        put_short(writer, self.collection.as_bytes());
        put_short(writer, self.client.as_bytes());
        writer.u64(self.nonce);
        put_digest(writer, self.idempotency);
        if !self.causes.is_empty() {
            writer.u16(u16::try_from(self.causes.len()).unwrap_or(u16::MAX));
            self.causes.iter().for_each(|cause| writer.u64(cause.get()));
        }
        let words = [
            self.confidence.map(f64::to_bits),
            self.valid_from.map(i64::cast_unsigned),
            self.valid_to.map(i64::cast_unsigned),
            self.expiry.map(i64::cast_unsigned),
            self.previous.map(Seq::get),
            self.target.map(Seq::get),
        ];
        words.into_iter().flatten().for_each(|word| writer.u64(word));
        put_digest(writer, self.commitment);
        if let Some((number, digest)) = self.catalogue {
            writer.u64(number);
            writer.bytes(digest.as_bytes());
        }
    }

    fn flags(&self) -> u16 {
        let when = |is_set: bool, flag: u16| if is_set { flag } else { 0 };
        when(self.last_in_transaction, flags::LAST)
            | when(self.idempotency.is_some(), flags::IDEMPOTENCY)
            | when(!self.causes.is_empty(), flags::CAUSES)
            | when(self.confidence.is_some(), flags::CONFIDENCE)
            | when(self.valid_from.is_some(), flags::VALID_FROM)
            | when(self.valid_to.is_some(), flags::VALID_TO)
            | when(self.expiry.is_some(), flags::EXPIRY)
            | when(self.previous.is_some(), flags::PREVIOUS)
            | when(self.target.is_some(), flags::TARGET)
            | when(self.commitment.is_some(), flags::COMMITMENT)
            | when(self.catalogue.is_some(), flags::CATALOGUE)
    }

    /// Refuses what the format cannot hold.
    pub(crate) fn admit(&self, seq: Seq) -> Result<()> {
        OpKind::from_number(self.kind.number())?;
        limit(
            ErrorCode::NameTooLong,
            "collection",
            "COLLECTION_BYTES_MAX",
            COLLECTION_BYTES_MAX,
            self.collection.len(),
        )?;
        limit(ErrorCode::ClientTooLong, "client", "CLIENT_BYTES_MAX", CLIENT_BYTES_MAX, self.client.len())?;
        limit(ErrorCode::TooManyCauses, "number of causes", "CAUSES_MAX", CAUSES_MAX, self.causes.len())?;
        check_entry_bytes(super::canonical::PREFIX_BYTES + self.encoded_len())?;
        let is_ascending = self.causes.iter().zip(self.causes.iter().skip(1)).all(|(one, next)| one < next);
        if !is_ascending || self.causes.last().is_some_and(|last| *last >= seq) {
            let text = format!("the causes of seq {seq} are not strictly ascending seqs below it");
            return Err(Error::new(ErrorCode::UnknownCause, text));
        }
        Ok(())
    }
}

/// Refuses an entry that a tile could not hold. The limits on its parts keep every entry of format 1 below this one.
pub(super) fn check_entry_bytes(entry_bytes: usize) -> Result<()> {
    limit(ErrorCode::EntryTooLarge, "entry", "ENTRY_BYTES_MAX", ENTRY_BYTES_MAX, entry_bytes)
}

fn put_short(writer: &mut Writer, bytes: &[u8]) {
    writer.u8(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    writer.bytes(bytes);
}

fn put_digest(writer: &mut Writer, digest: Option<Digest>) {
    if let Some(digest) = digest {
        writer.bytes(digest.as_bytes());
    }
}

/// Refuses what exceeds a limit.
pub(crate) fn limit(code: ErrorCode, what: &str, name: &'static str, max: usize, actual: usize) -> Result<()> {
    if actual <= max { Ok(()) } else { Err(Error::over_limit(code, what, name, max as u64, actual as u64)) }
}
