//! A stored entry body, read in place.
//!
//! Promises: a view exists only for a body in the one valid form; reading it copies nothing and allocates nothing.

use super::{EntryFields, OpKind, flags};
use nedb_types::codec::Reader;
use nedb_types::limits::{CAUSES_MAX, CLIENT_BYTES_MAX, COLLECTION_BYTES_MAX};
use nedb_types::{Digest, Error, ErrorCode, Result, Seq};

/// Shows the fields of a stored entry.
///
/// # Examples
///
/// ```
/// use nedb_log::{EntryFields, EntryView, OpKind};
/// use nedb_types::Seq;
///
/// let causes = [Seq::new(2), Seq::new(5)];
/// let fields = EntryFields { causes: &causes, ..EntryFields::new(OpKind::Put, "notes", "ann", 7) };
/// let body = fields.encode(Seq::new(9))?;
/// let view = EntryView::decode(&body, Seq::new(9))?;
/// assert_eq!(view.kind(), OpKind::Put);
/// assert_eq!(view.causes().collect::<Vec<_>>(), causes);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EntryView<'a> {
    body: &'a [u8],
    kind: OpKind,
    flags: u16,
    collection: &'a str,
    client: &'a str,
    nonce: u64,
    idempotency: Option<&'a [u8; 32]>,
    causes: &'a [u8],
    confidence: u64,
    valid_from: u64,
    valid_to: u64,
    expiry: u64,
    previous: u64,
    target: u64,
    commitment: Option<&'a [u8; 32]>,
    catalogue: Option<(u64, &'a [u8; 32])>,
}

impl<'a> EntryView<'a> {
    /// Reads the body of the entry with this seq; refuses unknown kinds and flags, and anything but the one valid form.
    #[inline]
    pub fn decode(body: &'a [u8], seq: Seq) -> Result<Self> {
        let mut reader = Reader::new(body, "entry body");
        let kind = OpKind::from_number(reader.u8()?)?;
        let flags = reader.u16()?;
        if flags & !flags::KNOWN != 0 {
            return Err(unknown_flags(flags));
        }
        let collection = text(&mut reader, COLLECTION_BYTES_MAX)?;
        let client = text(&mut reader, CLIENT_BYTES_MAX)?;
        let nonce = reader.u64()?;
        let idempotency = digest(&mut reader, flags & flags::IDEMPOTENCY != 0)?;
        let causes = if flags & flags::CAUSES != 0 { causes(&mut reader, seq)? } else { &[] };
        let view = Self {
            body,
            kind,
            flags,
            collection,
            client,
            nonce,
            idempotency,
            causes,
            confidence: word(&mut reader, flags & flags::CONFIDENCE != 0)?,
            valid_from: word(&mut reader, flags & flags::VALID_FROM != 0)?,
            valid_to: word(&mut reader, flags & flags::VALID_TO != 0)?,
            expiry: word(&mut reader, flags & flags::EXPIRY != 0)?,
            previous: word(&mut reader, flags & flags::PREVIOUS != 0)?,
            target: word(&mut reader, flags & flags::TARGET != 0)?,
            commitment: digest(&mut reader, flags & flags::COMMITMENT != 0)?,
            catalogue: catalogue(&mut reader, flags & flags::CATALOGUE != 0)?,
        };
        reader.finish()?;
        Ok(view)
    }

    /// Returns the stored bytes.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Returns what the operation does.
    pub const fn kind(&self) -> OpKind {
        self.kind
    }

    /// Tells whether the operation ends its transaction.
    pub const fn is_last_in_transaction(&self) -> bool {
        self.flags & flags::LAST != 0
    }

    /// Returns the collection.
    pub const fn collection(&self) -> &'a str {
        self.collection
    }

    /// Returns who wrote it.
    pub const fn client(&self) -> &'a str {
        self.client
    }

    /// Returns the client's counter.
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Returns the digest of the idempotency key.
    pub fn idempotency(&self) -> Option<Digest> {
        self.idempotency.map(|bytes| Digest::from(*bytes))
    }

    /// Returns the causes in ascending order.
    pub fn causes(&self) -> Causes<'a> {
        Causes { rest: self.causes.as_chunks().0.iter() }
    }

    /// Returns how certain the writer was.
    pub fn confidence(&self) -> Option<f64> {
        self.has(flags::CONFIDENCE, self.confidence).map(f64::from_bits)
    }

    /// Returns the start of the valid time in microseconds.
    pub fn valid_from(&self) -> Option<i64> {
        self.has(flags::VALID_FROM, self.valid_from).map(u64::cast_signed)
    }

    /// Returns the end of the valid time in microseconds.
    pub fn valid_to(&self) -> Option<i64> {
        self.has(flags::VALID_TO, self.valid_to).map(u64::cast_signed)
    }

    /// Returns when the document expires, in microseconds.
    pub fn expiry(&self) -> Option<i64> {
        self.has(flags::EXPIRY, self.expiry).map(u64::cast_signed)
    }

    /// Returns the seq of the previous version of the same key.
    pub fn previous(&self) -> Option<Seq> {
        self.has(flags::PREVIOUS, self.previous).map(Seq::new)
    }

    /// Returns the seq whose payload this version has.
    pub fn target(&self) -> Option<Seq> {
        self.has(flags::TARGET, self.target).map(Seq::new)
    }

    /// Returns the commitment to the payload.
    pub fn commitment(&self) -> Option<Digest> {
        self.commitment.map(|bytes| Digest::from(*bytes))
    }

    /// Returns number and digest of the last catalogue record, where the entry carries them.
    pub fn catalogue(&self) -> Option<(u64, Digest)> {
        self.catalogue.map(|(number, bytes)| (number, Digest::from(*bytes)))
    }

    /// Returns all fields by value but the causes, which stay in their stored form.
    pub fn to_fields(&self, causes: &'a [Seq]) -> EntryFields<'a> {
        EntryFields {
            kind: self.kind,
            last_in_transaction: self.is_last_in_transaction(),
            collection: self.collection,
            client: self.client,
            nonce: self.nonce,
            idempotency: self.idempotency(),
            causes,
            confidence: self.confidence(),
            valid_from: self.valid_from(),
            valid_to: self.valid_to(),
            expiry: self.expiry(),
            previous: self.previous(),
            target: self.target(),
            commitment: self.commitment(),
            catalogue: self.catalogue(),
        }
    }

    const fn has(&self, flag: u16, word: u64) -> Option<u64> {
        if self.flags & flag != 0 { Some(word) } else { None }
    }
}

/// Iterates over the causes of an entry, in ascending order.
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    rest: std::slice::Iter<'a, [u8; 8]>,
}

impl Iterator for Causes<'_> {
    type Item = Seq;

    fn next(&mut self) -> Option<Seq> {
        self.rest.next().map(|bytes| Seq::new(u64::from_le_bytes(*bytes)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Causes<'_> {}

#[inline]
fn text<'a>(reader: &mut Reader<'a>, bytes_max: usize) -> Result<&'a str> {
    let length = usize::from(reader.u8()?);
    if length > bytes_max {
        return Err(reader.corrupt("a name is longer than its limit"));
    }
    match std::str::from_utf8(reader.take(length)?) {
        Ok(text) => Ok(text),
        Err(error) => Err(reader.corrupt(format_args!("a name is not UTF-8: {error}"))),
    }
}

#[inline]
fn word(reader: &mut Reader<'_>, is_present: bool) -> Result<u64> {
    if is_present { reader.u64() } else { Ok(0) }
}

#[inline]
fn digest<'a>(reader: &mut Reader<'a>, is_present: bool) -> Result<Option<&'a [u8; 32]>> {
    if is_present { take_digest(reader).map(Some) } else { Ok(None) }
}

fn catalogue<'a>(reader: &mut Reader<'a>, is_present: bool) -> Result<Option<(u64, &'a [u8; 32])>> {
    if !is_present {
        return Ok(None);
    }
    let number = reader.u64()?;
    Ok(Some((number, take_digest(reader)?)))
}

#[inline]
fn take_digest<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8; 32]> {
    let bytes = reader.take(32)?;
    bytes.first_chunk().ok_or_else(|| reader.corrupt("a digest is cut short"))
}

fn causes<'a>(reader: &mut Reader<'a>, seq: Seq) -> Result<&'a [u8]> {
    let count = usize::from(reader.u16()?);
    if count == 0 || count > CAUSES_MAX {
        return Err(reader.corrupt(format_args!("{count} causes")));
    }
    let bytes = reader.take(8 * count)?;
    let mut least = 0;
    for cause in bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)) {
        if cause < least || cause >= seq.get() {
            return Err(reader.corrupt("the causes are not strictly ascending below the own seq"));
        }
        least = cause + 1;
    }
    Ok(bytes)
}

#[cold]
fn unknown_flags(flags: u16) -> Error {
    Error::new(ErrorCode::UnknownFeature, format!("entry flags {flags:#06x} are not known here"))
}
