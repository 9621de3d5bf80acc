//! A stored payload, read in place.
//!
//! Promises: a view exists only for a payload in the one valid form, padding included. The document inside is only
//! delimited, not checked. The view keeps id and document; what few payloads have is checked at once, but kept as bytes.

use super::{RelationTarget, content, document};
use crate::layout::{SALT_BYTES, UNIT_ALIGN, is_zero};
use nedb_crypto::{Domain, Message, sha256};
use nedb_types::codec::Reader;
use nedb_types::{Digest, Error, ErrorCode, Result};

const FLAGS_BYTES: usize = 1;
const ID_LENGTH_BYTES: usize = 2;

/// Shows the content of a stored payload.
///
/// # Examples
///
/// ```
/// use nedb_log::{PayloadContent, PayloadUnit, PayloadView};
///
/// let unit = PayloadUnit::encode([3; 16], &PayloadContent::new(b"n1"))?;
/// let view = PayloadView::decode(unit.bytes())?;
/// assert_eq!(view.id, b"n1");
/// assert_eq!(view.commitment(), unit.commitment());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PayloadView<'a> {
    unit: &'a [u8],
    /// The id of the document.
    pub id: &'a [u8],
    /// The document in its stored form.
    pub document: Option<&'a [u8]>,
    flags: u8,
}

impl<'a> PayloadView<'a> {
    /// Reads a unit without its check field.
    #[inline]
    pub fn decode(unit: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(unit, "payload");
        reader.take(SALT_BYTES)?;
        let flags = reader.u8()?;
        if flags & !content::KNOWN != 0 {
            return Err(unknown_flags(flags));
        }
        let id = long(&mut reader)?;
        if flags & !content::DOCUMENT != 0 {
            Extras::read(flags, &mut reader)?;
        }
        let mut document = None;
        if flags & content::DOCUMENT != 0 {
            match document::stored_len(reader.rest()) {
                Some(length) => document = Some(reader.take(length)?),
                None => return Err(reader.corrupt("no document lies where one should")),
            }
        }
        let is_padded = unit.len().is_multiple_of(UNIT_ALIGN) && reader.remaining() < UNIT_ALIGN;
        if is_padded && is_zero(reader.rest()) {
            return Ok(Self { unit, id, document, flags });
        }
        Err(reader.corrupt("the padding is not zero or of the wrong length"))
    }

    /// Returns the far end, for relations.
    pub fn relation(&self) -> Option<RelationTarget<'a>> {
        self.extras().relation
    }

    /// Returns the note on why this was written.
    pub fn evidence(&self) -> Option<&'a str> {
        self.extras().evidence
    }

    /// Returns the start of the valid time as it was given.
    pub fn valid_from_text(&self) -> Option<&'a str> {
        self.extras().valid_from_text
    }

    /// Returns the end of the valid time as it was given.
    pub fn valid_to_text(&self) -> Option<&'a str> {
        self.extras().valid_to_text
    }

    /// Returns what a keyed request answered.
    pub fn result(&self) -> Option<&'a [u8]> {
        self.extras().result
    }

    /// Tells whether the writer said why or for which time: any text that a provenance is made of.
    #[inline]
    pub const fn has_provenance(&self) -> bool {
        self.flags & (content::EVIDENCE | content::VALID_FROM_TEXT | content::VALID_TO_TEXT) != 0
    }

    /// Returns the salt.
    pub fn salt(&self) -> &'a [u8] {
        self.unit.split_at_checked(SALT_BYTES).map_or(&[], |(salt, _)| salt)
    }

    /// Returns the digest of the whole request.
    pub fn request(&self) -> Option<Digest> {
        self.extras().request?.first_chunk().map(|bytes| Digest::from(*bytes))
    }

    /// Returns the stored bytes without the check field, which the entry commits to.
    pub const fn bytes(&self) -> &'a [u8] {
        self.unit
    }

    /// Computes the commitment.
    pub fn commitment(&self) -> Digest {
        sha256(&[Domain::Commitment.tag(), self.unit])
    }

    /// Returns the message whose digest is the commitment, for hashing many at once.
    pub fn commitment_message(&self) -> Message<'a> {
        Message::tagged(Domain::Commitment, [self.unit])
    }

    fn extras(&self) -> Extras<'a> {
        if self.flags & !content::DOCUMENT == 0 {
            return Extras::default();
        }
        let start = SALT_BYTES + FLAGS_BYTES + ID_LENGTH_BYTES + self.id.len();
        let mut reader = Reader::new(self.unit.get(start..).unwrap_or_default(), "payload");
        // `decode` read the same bytes, so that no error can come here.
        Extras::read(self.flags, &mut reader).unwrap_or_default()
    }
}

/// What lies between id and document, and few payloads have.
#[derive(Clone, Copy, Debug, Default)]
struct Extras<'a> {
    relation: Option<RelationTarget<'a>>,
    evidence: Option<&'a str>,
    valid_from_text: Option<&'a str>,
    valid_to_text: Option<&'a str>,
    request: Option<&'a [u8]>,
    result: Option<&'a [u8]>,
}

impl<'a> Extras<'a> {
    #[cold]
    fn read(flags: u8, reader: &mut Reader<'a>) -> Result<Self> {
        let mut extras = Self::default();
        if flags & content::RELATION != 0 {
            let (relation, to_collection) = (short_text(reader)?, short_text(reader)?);
            extras.relation = Some(RelationTarget { relation, to_collection, to_id: long(reader)? });
        }
        if flags & content::EVIDENCE != 0 {
            let bytes = long(reader)?;
            extras.evidence = Some(utf8(reader, bytes)?);
        }
        if flags & content::VALID_FROM_TEXT != 0 {
            extras.valid_from_text = Some(short_text(reader)?);
        }
        if flags & content::VALID_TO_TEXT != 0 {
            extras.valid_to_text = Some(short_text(reader)?);
        }
        if flags & content::REQUEST != 0 {
            extras.request = Some(reader.take(32)?);
        }
        if flags & content::RESULT != 0 {
            extras.result = Some(long(reader)?);
        }
        Ok(extras)
    }
}

#[inline]
fn long<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let length = usize::from(reader.u16()?);
    reader.take(length)
}

fn short_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    let length = usize::from(reader.u8()?);
    let bytes = reader.take(length)?;
    utf8(reader, bytes)
}

fn utf8<'a>(reader: &Reader<'a>, bytes: &'a [u8]) -> Result<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Err(reader.corrupt(format_args!("a text is not UTF-8: {error}"))),
    }
}

#[cold]
fn unknown_flags(flags: u8) -> Error {
    Error::new(ErrorCode::UnknownFeature, format!("payload flags {flags:#04x} are not known here"))
}
