//! The fixed sizes of the stored structures, each in one place.
//!
//! They are part of the format: a change here is a new format version.

/// Frames begin at multiples of this.
pub(crate) const FRAME_ALIGN: usize = nedb_types::limits::FRAME_ALIGN_BYTES;

/// Units, the shared header and the records area are multiples of this.
pub(crate) const UNIT_ALIGN: usize = UNIT_ALIGN_U32 as usize;

/// The same as it stands in length fields.
pub(crate) const UNIT_ALIGN_U32: u32 = 16;

/// The check field that ends every unit: 4 bytes of check, 12 zero bytes (room for an authentication tag).
pub(crate) const CHECK_BYTES: usize = CHECK_BYTES_U32 as usize;

/// The same as it stands in length fields.
pub(crate) const CHECK_BYTES_U32: u32 = 16;

/// The header of a segment file.
pub(crate) const SEGMENT_HEADER_BYTES: usize = SEGMENT_HEADER_BYTES_U32 as usize;

/// The same as it stands in length fields.
pub(crate) const SEGMENT_HEADER_BYTES_U32: u32 = 4096;

/// The local header of a frame.
pub(crate) const LOCAL_HEADER_BYTES: usize = 64;

/// The part of a frame's shared header before the catalogue records.
pub(crate) const SHARED_HEADER_BYTES: usize = 96;

/// The header of an entry unit before chain, pointer and body.
pub(crate) const ENTRY_HEADER_BYTES: usize = 24;

/// The chain of an entry unit.
pub(crate) const CHAIN_BYTES: usize = 32;

/// The payload pointer of an entry unit.
pub(crate) const POINTER_BYTES: usize = 8;

/// The salt at the start of a payload unit.
pub(crate) const SALT_BYTES: usize = 16;

/// A seal frame: both headers, padded. Every segment keeps this much room behind its last frame.
pub(crate) const SEAL_FRAME_BYTES: u64 =
    (LOCAL_HEADER_BYTES + SHARED_HEADER_BYTES).next_multiple_of(FRAME_ALIGN) as u64;

/// The format's greatest frame: the limit of a transaction and as much again as 65,536 bytes for headers.
pub(crate) const FRAME_BYTES_HARD_MAX: u64 = nedb_types::limits::FRAME_BYTES_MAX as u64 + 65_536;

/// Writes a field of fixed length at the start of `room` and returns what is left.
pub(crate) fn put<const N: usize>(room: &mut [u8], field: [u8; N]) -> &mut [u8] {
    match room.split_first_chunk_mut::<N>() {
        Some((target, rest)) => {
            *target = field;
            rest
        }
        None => &mut [],
    }
}

/// Returns the zero bytes that pad a structure, fewer than 64.
pub(crate) fn zeros(count: usize) -> &'static [u8] {
    const ZEROS: [u8; FRAME_ALIGN] = [0; FRAME_ALIGN];
    ZEROS.get(..count).unwrap_or(&ZEROS)
}

/// Tells whether all bytes are zero.
#[inline]
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<64>();
    any_of(rest) == 0 && chunks.iter().all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) == 0)
}

/// Returns the bytes laid over each other, eight side by side: what no byte has, the word has not. For a few bytes, with
/// no branch for each.
#[inline]
pub(crate) fn any_of(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    if let Some(last) = bytes.last_chunk() {
        return words.iter().fold(u64::from_ne_bytes(*last), |all, word| all | u64::from_ne_bytes(*word));
    }
    match (rest.first_chunk(), rest.last_chunk()) {
        (Some(first), Some(last)) => u64::from(u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last)),
        _ => u64::from(rest.iter().fold(0, |all, byte| all | byte)),
    }
}
