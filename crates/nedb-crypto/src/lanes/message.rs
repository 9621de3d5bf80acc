//! A message as a short list of byte slices, and its cutting into padded 64-byte blocks.
//!
//! Promises: the blocks are those of FIPS 180-4 for the concatenation of the parts, without ever joining them.
//! Leaves to others: what is done with a block.

use crate::digest::Domain;
use nedb_types::Digest;

/// The bytes of one SHA-256 block.
pub(super) const BLOCK_BYTES: usize = 64;

/// The bytes that padding adds at least: the end mark and the 64-bit length.
const PADDING_BYTES_MIN: u64 = 9;

/// The greatest number of body slices in one [`Message`]: a header, a salt and a content need no copy.
pub const MESSAGE_PARTS_MAX: usize = 3;

/// Names the bytes of one message without joining them: an optional domain tag and up to
/// [`MESSAGE_PARTS_MAX`] slices.
///
/// ```
/// use nedb_crypto::{Digest, Domain, Message, commitment, sha256_many};
///
/// let (salt, content) = ([7u8; 16], b"text".as_slice());
/// let mut digest = [Digest::ZERO];
/// sha256_many(&[Message::tagged(Domain::Commitment, [&salt, content])], &mut digest);
/// assert_eq!(digest[0], commitment(&salt, content));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    parts: [&'a [u8]; MESSAGE_PARTS_MAX + 1],
}

impl<'a> Message<'a> {
    /// Makes a message of bare bytes, without a domain tag.
    pub const fn plain(body: &'a [u8]) -> Self {
        Self { parts: [body, &[], &[], &[]] }
    }

    /// Makes a message of a domain's tag and the concatenation of `parts`.
    ///
    /// More than [`MESSAGE_PARTS_MAX`] parts do not compile.
    pub fn tagged<const N: usize>(domain: Domain, parts: [&'a [u8]; N]) -> Self {
        const { assert!(N <= MESSAGE_PARTS_MAX, "a message has at most three parts") };
        let mut all: [&'a [u8]; MESSAGE_PARTS_MAX + 1] = [domain.tag(), &[], &[], &[]];
        for (slot, part) in all.iter_mut().skip(1).zip(parts) {
            *slot = part;
        }
        Self { parts: all }
    }

    /// Makes the message whose digest is the tree node above `left` and `right`.
    pub fn node(left: &'a Digest, right: &'a Digest) -> Self {
        Self::tagged(Domain::Node, [left.as_bytes(), right.as_bytes()])
    }

    /// Returns the length in bytes of the whole message, tag included.
    pub fn byte_count(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }

    /// Returns how many 64-byte blocks the message fills with its padding, which is its cost.
    pub fn block_count(&self) -> u64 {
        (self.byte_count() + PADDING_BYTES_MIN).div_ceil(BLOCK_BYTES as u64)
    }

    pub(super) fn parts(&self) -> &[&'a [u8]] {
        &self.parts
    }

    pub(super) fn blocks(&self) -> Blocks<'a> {
        Blocks { parts: self.parts, bit_count: self.byte_count() * 8, left: self.block_count(), is_marked: false }
    }
}

impl<'a> AsRef<Message<'a>> for Message<'a> {
    fn as_ref(&self) -> &Message<'a> {
        self
    }
}

/// The padded blocks of one message that are still to come.
pub(super) struct Blocks<'a> {
    parts: [&'a [u8]; MESSAGE_PARTS_MAX + 1],
    bit_count: u64,
    left: u64,
    is_marked: bool,
}

impl Blocks<'_> {
    /// Tells whether every block was taken.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Writes the next block; after the last one it writes zeros.
    pub(super) fn next_into(&mut self, block: &mut [u8; BLOCK_BYTES]) {
        self.left = self.left.saturating_sub(1);
        // Most blocks lie inside one part: a copy of fixed length.
        for part in &mut self.parts {
            if let Some((whole, rest)) = part.split_first_chunk() {
                *block = *whole;
                *part = rest;
                return;
            }
            if !part.is_empty() {
                break;
            }
        }
        let room = self.take_body(block);
        if room.is_empty() {
            return;
        }
        room.fill(0);
        if let Some(end) = room.first_mut().filter(|_| !self.is_marked) {
            *end = 0x80;
            self.is_marked = true;
        }
        if let Some(length) = block.last_chunk_mut::<8>().filter(|_| self.left == 0) {
            *length = self.bit_count.to_be_bytes();
        }
    }

    /// Moves body bytes to the front of `block` and returns the part of the block that stays free.
    fn take_body<'b>(&mut self, block: &'b mut [u8; BLOCK_BYTES]) -> &'b mut [u8] {
        let mut room: &'b mut [u8] = block;
        for part in &mut self.parts {
            let count = part.len().min(room.len());
            if count == 0 {
                continue;
            }
            let (Some((taken, rest)), Some((target, free))) =
                (part.split_at_checked(count), core::mem::take(&mut room).split_at_mut_checked(count))
            else {
                break;
            };
            target.copy_from_slice(taken);
            *part = rest;
            room = free;
        }
        room
    }
}
