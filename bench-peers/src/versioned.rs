//! How a store without history keeps versions: under the key, followed by the version's number.

use nedb_bench::Item;

/// The key of one version; versions of a document follow each other.
pub fn versioned(id: &[u8], version: u64) -> Vec<u8> {
    [id, &version.to_be_bytes()].concat()
}

/// Makes the items of one version.
pub fn items_of_version(mut items: Vec<Item>, version: u64) -> Vec<Item> {
    for item in &mut items {
        item.id = versioned(&item.id, version);
    }
    items
}

/// Counts a value that was found, after touching it, so that a store cannot get away with a promise.
pub fn touched(value: &[u8]) -> usize {
    usize::from(value.last() == Some(&b'}'))
}
