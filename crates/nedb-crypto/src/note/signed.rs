//! A signed note: a text and the signatures under it (C2SP signed-note).
//!
//! ```text
//!   any text, ending in a newline
//!                                                       an empty line, the last one of the note
//!   — example.com/log base64(key id, signature)         one line per signature
//! ```
//!
//! Promises: `parse` then `to_string` gives back every byte. Leaves to others: what the text says.

use super::signing::SigningKey;
use super::text::{check_key_name, decode_base64, encode_base64, malformed};
use super::verifier::VerifierKey;
use core::fmt;
use core::str::FromStr;
use nedb_types::{Error, ErrorCode, Result};

/// The greatest length of a note: room for the permitted signatures, and far above any checkpoint.
pub const NOTE_BYTES_MAX: usize = 1 << 20;

/// The greatest number of signatures: verifying costs time, and the specification asks for 16 at least.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// Holds a text with its signatures; nothing is verified by parsing.
///
/// ```
/// use nedb_crypto::note::{Note, SecretSeed, SigningKey, sign_note};
///
/// let key = SigningKey::new("example.com/log", &SecretSeed::new([7; 32]))?;
/// let sent = sign_note("a text\n", &key)?.to_string();
///
/// let note: Note = sent.parse()?;
/// note.verify(&[key.verifier_key()])?;
/// assert_eq!(note.text(), "a text\n");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    key_name: String,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

/// Signs a text, which must end in a newline and hold no other control character.
pub fn sign_note(text: &str, key: &SigningKey) -> Result<Note> {
    check_text(text)?;
    let mut note = Note { text: text.to_owned(), signatures: Vec::new() };
    note.add_signature(key)?;
    Ok(note)
}

impl Note {
    /// Adds a signature, for instance of the new key while keys are being changed.
    ///
    /// More than [`NOTE_SIGNATURES_MAX`] are `invalid_argument`.
    pub fn add_signature(&mut self, key: &SigningKey) -> Result<()> {
        check_signature_count(self.signatures.len() + 1)?;
        self.signatures.push(Signature {
            key_name: key.name().to_owned(),
            key_id: key.verifier_key().id(),
            bytes: key.sign(self.text.as_bytes()),
        });
        Ok(())
    }

    /// Returns the signed text, with its final newline.
    ///
    /// It means nothing until [`verify`](Self::verify) has passed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks every signature of a known key and returns the keys that signed, each once, in the order of `keys`.
    ///
    /// Signatures of unknown keys are skipped. One that fails, or none by a known key, is `bad_signature`.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>> {
        let mut signers = Vec::new();
        for key in keys {
            let mut own = self.signatures.iter().filter(|line| line.is_by(key)).peekable();
            if own.peek().is_none() || signers.contains(&key) {
                continue;
            }
            if !own.all(|line| key.has_signed(&self.text, &line.bytes)) {
                return Err(Error::new(ErrorCode::BadSignature, format!("the signature of {key} does not hold")));
            }
            signers.push(key);
        }
        if signers.is_empty() {
            let message = format!("none of the {} signatures is by a known key", self.signatures.len());
            return Err(Error::new(ErrorCode::BadSignature, message));
        }
        Ok(signers)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        for Signature { key_name, key_id, bytes } in &self.signatures {
            writeln!(out, "{SIGNATURE_MARK}{key_name} {}", encode_base64([key_id, bytes.as_slice()].concat()))?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = Error;

    fn from_str(note: &str) -> Result<Self> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(malformed(format!("note of {} bytes is over {NOTE_BYTES_MAX}", note.len())));
        }
        // The text keeps the first of the two newlines.
        let split = note.rfind("\n\n").and_then(|end| note.split_at_checked(end + 1));
        let Some((text, rest)) = split else {
            return Err(malformed("note has no empty line before its signatures"));
        };
        check_text(text)?;
        let Some(lines) = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')) else {
            return Err(malformed("note has no signature line that ends in a newline"));
        };
        check_signature_count(lines.split('\n').count())?;
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }
}

impl Signature {
    fn is_by(&self, key: &VerifierKey) -> bool {
        self.key_name == key.name() && self.key_id == key.id()
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let Some((key_name, encoded)) = line.strip_prefix(SIGNATURE_MARK).and_then(|line| line.split_once(' ')) else {
            return Err(malformed(format!("signature line {line:?} is not a dash, a name and a signature")));
        };
        check_key_name(key_name)?;
        let bytes = decode_base64(encoded, "signature")?;
        match bytes.split_first_chunk() {
            Some((key_id, bytes)) if !bytes.is_empty() => {
                Ok(Self { key_name: key_name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
            }
            _ => Err(malformed(format!("signature of {} bytes has no room for a key id", bytes.len()))),
        }
    }
}

fn check_text(text: &str) -> Result<()> {
    if !text.ends_with('\n') {
        return Err(malformed("note text does not end in a newline"));
    }
    if text.chars().any(|letter| letter < ' ' && letter != '\n') {
        return Err(malformed("note text has a control character"));
    }
    Ok(())
}

fn check_signature_count(count: usize) -> Result<()> {
    if count <= NOTE_SIGNATURES_MAX {
        return Ok(());
    }
    Err(malformed(format!("note of {count} signatures is over {NOTE_SIGNATURES_MAX}")))
}

#[cfg(test)]
mod tests;
