//! Hexadecimal text of fixed-size byte strings.

use std::fmt::{self, Write as _};

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// Writes bytes as lower-case hexadecimal digits.
pub(super) fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    hex_digits(bytes).try_for_each(|digit| f.write_char(char::from(digit)))
}

/// Appends bytes as lower-case hexadecimal digits.
pub(crate) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(hex_digits(bytes));
}

fn hex_digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?');
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 0xf)])
}

/// Reads exactly `N` bytes from `2 * N` hexadecimal digits of either case; `None` if the text is anything else.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !odd.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}
