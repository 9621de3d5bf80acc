//! The spellings that all note formats share: base64, decimals, key names.
//!
//! Promises: exactly one spelling is accepted for each value, so that parsed text prints as it was read.
//! Leaves to others: what the values mean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nedb_types::{Digest, Error, ErrorCode, Result};

/// The greatest length of an error message, which quotes text that may be a megabyte long.
const MESSAGE_CHARS_MAX: usize = 200;

/// Refuses text that breaks a format.
pub(super) fn malformed(what: impl AsRef<str>) -> Error {
    let message: String = what.as_ref().chars().take(MESSAGE_CHARS_MAX).collect();
    Error::new(ErrorCode::InvalidArgument, message)
}

/// Writes standard base64 with padding (RFC 4648, section 4).
pub(super) fn encode_base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64; wrong padding and stray bits after the last byte are refused.
pub(super) fn decode_base64(text: &str, what: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|cause| malformed(format!("{what} is not canonical base64")).with_source(cause))
}

/// Reads the base64 of 32 bytes.
pub(super) fn decode_digest(text: &str, what: &str) -> Result<Digest> {
    let bytes = decode_base64(text, what)?;
    let length = bytes.len();
    match bytes.first_chunk::<32>() {
        Some(digest) if length == 32 => Ok(Digest::from_bytes(*digest)),
        _ => Err(malformed(format!("{what} has {length} bytes, not 32"))),
    }
}

/// Reads a decimal without sign or leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

/// Refuses a key name that could not be told apart in a signature line or a verifier key.
pub(super) fn check_key_name(name: &str) -> Result<()> {
    let is_allowed = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
    if !name.is_empty() && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(malformed(format!("key name {name:?} is empty or has a space, a plus or a control character")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_quote_a_megabyte() {
        let error = check_key_name(&" ".repeat(1 << 20)).unwrap_err();
        assert_eq!(error.message().chars().count(), MESSAGE_CHARS_MAX);
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        for good in ["0", "7", "18446744073709551615"] {
            assert_eq!(parse_decimal(good).unwrap().to_string(), good);
        }
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1e3", "0x1", "18446744073709551616"] {
            assert_eq!(parse_decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(decode_base64("AQI=", "it").unwrap(), [1, 2]);
        for bad in ["AQI", "AQJ=", "AQI==", "AQ I=", "AQI=\n", "-_I="] {
            assert_eq!(decode_base64(bad, "it").unwrap_err().code(), ErrorCode::InvalidArgument, "{bad:?}");
        }
    }

    #[test]
    fn a_digest_has_32_bytes() {
        for length in [0, 31, 33] {
            assert!(decode_digest(&encode_base64(vec![0; length]), "it").is_err());
        }
        assert_eq!(decode_digest(&encode_base64([9; 32]), "it").unwrap(), Digest::from_bytes([9; 32]));
    }

    #[test]
    fn a_key_name_has_no_space_plus_or_control_character() {
        check_key_name("example.com/log\u{e9}").unwrap();
        for bad in ["", "a b", "a+b", "a\u{a0}b", "a\u{2003}b", "a\nb", "a\u{7f}"] {
            assert!(check_key_name(bad).is_err(), "{bad:?}");
        }
    }
}
