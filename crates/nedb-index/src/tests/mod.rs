//! Tests of the crate's promises as a whole.

mod checkpoint;
mod concurrent;
mod crash;
mod damage;
mod mapped;
mod merging;
mod model;
mod speed;
mod temporal;
mod text;
mod vectors;
mod windows;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use nedb_io::{Disk, Io, SeededRandom};
use nedb_types::DatabaseId;

use crate::{Address, DeltaLimits, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyState, LoadBounds};

pub(crate) const DATABASE: DatabaseId = DatabaseId::from_bytes([0xdb; 16]);
pub(crate) const DIR: &str = "/index";

/// Numbers that repeat with their seed.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 29)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Puts a disk under an otherwise repeatable machine.
pub(crate) fn io_with(disk: Arc<dyn Disk>) -> Io {
    Io { disk, random: Arc::new(SeededRandom::new(7)), ..Io::memory(0) }
}

pub(crate) fn memory_io() -> Io {
    let io = Io { random: Arc::new(SeededRandom::new(7)), ..Io::memory(256 << 20) };
    io.disk.create_dir(Path::new(DIR)).unwrap();
    io
}

pub(crate) fn directory(io: &Io) -> IndexDirectory {
    IndexDirectory::new(io, Path::new(DIR), DATABASE, KeyHasher::new([5; 16]))
}

/// Address of the n-th record.
pub(crate) fn at(number: u64) -> Address {
    Address::new(4096 + 16 * number)
}

/// Checkpoints of a log that ends there.
pub(crate) fn within(end: u64, size: u64) -> LoadBounds {
    LoadBounds { end_max: at(end), size_max: size, ..LoadBounds::NONE }
}

pub(crate) fn key(number: u64) -> Vec<u8> {
    format!("\0c\0\u{1}{number:08}").into_bytes()
}

/// An index that holds `key(n)` at `at(n)` in its delta.
pub(crate) fn index_of(numbers: impl Iterator<Item = u64>) -> KeyIndex {
    let index = KeyIndex::new(KeyHasher::new([5; 16]), DeltaLimits::default());
    apply(&index, numbers);
    index
}

pub(crate) fn apply(index: &KeyIndex, numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let key = key(number);
        let hash = index.hash(&key);
        index.apply(&[KeyEntry { key: &key, hash, address: at(number), state: KeyState::Live }]);
    }
}
