//! The `ChaCha` key stream of RFC 8439, for any number of rounds.
//!
//! The state is kept as four rows, so that the compiler works on a row with one vector instruction. There is no branch
//! and no table that depends on a secret. Where keys come from and what the stream is for is left to `random`.

const BLOCK_BYTES: usize = 64;
const BLOCKS: usize = 8;
/// "expand 32-byte k", as the standard has it.
const CONSTANTS: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Bytes that one step yields.
pub(super) const STEP_BYTES: usize = BLOCKS * BLOCK_BYTES;

type Row = [u32; 4];

/// Returns the first bytes of the key stream of a key; the nonce is zero, so a key is used once.
pub(super) fn first_step<const ROUNDS: u32>(key: &[u8; 32]) -> [u8; STEP_BYTES] {
    let mut words = key.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let mut key_row = || std::array::from_fn(|_| words.next().unwrap_or_default());
    let (low, high) = (key_row(), key_row());
    let mut out = [0; STEP_BYTES];
    for (target, number) in out.chunks_exact_mut(BLOCK_BYTES).zip(0..) {
        let rows = block::<ROUNDS>([CONSTANTS, low, high, [number, 0, 0, 0]]);
        for (target, word) in target.chunks_exact_mut(4).zip(rows.as_flattened()) {
            target.copy_from_slice(&word.to_le_bytes());
        }
    }
    out
}

#[inline]
fn block<const ROUNDS: u32>(start: [Row; 4]) -> [Row; 4] {
    let [mut a, mut b, mut c, mut d] = start;
    for _ in 0..ROUNDS / 2 {
        [a, b, c, d] = quarter_rounds([a, b, c, d]);
        // The diagonals become columns, and back.
        [a, b, c, d] = quarter_rounds([a, turned(b), turned(turned(c)), turned(turned(turned(d)))]);
        [b, c, d] = [turned(turned(turned(b))), turned(turned(c)), turned(d)];
    }
    let [constants, low, high, number] = start;
    [sum(a, constants), sum(b, low), sum(c, high), sum(d, number)]
}

/// The quarter round of the standard, on four columns at once.
#[inline]
fn quarter_rounds([mut a, mut b, mut c, mut d]: [Row; 4]) -> [Row; 4] {
    a = sum(a, b);
    d = mixed::<16>(d, a);
    c = sum(c, d);
    b = mixed::<12>(b, c);
    a = sum(a, b);
    d = mixed::<8>(d, a);
    c = sum(c, d);
    b = mixed::<7>(b, c);
    [a, b, c, d]
}

#[inline]
fn sum(one: Row, other: Row) -> Row {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (one, other);
    [a0.wrapping_add(b0), a1.wrapping_add(b1), a2.wrapping_add(b2), a3.wrapping_add(b3)]
}

#[inline]
fn mixed<const BITS: u32>(one: Row, other: Row) -> Row {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (one, other);
    let mix = |a: u32, b: u32| (a ^ b).rotate_left(BITS);
    [mix(a0, b0), mix(a1, b1), mix(a2, b2), mix(a3, b3)]
}

#[inline]
fn turned([a, b, c, d]: Row) -> Row {
    [b, c, d, a]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// RFC 8439, appendix A.1, test vectors 1 and 2: the blocks 0 and 1 of a key and nonce of zeros.
    #[test]
    fn twenty_rounds_give_the_standard_stream() {
        let stream = first_step::<20>(&[0; 32]);
        assert_eq!(
            hex(&stream[..64]),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7\
             da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
        );
        assert_eq!(
            hex(&stream[64..128]),
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed\
             29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"
        );
    }

    /// The first published test vector for twelve rounds: a key and nonce of zeros.
    #[test]
    fn twelve_rounds_give_the_published_stream() {
        assert_eq!(
            hex(&first_step::<12>(&[0; 32])[..64]),
            "9bf49a6a0755f953811fce125f2683d50429c3bb49e074147e0089a52eae155f\
             0564f879d27ae3c02ce82834acfa8c793a629f2ca0de6919610be82f411326be"
        );
    }

    #[test]
    fn each_block_and_each_key_differs() {
        let mut blocks: Vec<_> = first_step::<12>(&[1; 32]).chunks(64).map(<[u8]>::to_vec).collect();
        blocks.extend(first_step::<12>(&[2; 32]).chunks(64).map(<[u8]>::to_vec));
        blocks.sort();
        blocks.dedup();
        assert_eq!(blocks.len(), 2 * BLOCKS);
    }
}
