//! Bytes in chunks of one size, some of which are absent and read as zeros: what both disks in memory keep files in.

/// The chunk that holds a position, and the place inside it.
pub(crate) fn place<const CHUNK_BYTES: usize>(position: u64) -> (usize, usize) {
    let chunk_len = CHUNK_BYTES as u64;
    let index = usize::try_from(position / chunk_len).unwrap_or(usize::MAX);
    let start = usize::try_from(position % chunk_len).unwrap_or(0);
    (index, start)
}

/// Cuts bytes that begin at an offset where chunks end; gives each piece with its chunk and the place inside it.
pub(crate) fn pieces<const CHUNK_BYTES: usize>(
    bytes: &[u8],
    offset: u64,
) -> impl Iterator<Item = (usize, usize, &[u8])> {
    let (mut rest, mut position) = (bytes, offset);
    std::iter::from_fn(move || {
        let (index, start) = place::<CHUNK_BYTES>(position);
        let (piece, after) = rest.split_at_checked(rest.len().min(CHUNK_BYTES - start))?;
        rest = after;
        position = position.saturating_add(piece.len() as u64);
        (!piece.is_empty()).then_some((index, start, piece))
    })
}

/// Copies what lies at the offset of a file of this length and returns how many bytes that were; 0 at the end.
pub(crate) fn read<'a, const CHUNK_BYTES: usize>(
    buf: &mut [u8],
    offset: u64,
    len_bytes: u64,
    chunk: impl Fn(usize) -> Option<&'a [u8]>,
) -> usize {
    let available = usize::try_from(len_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
    let wanted = buf.len().min(available);
    let mut rest = buf.get_mut(..wanted).unwrap_or_default();
    let mut position = offset;
    while !rest.is_empty() {
        let (index, start) = place::<CHUNK_BYTES>(position);
        let count = rest.len().min(CHUNK_BYTES - start);
        let Some((part, after)) = rest.split_at_mut_checked(count) else {
            break;
        };
        match chunk(index).and_then(|chunk| chunk.get(start..start + count)) {
            Some(bytes) => part.copy_from_slice(bytes),
            None => part.fill(0),
        }
        rest = after;
        position += count as u64;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_where_chunks_do() {
        let cut: Vec<_> = pieces::<4>(b"abcdefg", 6).collect();
        assert_eq!(cut, [(1, 2, b"ab".as_slice()), (2, 0, b"cdef"), (3, 0, b"g")]);
        assert_eq!(pieces::<4>(b"", 6).count(), 0);
    }

    #[test]
    fn absent_chunks_read_as_zeros_up_to_the_end() {
        let mut buf = [9; 8];
        let read = read::<4>(&mut buf, 2, 7, |index| (index == 1).then_some(b"abcd".as_slice()));
        assert_eq!((read, &buf), (5, b"\0\0abc\x09\x09\x09"));
    }
}
