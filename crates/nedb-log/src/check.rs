//! The check of a stored structure: CRC-32C that depends on the file and on the place.
//!
//! Promises: valid bytes that were copied to another address, file or database are not valid there. It detects
//! accidents; forgery is for the hashes above to detect.

use crate::Address;
use crc32c::{crc32c, crc32c_append};
use nedb_io::crc32c_after;
use nedb_types::DatabaseId;

/// The start value of all checks of one segment: CRC-32C of the file's salt and the database id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(u32);

impl Seed {
    /// Derives the seed of a segment.
    pub(crate) fn new(salt: &[u8; 32], database: DatabaseId) -> Self {
        Self(crc32c_append(crc32c(salt), database.as_bytes()))
    }

    /// Returns the check of `bytes` that begin at `at`.
    #[inline]
    pub(crate) fn check(self, at: Address, bytes: &[u8]) -> u32 {
        crc32c_after(self.0, at.get(), bytes)
    }

    /// Returns the check of two adjoining pieces of which the first begins at `at`.
    pub(crate) fn check_pair(self, at: Address, first: &[u8], second: &[u8]) -> u32 {
        crc32c_append(self.check(at, first), second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_depends_on_salt_database_and_address() {
        let id = DatabaseId::from_bytes([1; 16]);
        let seed = Seed::new(&[2; 32], id);
        let check = seed.check(Address::new(4096), b"bytes");
        assert_ne!(check, seed.check(Address::new(4112), b"bytes"));
        assert_ne!(check, Seed::new(&[3; 32], id).check(Address::new(4096), b"bytes"));
        assert_ne!(check, Seed::new(&[2; 32], DatabaseId::from_bytes([0; 16])).check(Address::new(4096), b"bytes"));
        assert_eq!(check, seed.check_pair(Address::new(4096), b"by", b"tes"));
    }
}
