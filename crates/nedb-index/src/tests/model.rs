//! The key index against an ordered map: any sequence of applies, freezes, installs, merges and reopenings gives the
//! same keys, in both directions and within any bounds.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;

use crate::{Address, DeltaLimits, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyRange, KeyScan, KeyState};
use nedb_io::Io;
use nedb_types::DatabaseId;

use super::Seeded;

struct Tested {
    directory: IndexDirectory,
    index: KeyIndex,
    model: BTreeMap<Vec<u8>, (Address, KeyState)>,
    keys_by_address: BTreeMap<Address, Vec<u8>>,
    next: u64,
}

impl Tested {
    fn new(io: &Io) -> Self {
        io.disk.create_dir(Path::new("/index")).unwrap();
        let hasher = KeyHasher::new([9; 16]);
        let directory = IndexDirectory::new(io, Path::new("/index"), DatabaseId::from_bytes([1; 16]), hasher);
        let index = KeyIndex::new(hasher, DeltaLimits::default());
        Self { directory, index, model: BTreeMap::new(), keys_by_address: BTreeMap::new(), next: 4096 }
    }

    fn apply(&mut self, random: &mut Seeded) {
        let count = 1 + random.below(40);
        let changes: Vec<_> = (0..count)
            .map(|_| {
                self.next += 16 * (1 + random.below(100));
                let state = if random.below(4) == 0 { KeyState::Tombstone } else { KeyState::Live };
                (some_key(random), Address::new(self.next), state)
            })
            .collect();
        let entries: Vec<_> = changes
            .iter()
            .map(|(key, address, state)| KeyEntry { key, hash: self.index.hash(key), address: *address, state: *state })
            .collect();
        self.index.apply(&entries);
        for (key, address, state) in changes {
            self.keys_by_address.insert(address, key.clone());
            self.model.insert(key, (address, state));
        }
    }

    fn checkpoint(&mut self, reopen: bool) {
        let Some(frozen) = self.index.freeze() else { return };
        let runs = self.directory.write_key_runs(&frozen, &self.index.runs()).unwrap();
        let files = runs.files();
        self.index.install(runs);
        if reopen {
            let runs = self.directory.open_key_runs(&files).unwrap();
            self.index = KeyIndex::open(self.index.hasher(), DeltaLimits::default(), runs);
        }
    }

    fn newest(&self, key: &[u8]) -> Option<Address> {
        let is_match = |address| Ok(self.keys_by_address.get(&address).is_some_and(|known| known == key));
        self.index.newest(self.index.hash(key), is_match).unwrap()
    }

    /// An expiry key that was deleted may be gone or still be there as a tombstone.
    fn is_optional(key: &[u8], state: KeyState) -> bool {
        key[0] == 3 && state == KeyState::Tombstone
    }

    fn check_points(&self) {
        for (key, (address, state)) in &self.model {
            let found = self.newest(key);
            assert!(found == Some(*address) || found.is_none() && Self::is_optional(key, *state), "{key:?}");
        }
        assert_eq!(self.newest(b"absent"), None);
    }

    /// Batches of any length, with single steps between them, give what single steps give.
    fn check_batches(mut scan: KeyScan, expected: &[Address]) {
        let mut found = Vec::new();
        loop {
            let before = found.len();
            let wanted = before * 7 % 45;
            scan.addresses(wanted, &mut found).unwrap();
            assert!(found.len() <= before + wanted);
            match scan.next().unwrap() {
                Some(entry) if found.len() == before + wanted => found.push(entry.address),
                Some(_) => panic!("a batch ended early"),
                None => break,
            }
        }
        assert!(found == expected, "{} addresses were found of {}", found.len(), expected.len());
    }

    fn check_scan(&self, range: &KeyRange, is_reverse: bool) {
        let begin = || if is_reverse { self.index.scan_reverse(range) } else { self.index.scan(range) }.unwrap();
        let mut scan = begin();
        let (mut found, mut addresses) = (Vec::new(), Vec::new());
        while let Some(entry) = scan.next().unwrap() {
            addresses.push(entry.address);
            if !Self::is_optional(entry.key, entry.state) {
                found.push((entry.key.to_vec(), (entry.address, entry.state)));
            }
        }
        Self::check_batches(begin(), &addresses);
        let is_empty = match (&range.start, &range.end) {
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
                a > b || a == b && !matches!((&range.start, &range.end), (Bound::Included(_), Bound::Included(_)))
            }
            _ => false,
        };
        let mut expected = Vec::new();
        if !is_empty {
            let pairs = self.model.range::<Vec<u8>, _>((range.start.clone(), range.end.clone()));
            expected.extend(pairs.map(|(key, value)| (key.clone(), *value)));
            expected.retain(|(key, (_, state))| !Self::is_optional(key, *state));
        }
        if is_reverse {
            expected.reverse();
        }
        assert!(found == expected, "{range:?}: {} keys were found of {}", found.len(), expected.len());
    }

    fn bound(random: &mut Seeded) -> Bound<Vec<u8>> {
        let mut key = some_key(random);
        let length = key.len();
        if random.below(4) == 0 {
            key.truncate(random.index(length) + 1);
        }
        match random.below(5) {
            0 => Bound::Unbounded,
            1 | 2 => Bound::Included(key),
            _ => Bound::Excluded(key),
        }
    }
}

#[test]
fn the_index_holds_exactly_what_was_applied() {
    for seed in 0..150 {
        let mut random = Seeded(seed);
        let mut tested = Tested::new(&Io::memory(64 << 20));
        for _ in 0..60 {
            match random.below(10) {
                0..=4 => tested.apply(&mut random),
                5 => tested.checkpoint(false),
                6 => tested.checkpoint(true),
                7 => drop(tested.index.freeze()),
                _ => {
                    let range = KeyRange { start: Tested::bound(&mut random), end: Tested::bound(&mut random) };
                    tested.check_scan(&range, random.below(2) == 0);
                }
            }
        }
        tested.check_points();
        tested.check_scan(&KeyRange::all(), false);
        tested.check_scan(&KeyRange::all(), true);
    }
}

#[test]
fn a_scan_keeps_what_it_pinned() {
    let mut random = Seeded(7);
    let mut tested = Tested::new(&Io::memory(64 << 20));
    for _ in 0..30 {
        tested.apply(&mut random);
    }
    tested.checkpoint(false);
    tested.apply(&mut random);
    let expected: Vec<_> = tested.model.keys().filter(|key| key[0] != 3).cloned().collect();
    let mut scan = tested.index.scan(&KeyRange::all()).unwrap();
    for _ in 0..10 {
        tested.apply(&mut random);
        tested.checkpoint(true);
    }
    let mut found = Vec::new();
    while let Some(entry) = scan.next().unwrap() {
        if entry.key[0] != 3 {
            found.push(entry.key.to_vec());
        }
    }
    assert!(found == expected, "{} keys were found of {}", found.len(), expected.len());
}

fn some_key(random: &mut Seeded) -> Vec<u8> {
    let number = random.index(400);
    let mut key = vec![if number % 4 == 3 { 3 } else { 0 }];
    key.extend_from_slice(format!("{}{number}", "collection".repeat(1 + number % 3)).as_bytes());
    if number % 97 == 5 {
        key.resize(3000 + number * 10, b'x');
    }
    key
}
