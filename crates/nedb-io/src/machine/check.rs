//! CRC-32C of short structures.
//!
//! A read checks two structures of about a hundred bytes. The crate that is made for long buffers spends three quarters of
//! its time there on finding out how to begin; here the instruction is used at once. Long buffers are left to it, and so is
//! every other processor.

use crc32c::crc32c_append;

/// From this length on the crate computes three stretches side by side, which is faster.
#[cfg(target_arch = "x86_64")]
const SHORT_BYTES_MAX: usize = 512;

/// Returns the CRC-32C of a number in little-endian and of the bytes behind it, continued from the finished value `seed`.
///
/// ```
/// use nedb_io::crc32c_after;
/// assert_eq!(crc32c_after(0, u64::from_le_bytes(*b"12345678"), b"9"), 0xE306_9283);
/// ```
#[inline]
pub fn crc32c_after(seed: u32, number: u64, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() <= SHORT_BYTES_MAX && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor has SSE 4.2, which is all that the function asks for.
        return unsafe { short(seed, number, bytes) };
    }
    crc32c_append(crc32c_append(seed, &number.to_le_bytes()), bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse4.2")]
fn short(seed: u32, number: u64, bytes: &[u8]) -> u32 {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u64};
    let mut state = _mm_crc32_u64(u64::from(!seed), number);
    let (pairs, rest) = bytes.as_chunks::<16>();
    for pair in pairs {
        let pair = u128::from_le_bytes(*pair);
        state = _mm_crc32_u64(state, low_word(pair));
        state = _mm_crc32_u64(state, low_word(pair >> u64::BITS));
    }
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        state = _mm_crc32_u64(state, u64::from_le_bytes(*word));
    }
    // The instruction leaves the upper half zero.
    let mut state = u32::try_from(state).unwrap_or_default();
    for byte in rest {
        state = _mm_crc32_u8(state, *byte);
    }
    !state
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn low_word(pair: u128) -> u64 {
    u64::try_from(pair & u128::from(u64::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_gives_what_the_crate_gives() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| number.wrapping_mul(167).to_le_bytes()[1]).collect();
        for start in 0..9 {
            for end in start..bytes.len() {
                let seed = u32::try_from(end).unwrap() * 77;
                let (number, part) = (start as u64 * 0x0123_4567_89AB_CDEF, &bytes[start..end]);
                let expected = crc32c_append(crc32c_append(seed, &number.to_le_bytes()), part);
                assert_eq!(crc32c_after(seed, number, part), expected, "{start}..{end}");
            }
        }
    }
}
