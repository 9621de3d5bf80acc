//! A payload unit before it has an address: salt, content and padding, and the commitment to them.
//!
//! It is made by the caller's thread, before the operation has a seq; the check field is added when the frame is built.

use super::{PayloadContent, PayloadView};
use crate::layout::{CHECK_BYTES, SALT_BYTES, UNIT_ALIGN};
use nedb_crypto::{Domain, Message, sha256, sha256_many};
use nedb_types::codec::Writer;
use nedb_types::{Digest, Result};

/// Holds an encoded payload that waits to be written.
///
/// # Examples
///
/// ```
/// use nedb_log::{PayloadContent, PayloadUnit, commit_many};
///
/// let mut units = [PayloadUnit::encode([1; 16], &PayloadContent::new(b"a"))?];
/// commit_many(&mut units);
/// assert_eq!(units[0].commitment(), PayloadUnit::encode([1; 16], &PayloadContent::new(b"a"))?.commitment());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadUnit {
    bytes: Vec<u8>,
    commitment: Option<Digest>,
}

impl PayloadUnit {
    /// Encodes a content behind its salt; `salt` must be random and is used once.
    pub fn encode(salt: [u8; SALT_BYTES], content: &PayloadContent<'_>) -> Result<Self> {
        let length = (SALT_BYTES + content.encoded_len()).next_multiple_of(UNIT_ALIGN);
        let mut writer = Writer::with_capacity(length);
        writer.bytes(&salt);
        content.encode_into(&mut writer)?;
        writer.pad_to(UNIT_ALIGN);
        Ok(Self { bytes: writer.into_bytes(), commitment: None })
    }

    /// What stands for the payload of an operation that is not logged.
    ///
    /// ```
    /// assert_eq!(nedb_log::PayloadUnit::unwritten().bytes(), b"");
    /// ```
    pub const fn unwritten() -> Self {
        Self { bytes: Vec::new(), commitment: Some(Digest::ZERO) }
    }

    /// Returns the stored bytes without the check field.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how many bytes the unit takes in the log, check field included.
    pub fn stored_len(&self) -> usize {
        self.bytes.len() + CHECK_BYTES
    }

    /// Returns the commitment; computes it when [`commit_many`] has not.
    pub fn commitment(&self) -> Digest {
        self.commitment.unwrap_or_else(|| sha256(&[Domain::Commitment.tag(), &self.bytes]))
    }

    /// Returns the content.
    pub fn view(&self) -> Result<PayloadView<'_>> {
        PayloadView::decode(&self.bytes)
    }
}

/// Computes the commitments of many payloads side by side, which costs much less than one by one.
pub fn commit_many(units: &mut [PayloadUnit]) {
    if let [unit] = units {
        unit.commitment = Some(unit.commitment());
        return;
    }
    let messages: Vec<Message<'_>> = units
        .iter()
        .filter(|unit| unit.commitment.is_none())
        .map(|unit| Message::tagged(Domain::Commitment, [unit.bytes.as_slice()]))
        .collect();
    let mut digests = vec![Digest::ZERO; messages.len()];
    sha256_many(&messages, &mut digests);
    for (unit, digest) in units.iter_mut().filter(|unit| unit.commitment.is_none()).zip(digests) {
        unit.commitment = Some(digest);
    }
}
