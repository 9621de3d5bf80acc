//! Where a stored document ends: it begins with its own length.
//!
//! Only the outer frame is read here, so that a point read does not walk the document.

/// The tags of an object whose lengths take 1, 2 and 4 bytes.
const OBJECT_TAGS: [u8; 3] = [0x48, 0x49, 0x4a];

/// Returns how many bytes the document at the start of `bytes` has, or `None` when none begins there.
#[inline]
pub(super) fn stored_len(bytes: &[u8]) -> Option<usize> {
    let (tag, rest) = bytes.split_first()?;
    let [one, two, four] = OBJECT_TAGS;
    let (width, body) = if *tag == one {
        (1, usize::from(*rest.first()?))
    } else if *tag == two {
        (2, usize::from(u16::from_le_bytes(*rest.first_chunk()?)))
    } else if *tag == four {
        (4, usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?)
    } else {
        return None;
    };
    let total = body.checked_add(1 + width)?;
    (total <= bytes.len()).then_some(total)
}
