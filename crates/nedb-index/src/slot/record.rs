//! One entry of a slot index and its stored form.

use crate::entry::ADDRESS_ALIGN_BYTES;
use crate::run::WIDE_SLOT_BYTES;
use crate::{Address, KeyHash};

/// One change to a slot index: what has this hash now lies at `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotEntry {
    /// The keyed hash of the name or digest.
    pub hash: KeyHash,
    /// The record in the log.
    pub address: Address,
    /// The record that a look-up found before, which this one takes the place of.
    pub replaces: Option<Address>,
    /// A number that is remembered until the next checkpoint, such as the client's last nonce.
    pub number: u64,
}

impl SlotEntry {
    /// Orders by hash, and the newest first among equal hashes.
    pub(crate) fn order(&self) -> (KeyHash, std::cmp::Reverse<Address>) {
        (self.hash, std::cmp::Reverse(self.address))
    }

    /// Returns the stored form.
    pub(crate) fn encode(&self) -> [u8; WIDE_SLOT_BYTES] {
        let mut bytes = [0; WIDE_SLOT_BYTES];
        let units = [self.address, self.replaces.unwrap_or(Address::ZERO)].map(|at| at.get() / ADDRESS_ALIGN_BYTES);
        let parts = [(self.hash.get(), 8), (units[0], 6), (units[1], 6)];
        let all = parts.into_iter().flat_map(|(number, length)| number.to_le_bytes().into_iter().take(length));
        for (place, byte) in bytes.iter_mut().zip(all) {
            *place = byte;
        }
        bytes
    }

    /// Reads the stored form; `None` for an empty slot.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let hash = KeyHash::new(u64::from_le_bytes(*bytes.first_chunk()?));
        let units = |from: usize| {
            let mut wide = [0; 8];
            wide.first_chunk_mut::<6>()?.copy_from_slice(bytes.get(from..from + 6)?);
            Some(Address::new(u64::from_le_bytes(wide) * ADDRESS_ALIGN_BYTES))
        };
        let (address, replaces) = (units(8)?, units(14)?);
        let replaces = (replaces != Address::ZERO).then_some(replaces);
        (address != Address::ZERO).then_some(Self { hash, address, replaces, number: 0 })
    }
}

/// Drops the entries of one hash, newest first, that a newer one replaces.
///
/// What the dropped one replaced is now replaced by the newer one, because that may still lie in an older run.
pub(crate) fn drop_replaced(group: &mut Vec<SlotEntry>) {
    let mut index = 0;
    while let Some(newer) = group.get(index).copied() {
        let replaced = newer.replaces.and_then(|at| group.iter().position(|entry| entry.address == at));
        match replaced.filter(|place| *place > index) {
            Some(place) => {
                let dropped = group.remove(place);
                if let Some(entry) = group.get_mut(index) {
                    entry.replaces = dropped.replaces;
                }
            }
            None => index += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(address: u64, replaces: u64) -> SlotEntry {
        let replaces = (replaces != 0).then_some(Address::new(replaces));
        SlotEntry { hash: KeyHash::new(0x0807_0605_0403_0201), address: Address::new(address), replaces, number: 0 }
    }

    #[test]
    fn the_bytes_of_a_slot_are_fixed_and_read_back() {
        let bytes = entry(0x30, 0x0f_ffff_0010).encode();
        let text = crate::tests::hex(&bytes);
        assert_eq!(text, "010203040506070803000000000001f0ffff0000");
        assert_eq!(SlotEntry::decode(&bytes), Some(entry(0x30, 0x0f_ffff_0010)));
        assert_eq!(SlotEntry::decode(&[0; WIDE_SLOT_BYTES]), None);
        assert_eq!(SlotEntry::decode(&bytes[..19]), None);
    }

    #[test]
    fn only_replaced_entries_are_dropped() {
        let mut group = vec![entry(96, 80), entry(80, 48), entry(64, 0), entry(48, 16)];
        drop_replaced(&mut group);
        assert_eq!(group, [entry(96, 16), entry(64, 0)]);
    }
}
