//! Readers beside the committer: every key is always found, exactly once, whatever layer holds it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Seeded, apply, at, directory, index_of, key, memory_io};
use crate::KeyRange;

#[test]
fn every_applied_key_is_always_found_exactly_once() {
    let io = memory_io();
    let directory = directory(&io);
    let index = index_of(std::iter::empty());
    let (applied, is_done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|threads| {
        for seed in 0..2 {
            let (index, applied, is_done) = (&index, &applied, &is_done);
            threads.spawn(move || {
                let mut random = Seeded(seed);
                while !is_done.load(Ordering::Acquire) {
                    let count = applied.load(Ordering::Acquire);
                    for _ in 0..200.min(count) {
                        let number = random.below(count);
                        let found = index.newest(index.hash(&key(number)), |address| Ok(address == at(number)));
                        assert_eq!(found.unwrap(), Some(at(number)), "key {number} of {count}");
                    }
                    let mut scan =
                        if seed == 0 { index.scan(&KeyRange::all()) } else { index.scan_reverse(&KeyRange::all()) }
                            .unwrap();
                    let (mut found, mut last) = (0, None);
                    while let Some(entry) = scan.next().unwrap() {
                        let number: u64 = std::str::from_utf8(&entry.key[4..]).unwrap().parse().unwrap();
                        assert_eq!(entry.address, at(number));
                        assert!(last.is_none_or(|last| if seed == 0 { last < number } else { last > number }));
                        last = Some(number);
                        found += u64::from(number < count);
                    }
                    assert_eq!(found, count, "the scan holds what was applied before it");
                }
            });
        }
        for round in 0..150_u64 {
            apply(&index, round * 100..round * 100 + 100);
            applied.store(round * 100 + 100, Ordering::Release);
            if round % 4 == 1 {
                let frozen = index.freeze().unwrap();
                apply(&index, round * 100..round * 100 + 10);
                index.install(directory.write_key_runs(&frozen, &index.runs()).unwrap());
            }
        }
        is_done.store(true, Ordering::Release);
    });
}
