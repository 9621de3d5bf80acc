//! What the index knows about a key: where its newest version lies and whether that version deletes it.
//!
//! Promises: an address and a state fit one non-zero 64-bit word, so that readers see both or neither. Leaves to
//! others: what the record at the address says.

use crate::Address;

use crate::KeyHash;

/// Alignment of record addresses in the log in bytes; the low four bits of an address carry nothing.
pub(crate) const ADDRESS_ALIGN_BYTES: u64 = 16;

/// First address that the index cannot hold: 256 TiB, because hash slots have 44 bits for an address in units of 16.
pub const ADDRESS_END: u64 = 1 << 48;

/// Says what the newest version of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// The key has a value.
    Live,
    /// The key was deleted; the index keeps it, because queries of the past need its history.
    Tombstone,
}

/// One change to the key index: the newest version of `key` now lies at `address`.
///
/// # Examples
///
/// ```
/// use nedb_index::{KeyEntry, KeyHasher, KeyState};
/// use nedb_log::Address;
///
/// let hasher = KeyHasher::new([1; 16]);
/// let entry = KeyEntry { key: b"a", hash: hasher.hash(b"a"), address: Address::new(4096), state: KeyState::Live };
/// assert_eq!(entry.hash, hasher.hash(entry.key));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry<'a> {
    /// The whole key.
    pub key: &'a [u8],
    /// Its hash under the index's hasher.
    pub hash: KeyHash,
    /// The record of its newest version.
    pub address: Address,
    /// What that version is.
    pub state: KeyState,
}

/// Address and state in one word; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packed(u64);

impl Packed {
    /// Packs a record address, which is a multiple of 16, above zero and below [`ADDRESS_END`].
    #[inline]
    pub(crate) fn new(address: Address, state: KeyState) -> Self {
        let bytes = address.get();
        assert!(
            bytes != 0 && bytes < ADDRESS_END && bytes.is_multiple_of(ADDRESS_ALIGN_BYTES),
            "a record address is a positive multiple of 16 below 2^48, not {bytes}"
        );
        Self((bytes / ADDRESS_ALIGN_BYTES) << 1 | u64::from(state == KeyState::Tombstone))
    }

    /// Takes a stored word; `None` when it is zero or out of range.
    #[inline]
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word >> 1 != 0 && word >> 1 < ADDRESS_END / ADDRESS_ALIGN_BYTES).then_some(Self(word))
    }

    #[inline]
    pub(crate) const fn word(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn address(self) -> Address {
        Address::new((self.0 >> 1) * ADDRESS_ALIGN_BYTES)
    }

    #[inline]
    pub(crate) const fn state(self) -> KeyState {
        if self.0 & 1 == 0 { KeyState::Live } else { KeyState::Tombstone }
    }
}
