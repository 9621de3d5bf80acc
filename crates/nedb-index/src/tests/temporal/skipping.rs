//! What a scan does not read.

use nedb_types::Seq;

use super::super::{Seeded, memory_io};
use super::checkpoint;
use crate::{KeyRange, TemporalChange, TemporalIndex};

const ROWS: u64 = 200_000;

fn rising(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

#[test]
fn the_greatest_values_as_of_a_hundredth_of_the_history_touch_a_few_blocks() {
    let index = TemporalIndex::new();
    for number in 0..ROWS {
        let key = rising(number);
        index.apply(&[TemporalChange::Added { key: &key, id: b"id", added: Seq::new(number), payload: b"" }]);
    }
    checkpoint(&memory_io(), &index);
    for percent in [1, 50, 99] {
        let seq = ROWS / 100 * percent;
        let mut scan = index.snapshot(Seq::new(seq)).scan_descending(&KeyRange::all()).unwrap();
        for number in 0..10 {
            assert_eq!(scan.next().unwrap().unwrap().key, rising(seq - number));
        }
        assert!(scan.blocks_read() <= 2, "{} blocks for ten rows as of {percent} %", scan.blocks_read());
    }
}

#[test]
fn a_current_query_never_reads_the_history() {
    let (index, io) = (TemporalIndex::new(), memory_io());
    let (documents, rounds) = (50, 400);
    let mut seq = 0;
    let mut random = Seeded(3);
    let mut added = vec![None; documents];
    for round in 0..rounds {
        for _ in 0..documents {
            let document = random.index(documents);
            let id = format!("{document:04}");
            if let Some(before) = added[document] {
                let removed = Seq::new(seq);
                index.apply(&[TemporalChange::Removed { key: b"state", id: id.as_bytes(), added: before, removed }]);
            }
            added[document] = Some(Seq::new(seq));
            index.apply(&[TemporalChange::Added {
                key: b"state",
                id: id.as_bytes(),
                added: Seq::new(seq),
                payload: b"",
            }]);
            seq += 1;
        }
        if round % 10 == 9 {
            checkpoint(&io, &index);
        }
    }
    let snapshot = index.snapshot(Seq::new(seq));
    let mut scan = snapshot.scan(&KeyRange::all()).unwrap();
    let mut count = 0;
    while scan.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, documents);
    assert!(scan.blocks_read() <= 2, "{} blocks for {documents} rows", scan.blocks_read());
    let mut past = index.snapshot(Seq::new(seq / 2)).scan(&KeyRange::all()).unwrap();
    let mut count = 0;
    while past.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, documents);
}

#[test]
fn a_count_of_uniform_blocks_opens_none_and_stays_exact() {
    let index = TemporalIndex::new();
    for number in 0..20_000 {
        let key = rising(number);
        index.apply(&[TemporalChange::Added { key: &key, id: b"id", added: Seq::new(number), payload: b"" }]);
    }
    checkpoint(&memory_io(), &index);
    for (seq, from, until, expected) in [(19_999, 10, 15_010, 15_000), (9_999, 10, 15_010, 9_990), (5, 10, 20, 0)] {
        let range = KeyRange {
            start: std::ops::Bound::Included(rising(from).to_vec()),
            end: std::ops::Bound::Excluded(rising(until).to_vec()),
        };
        assert_eq!(index.snapshot(Seq::new(seq)).count(&range).unwrap(), expected);
        let (entries, estimated) = (until - from, index.snapshot(Seq::new(seq)).estimate(&range).unwrap());
        // Of a long range about two blocks more.
        let more = if entries < 2_048 { 0 } else { entries / 4 };
        assert!((entries..=entries + more).contains(&estimated), "{estimated} for {entries} entries");
    }
}

#[test]
fn many_ids_of_one_value_come_ascending_in_a_descending_scan_without_reading_them_all() {
    let index = TemporalIndex::new();
    for number in 0..50_000 {
        let id = rising(number);
        index.apply(&[TemporalChange::Added { key: b"one", id: &id, added: Seq::new(number), payload: b"" }]);
    }
    checkpoint(&memory_io(), &index);
    let mut scan = index.snapshot(Seq::new(50_000)).scan_descending(&KeyRange::all()).unwrap();
    for number in 0..100 {
        assert_eq!(scan.next().unwrap().unwrap().id, rising(number));
    }
    assert!(scan.blocks_read() <= 4, "{} blocks", scan.blocks_read());
}

#[test]
fn a_seq_far_beyond_the_last_one_shows_all_that_is_live() {
    let index = TemporalIndex::new();
    index.apply(&[TemporalChange::Added { key: b"k", id: b"1", added: Seq::new(3), payload: b"" }]);
    checkpoint(&memory_io(), &index);
    assert_eq!(super::all_at(&index, u64::MAX).len(), 1);
}
