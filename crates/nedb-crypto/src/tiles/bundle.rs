//! Entry bundles: up to 256 entries, each after its length as a big-endian `u16`.
//!
//! Promises: the bytes of C2SP tlog-tiles; big-endian because that specification says so.
//! Leaves to others: which entries may be published.

use super::path::TILE_WIDTH;
use nedb_types::{Error, ErrorCode, Result};

/// Joins entries to a bundle.
///
/// An entry over 65,535 bytes is `entry_too_large`, more than 256 entries are `invalid_argument`.
///
/// ```
/// use nedb_crypto::tiles::{decode_bundle, encode_bundle};
///
/// let bytes = encode_bundle([b"one".as_slice(), b"three"])?;
/// assert_eq!(bytes, b"\x00\x03one\x00\x05three");
/// assert_eq!(decode_bundle(&bytes)?, [b"one".as_slice(), b"three"]);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (count, entry) in entries.into_iter().enumerate() {
        check_count(count + 1)?;
        let length = u16::try_from(entry.len()).map_err(|cause| {
            let message = format!("entry of {} bytes does not fit a bundle", entry.len());
            Error::new(ErrorCode::EntryTooLarge, message).with_source(cause)
        })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Splits a bundle into its entries.
///
/// Bytes that end inside an entry, and more than 256 entries, are `invalid_argument`.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        check_count(entries.len() + 1)?;
        let split = rest
            .split_first_chunk()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, after)) = split else {
            let message = format!("entry bundle ends inside entry {}", entries.len());
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        };
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

fn check_count(count: usize) -> Result<()> {
    if count <= usize::from(TILE_WIDTH) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::InvalidArgument, format!("entry bundle has more than {TILE_WIDTH} entries")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_of_every_count_come_back() {
        let entries: Vec<Vec<u8>> = (0..=256_u16).map(|number| vec![7; usize::from(number) * 3]).collect();
        for count in 0..=256 {
            let part: Vec<_> = entries[..count].iter().map(Vec::as_slice).collect();
            assert_eq!(decode_bundle(&encode_bundle(part.iter().copied()).unwrap()).unwrap(), part);
        }
        let all = entries.iter().map(Vec::as_slice);
        assert_eq!(encode_bundle(all).unwrap_err().code(), ErrorCode::InvalidArgument);
    }

    #[test]
    fn an_entry_may_have_65535_bytes_and_no_more() {
        let entry = vec![1; 65_536];
        assert_eq!(decode_bundle(&encode_bundle([&entry[1..]]).unwrap()).unwrap(), [&entry[1..]]);
        assert_eq!(encode_bundle([entry.as_slice()]).unwrap_err().code(), ErrorCode::EntryTooLarge);
    }

    #[test]
    fn a_truncated_bundle_is_refused_or_has_fewer_entries() {
        let bytes = encode_bundle([b"ab".as_slice(), b"", b"cde"]).unwrap();
        for end in 0..bytes.len() {
            match decode_bundle(&bytes[..end]) {
                Ok(entries) => assert!([0, 4, 6].contains(&end) && entries.len() < 3),
                Err(error) => assert_eq!(error.code(), ErrorCode::InvalidArgument),
            }
        }
    }

    #[test]
    fn a_bundle_of_too_many_entries_is_refused() {
        assert_eq!(decode_bundle(&[0; 2 * 256]).unwrap().len(), 256);
        assert!(decode_bundle(&[0; 2 * 257]).is_err());
    }
}
