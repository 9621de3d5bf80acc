//! Hexadecimal text of byte strings: lower case is written, either case is read.

use std::fmt::{self, Write as _};

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    hex_digits(bytes).try_for_each(|digit| f.write_char(char::from(digit)))
}

/// Appends bytes as lower-case hexadecimal digits.
pub(crate) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(hex_digits(bytes));
}

/// Returns bytes as hexadecimal digits.
///
/// ```
/// assert_eq!(nedb_types::hex::encode(&[0, 0xff]), "00ff");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    hex_digits(bytes).map(char::from).collect()
}

/// Reads pairs of hexadecimal digits; `None` if the text is anything else.
///
/// ```
/// assert_eq!(nedb_types::hex::decode("00Ff"), Some(vec![0, 0xff]));
/// assert_eq!(nedb_types::hex::decode("0"), None);
/// ```
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if odd.is_empty() { bytes } else { None }
}

/// Returns a UUID as hexadecimal digits in its five groups.
///
/// ```
/// assert_eq!(nedb_types::hex::encode_uuid(&[0xab; 16]), "abababab-abab-abab-abab-abababababab");
/// ```
pub fn encode_uuid(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (position, byte) in uuid.iter().enumerate() {
        if [4, 6, 8, 10].contains(&position) {
            text.push('-');
        }
        text.extend(hex_digits(&[*byte]).map(char::from));
    }
    text
}

fn hex_digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?');
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 0xf)])
}

/// Reads exactly `N` bytes from `2 * N` hexadecimal digits of either case; `None` if the text is anything else.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}
