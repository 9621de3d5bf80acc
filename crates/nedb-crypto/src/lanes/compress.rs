//! The SHA-256 compression function (FIPS 180-4, section 6.2.2) over vectors of 32-bit lanes.
//!
//! It is written once over `pulp`'s vector types, and so becomes AVX-512, AVX2 or NEON code by the type of `S`.
//! The same text over plain arrays was left to the compiler's vectoriser first: that ran six times slower.
//! Promises: lanes never influence each other. Leaves to others: loading blocks, and who owns which lane.
#![expect(clippy::inline_always, reason = "vector code must end up inside the function that enables the instructions")]

use pulp::Simd;

/// The initial hash value.
pub(super) const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The round constants, in the four groups of sixteen that share one pass over the schedule.
const ROUND_CONSTANTS: [[u32; 16]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

/// Advances every lane's state by the block whose sixteen words stand in that lane of `words`.
///
/// The words are used up: on return they hold the end of the message schedule.
#[inline(always)]
pub(super) fn compress<S: Simd>(simd: S, state: &mut [S::u32s; 8], words: &mut [S::u32s; 16]) {
    let mut variables = *state;
    for (group, constants) in ROUND_CONSTANTS.iter().enumerate() {
        if group > 0 {
            extend(simd, words);
        }
        let (word_halves, _) = words.as_chunks::<8>();
        let (constant_halves, _) = constants.as_chunks::<8>();
        for (half, constants) in word_halves.iter().zip(constant_halves) {
            variables = eight_rounds(simd, variables, half, constants);
        }
    }
    for (sum, variable) in state.iter_mut().zip(variables) {
        *sum = simd.add_u32s(*sum, variable);
    }
}

/// Eight rounds, after which every variable is back in its own register: written out, they need no moves.
#[inline(always)]
fn eight_rounds<S: Simd>(simd: S, v: [S::u32s; 8], words: &[S::u32s; 8], constants: &[u32; 8]) -> [S::u32s; 8] {
    let [w0, w1, w2, w3, w4, w5, w6, w7] = *words;
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *constants;
    let v = round(simd, v, w0, k0);
    let v = round(simd, v, w1, k1);
    let v = round(simd, v, w2, k2);
    let v = round(simd, v, w3, k3);
    let v = round(simd, v, w4, k4);
    let v = round(simd, v, w5, k5);
    let v = round(simd, v, w6, k6);
    round(simd, v, w7, k7)
}

/// One round.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "these are the standard's own names")]
fn round<S: Simd>(simd: S, [a, b, c, d, e, f, g, h]: [S::u32s; 8], word: S::u32s, constant: u32) -> [S::u32s; 8] {
    let input = simd.add_u32s(word, simd.splat_u32s(constant));
    let choice = simd.xor_u32s(g, simd.and_u32s(e, simd.xor_u32s(f, g)));
    let majority = simd.or_u32s(simd.and_u32s(a, b), simd.and_u32s(c, simd.or_u32s(a, b)));
    let sum_e = xor3(simd, rotate(simd, e, 6), rotate(simd, e, 11), rotate(simd, e, 25));
    let sum_a = xor3(simd, rotate(simd, a, 2), rotate(simd, a, 13), rotate(simd, a, 22));
    let first = simd.add_u32s(simd.add_u32s(simd.add_u32s(h, input), choice), sum_e);
    let second = simd.add_u32s(sum_a, majority);
    [simd.add_u32s(first, second), a, b, c, simd.add_u32s(d, first), e, f, g]
}

/// Replaces the sixteen schedule words by the next sixteen.
#[inline(always)]
fn extend<S: Simd>(simd: S, words: &mut [S::u32s; 16]) {
    for position in 0..16 {
        let near = at(simd, words, position + 1);
        let far = at(simd, words, position + 14);
        let sigma_near = xor3(simd, rotate(simd, near, 7), rotate(simd, near, 18), shift(simd, near, 3));
        let sigma_far = xor3(simd, rotate(simd, far, 17), rotate(simd, far, 19), shift(simd, far, 10));
        let old = simd.add_u32s(at(simd, words, position), at(simd, words, position + 9));
        if let Some(word) = words.get_mut(position) {
            *word = simd.add_u32s(old, simd.add_u32s(sigma_near, sigma_far));
        }
    }
}

/// The word at `position` modulo 16. The mask lets the compiler drop the check, the fallback is never built.
#[inline(always)]
fn at<S: Simd>(simd: S, words: &[S::u32s; 16], position: usize) -> S::u32s {
    words.get(position & 15).copied().unwrap_or_else(|| simd.splat_u32s(0))
}

#[inline(always)]
fn xor3<S: Simd>(simd: S, x: S::u32s, y: S::u32s, z: S::u32s) -> S::u32s {
    simd.xor_u32s(simd.xor_u32s(x, y), z)
}

#[inline(always)]
fn shift<S: Simd>(simd: S, x: S::u32s, bits: u32) -> S::u32s {
    simd.wrapping_dyn_shr_u32s(x, simd.splat_u32s(bits))
}

/// Rotates right; the compiler turns the pair of shifts into one instruction where there is one.
#[inline(always)]
fn rotate<S: Simd>(simd: S, x: S::u32s, bits: u32) -> S::u32s {
    let low = simd.wrapping_dyn_shr_u32s(x, simd.splat_u32s(bits));
    let high = simd.wrapping_dyn_shl_u32s(x, simd.splat_u32s(32 - bits));
    simd.or_u32s(low, high)
}
