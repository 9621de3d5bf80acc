//! A stored payload, read in place.
//!
//! Promises: a view exists only for a payload in the one valid form, padding included. The document inside is only
//! delimited, not checked.

use super::{RelationTarget, content, document};
use crate::layout::{SALT_BYTES, UNIT_ALIGN, is_zero};
use nedb_crypto::{Domain, Message, sha256};
use nedb_types::codec::Reader;
use nedb_types::{Digest, Error, ErrorCode, Result};

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
    /// The far end, for relations.
    pub relation: Option<RelationTarget<'a>>,
    /// The note on why this was written.
    pub evidence: Option<&'a str>,
    /// The start of the valid time as it was given.
    pub valid_from_text: Option<&'a str>,
    /// The end of the valid time as it was given.
    pub valid_to_text: Option<&'a str>,
    /// What a keyed request answered.
    pub result: Option<&'a [u8]>,
    /// The document in its stored form.
    pub document: Option<&'a [u8]>,
    request: Option<&'a [u8]>,
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
        let mut view = Self {
            unit,
            id,
            relation: None,
            evidence: None,
            valid_from_text: None,
            valid_to_text: None,
            result: None,
            document: None,
            request: None,
        };
        if flags & !content::DOCUMENT != 0 {
            view.decode_extras(flags, &mut reader)?;
        }
        if flags & content::DOCUMENT != 0 {
            match document::stored_len(reader.rest()) {
                Some(length) => view.document = Some(reader.take(length)?),
                None => return Err(reader.corrupt("no document lies where one should")),
            }
        }
        let is_padded = unit.len().is_multiple_of(UNIT_ALIGN) && reader.remaining() < UNIT_ALIGN;
        if is_padded && is_zero(reader.rest()) {
            return Ok(view);
        }
        Err(reader.corrupt("the padding is not zero or of the wrong length"))
    }

    /// Returns the salt.
    pub fn salt(&self) -> &'a [u8] {
        self.unit.split_at_checked(SALT_BYTES).map_or(&[], |(salt, _)| salt)
    }

    /// Returns the digest of the whole request.
    pub fn request(&self) -> Option<Digest> {
        self.request?.first_chunk().map(|bytes| Digest::from(*bytes))
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

    #[cold]
    fn decode_extras(&mut self, flags: u8, reader: &mut Reader<'a>) -> Result<()> {
        if flags & content::RELATION != 0 {
            let (relation, to_collection) = (short_text(reader)?, short_text(reader)?);
            self.relation = Some(RelationTarget { relation, to_collection, to_id: long(reader)? });
        }
        if flags & content::EVIDENCE != 0 {
            let bytes = long(reader)?;
            self.evidence = Some(utf8(reader, bytes)?);
        }
        if flags & content::VALID_FROM_TEXT != 0 {
            self.valid_from_text = Some(short_text(reader)?);
        }
        if flags & content::VALID_TO_TEXT != 0 {
            self.valid_to_text = Some(short_text(reader)?);
        }
        if flags & content::REQUEST != 0 {
            self.request = Some(reader.take(32)?);
        }
        if flags & content::RESULT != 0 {
            self.result = Some(long(reader)?);
        }
        Ok(())
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
