//! A merge that was asked for leaves one run, with the same keys.

use super::{apply, at, directory, index_of, key, memory_io};
use crate::{KeyRange, Merging};

const OLD: u64 = 200_000;
const KEYS: u64 = 270_000;

#[test]
fn a_deep_merge_makes_one_run_of_what_a_steady_one_leaves_apart() {
    let io = memory_io();
    let (steady, deep) = (directory(&io), directory(&io).merging(Merging::Deep));
    let index = index_of(0..OLD);
    index.install(steady.write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap());
    apply(&index, OLD..KEYS);
    index.install(steady.write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap());
    assert_eq!((index.runs().files().len(), index.freeze().is_none()), (2, true));
    assert_eq!(steady.merge_key_runs(&index.runs()).unwrap().files(), index.runs().files());

    index.install(deep.merge_key_runs(&index.runs()).unwrap());
    assert_eq!((index.runs().files().len(), index.runs().entry_count()), (1, KEYS));
    let mut addresses = Vec::new();
    index.scan(&KeyRange::all()).unwrap().addresses(usize::MAX, &mut addresses).unwrap();
    assert!(addresses.into_iter().eq((0..KEYS).map(at)));
    for number in (0..KEYS).step_by(997) {
        let found = index.newest(index.hash(&key(number)), |address| Ok(address == at(number))).unwrap();
        assert_eq!(found, Some(at(number)));
    }
}
