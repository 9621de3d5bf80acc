//! SHA-1, by which Redis names scripts. Nothing rests on it but that name.

/// The digest in hexadecimal digits.
#[expect(clippy::many_single_char_names, reason = "the standard names them so")]
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut state: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        take(&mut state, block);
    }
    let mut end = rest.to_vec();
    end.push(0x80);
    while end.len() % 64 != 56 {
        end.push(0);
    }
    end.extend_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    for block in end.as_chunks::<64>().0 {
        take(&mut state, block);
    }
    let [a, b, c, d, e] = state;
    format!("{a:08x}{b:08x}{c:08x}{d:08x}{e:08x}")
}

#[expect(clippy::many_single_char_names, reason = "the standard names them so")]
fn take(state: &mut [u32; 5], block: &[u8; 64]) {
    let mut words: Vec<u32> = block.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80 {
        let back = |distance: usize| words.get(words.len().wrapping_sub(distance)).copied().unwrap_or_default();
        let word = match words.get(round) {
            Some(word) => *word,
            None => (back(3) ^ back(8) ^ back(14) ^ back(16)).rotate_left(1),
        };
        if round >= 16 {
            words.push(word);
        }
        let (mixed, constant) = match round {
            0..20 => ((b & c) | (!b & d), 0x5A82_7999),
            20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC_u32),
            _ => (b ^ c ^ d, 0xCA62_C1D6),
        };
        let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (part, added) in state.iter_mut().zip([a, b, c, d, e]) {
        *part = part.wrapping_add(added);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(super::hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(super::hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(super::hex(two_blocks), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(super::hex(&vec![b'a'; 1_000_000]), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }
}
