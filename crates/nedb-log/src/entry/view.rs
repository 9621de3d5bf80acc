//! A stored entry body, read in place.
//!
//! Promises: a view exists only for a body in the one valid form; reading it copies nothing and allocates nothing.
//! The view keeps the names and where the rest begins; other fields are read when they are asked for, because a record
//! is moved several times on its way to a reader who seldom wants more than two of them.

use super::{EntryFields, OpKind, flags};
use crate::layout::any_of;
use nedb_types::codec::Reader;
use nedb_types::limits::{CAUSES_MAX, CLIENT_BYTES_MAX, COLLECTION_BYTES_MAX};
use nedb_types::{Digest, Error, ErrorCode, Result, Seq};

const KIND_AND_FLAGS_BYTES: usize = 3;
const NONCE_BYTES: usize = 8;
const CAUSE_COUNT_BYTES: usize = 2;
const WORD_BYTES: usize = 8;
const DIGEST_BYTES: usize = 32;

/// The bit of each of eight bytes that no ASCII has.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;
const CATALOGUE_BYTES: usize = WORD_BYTES + DIGEST_BYTES;

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
    /// These two are UTF-8.
    collection: &'a [u8],
    client: &'a [u8],
    kind: OpKind,
    flags: u16,
    /// Where the fields of eight bytes begin, behind the causes.
    words_at: u16,
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
        let collection = name(&mut reader, COLLECTION_BYTES_MAX)?;
        let client = name(&mut reader, CLIENT_BYTES_MAX)?;
        reader.take(NONCE_BYTES)?;
        if flags & flags::IDEMPOTENCY != 0 {
            reader.take(DIGEST_BYTES)?;
        }
        if flags & flags::CAUSES != 0 {
            causes(&mut reader, seq)?;
        }
        let Ok(words_at) = u16::try_from(reader.position()) else {
            return Err(reader.corrupt("an entry is longer than its limit"));
        };
        reader.take(bytes_behind_causes(flags))?;
        reader.finish()?;
        Ok(Self { body, collection, client, kind, flags, words_at })
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
    #[inline]
    pub fn collection(&self) -> &'a str {
        text_of(self.collection)
    }

    /// Tells whether this is the collection.
    #[inline]
    pub fn is_in(&self, collection: &str) -> bool {
        self.collection == collection.as_bytes()
    }

    /// Returns who wrote it.
    #[inline]
    pub fn client(&self) -> &'a str {
        text_of(self.client)
    }

    /// Returns the client's counter.
    pub fn nonce(&self) -> u64 {
        u64::from_le_bytes(self.array_at(self.nonce_at()))
    }

    /// Returns the digest of the idempotency key.
    pub fn idempotency(&self) -> Option<Digest> {
        let at = self.nonce_at() + NONCE_BYTES;
        self.has(flags::IDEMPOTENCY).then(|| Digest::from(self.array_at::<DIGEST_BYTES>(at)))
    }

    /// Returns the causes in ascending order.
    pub fn causes(&self) -> Causes<'a> {
        let idempotency = if self.has(flags::IDEMPOTENCY) { DIGEST_BYTES } else { 0 };
        let start = self.nonce_at() + NONCE_BYTES + idempotency + CAUSE_COUNT_BYTES;
        let bytes = if self.has(flags::CAUSES) { self.body.get(start..usize::from(self.words_at)) } else { None };
        Causes { rest: bytes.unwrap_or_default().as_chunks().0.iter() }
    }

    /// Returns how certain the writer was.
    pub fn confidence(&self) -> Option<f64> {
        self.word(flags::CONFIDENCE).map(f64::from_bits)
    }

    /// Returns the start of the valid time in microseconds.
    pub fn valid_from(&self) -> Option<i64> {
        self.word(flags::VALID_FROM).map(u64::cast_signed)
    }

    /// Returns the end of the valid time in microseconds.
    pub fn valid_to(&self) -> Option<i64> {
        self.word(flags::VALID_TO).map(u64::cast_signed)
    }

    /// Returns when the document expires, in microseconds.
    #[inline]
    pub fn expiry(&self) -> Option<i64> {
        self.word(flags::EXPIRY).map(u64::cast_signed)
    }

    /// Returns the seq of the previous version of the same key.
    pub fn previous(&self) -> Option<Seq> {
        self.word(flags::PREVIOUS).map(Seq::new)
    }

    /// Returns the seq whose payload this version has.
    pub fn target(&self) -> Option<Seq> {
        self.word(flags::TARGET).map(Seq::new)
    }

    /// Returns the commitment to the payload.
    pub fn commitment(&self) -> Option<Digest> {
        let at = usize::from(self.words_at) + words_bytes(self.flags);
        self.has(flags::COMMITMENT).then(|| Digest::from(self.array_at::<DIGEST_BYTES>(at)))
    }

    /// Returns number and digest of the last catalogue record, where the entry carries them.
    pub fn catalogue(&self) -> Option<(u64, Digest)> {
        if !self.has(flags::CATALOGUE) {
            return None;
        }
        // It is the last field.
        let at = self.body.len().saturating_sub(CATALOGUE_BYTES);
        let digest = self.array_at::<DIGEST_BYTES>(at + WORD_BYTES);
        Some((u64::from_le_bytes(self.array_at(at)), Digest::from(digest)))
    }

    /// Tells whether the writer said why, how certainly or for which time: any field that a provenance is made of.
    #[inline]
    pub fn has_provenance(&self) -> bool {
        self.flags & (flags::CAUSES | flags::CONFIDENCE | flags::VALID_FROM | flags::VALID_TO) != 0
    }

    /// Returns all fields by value but the causes, which stay in their stored form.
    pub fn to_fields(&self, causes: &'a [Seq]) -> EntryFields<'a> {
        EntryFields {
            kind: self.kind,
            last_in_transaction: self.is_last_in_transaction(),
            collection: self.collection(),
            client: self.client(),
            nonce: self.nonce(),
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

    const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    const fn nonce_at(&self) -> usize {
        KIND_AND_FLAGS_BYTES + 1 + self.collection.len() + 1 + self.client.len()
    }

    /// Returns the field of eight bytes that a flag announces.
    #[inline]
    fn word(&self, flag: u16) -> Option<u64> {
        if !self.has(flag) {
            return None;
        }
        // The fields lie in the order of their flags.
        let at = usize::from(self.words_at) + words_bytes(self.flags & (flag - 1));
        Some(u64::from_le_bytes(self.array_at(at)))
    }

    /// Returns bytes of the body; `decode` saw that every announced field is there.
    #[inline]
    fn array_at<const N: usize>(&self, at: usize) -> [u8; N] {
        self.body.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }
}

/// Returns how long the present fields of eight bytes are together.
const fn words_bytes(flags: u16) -> usize {
    WORD_BYTES * (flags & flags::WORDS).count_ones() as usize
}

/// Returns how long everything behind the causes is.
const fn bytes_behind_causes(flags: u16) -> usize {
    let commitment = if flags & flags::COMMITMENT != 0 { DIGEST_BYTES } else { 0 };
    let catalogue = if flags & flags::CATALOGUE != 0 { CATALOGUE_BYTES } else { 0 };
    words_bytes(flags) + commitment + catalogue
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

/// Reads a name and checks that it is UTF-8.
#[inline]
fn name<'a>(reader: &mut Reader<'a>, bytes_max: usize) -> Result<&'a [u8]> {
    let length = usize::from(reader.u8()?);
    if length > bytes_max {
        return Err(reader.corrupt("a name is longer than its limit"));
    }
    let name = reader.take(length)?;
    // Most names are ASCII, and every read asks twice.
    if any_of(name) & NOT_ASCII == 0 {
        return Ok(name);
    }
    match std::str::from_utf8(name) {
        Ok(_text) => Ok(name),
        Err(error) => Err(reader.corrupt(format_args!("a name is not UTF-8: {error}"))),
    }
}

/// Returns a name as text; `decode` saw that it is.
#[inline]
fn text_of(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// Reads the causes and checks their order.
fn causes(reader: &mut Reader<'_>, seq: Seq) -> Result<()> {
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
    Ok(())
}

#[cold]
fn unknown_flags(flags: u16) -> Error {
    Error::new(ErrorCode::UnknownFeature, format!("entry flags {flags:#06x} are not known here"))
}
