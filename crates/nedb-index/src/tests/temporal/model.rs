//! Random histories against a naive list: every moment, both directions, any range, whatever was frozen and merged.

use std::ops::Bound;

use nedb_io::Io;
use nedb_types::Seq;

use super::super::{Seeded, directory, memory_io};
use super::{Entry, Row, checkpoint, payload, rows};
use crate::{KeyRange, TemporalBuilder, TemporalIndex};

/// Keys that are not the beginning of each other, with zero bytes and long shared beginnings.
fn key(number: u64) -> Vec<u8> {
    match number % 3 {
        0 => format!("a{number:02}").into_bytes(),
        1 => [b"b\0\0".as_slice(), &[u8::try_from(number).unwrap(), 0]].concat(),
        _ => [b"c".repeat(300).as_slice(), &[u8::try_from(number).unwrap()]].concat(),
    }
}

struct World {
    random: Seeded,
    entries: Vec<Entry>,
    /// The moment from which on the index takes changes itself.
    late: u64,
    seq: u64,
    index: TemporalIndex,
    io: Io,
    keys: u64,
    ids: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Seeded(seed);
        let (keys, ids) = ([2, 8, 60][random.index(3)], [3, 40, 400][random.index(3)]);
        let late = if random.below(3) == 0 { 200 } else { 0 };
        let (index, io) = (TemporalIndex::new(), memory_io());
        Self { random, entries: Vec::new(), late, seq: 0, index, io, keys, ids }
    }

    /// One operation: a document gets a value or loses it.
    fn change(&mut self) {
        let key = key(self.random.below(self.keys));
        let id = format!("{:03}", self.random.below(self.ids)).into_bytes();
        let seq = self.seq;
        let found = self.entries.iter_mut().rev().find(|entry| entry.key == key && entry.id == id);
        let change = match found {
            Some(entry) if entry.removed.is_none() => {
                entry.removed = Some(seq);
                entry.clone()
            }
            _ => {
                self.entries.push(Entry { key, id, added: seq, removed: None });
                self.entries.last().unwrap().clone()
            }
        };
        if seq >= self.late {
            self.index.apply(&[if change.removed.is_some() { change.remove() } else { change.add() }]);
        }
        self.seq += 1;
    }

    fn install_past(&mut self) {
        let directory = directory(&self.io);
        let memory = [1 << 20, 8 << 10][self.random.index(2)];
        let mut builder = TemporalBuilder::with_memory(&directory, memory);
        let mut past: Vec<&Entry> = self.entries.iter().filter(|entry| entry.added < self.late).collect();
        for swap in (1..past.len()).rev() {
            past.swap(swap, self.random.index(swap + 1));
        }
        for entry in past {
            let removed = entry.removed.filter(|removed| *removed < self.late).map(Seq::new);
            builder.add(&entry.key, &entry.id, Seq::new(entry.added), removed, payload(entry)).unwrap();
        }
        self.index.install_base(builder.finish().unwrap());
    }

    fn maintain(&mut self) {
        match self.random.below(40) {
            0 => checkpoint(&self.io, &self.index),
            1 => drop(self.index.freeze()),
            2 => {
                checkpoint(&self.io, &self.index);
                let files = self.index.runs().files(1);
                assert!(files.live.len() <= crate::RUNS_MAX && files.closed.len() <= crate::RUNS_MAX);
                self.index = TemporalIndex::open(directory(&self.io).open_temporal_runs(&files).unwrap());
            }
            _ => {}
        }
    }

    fn range(&mut self) -> KeyRange {
        let mut bound = || match self.random.below(5) {
            0 => Bound::Unbounded,
            1 => Bound::Included(key(self.random.below(self.keys))),
            2 => Bound::Excluded(key(self.random.below(self.keys))),
            _ => {
                let mut composite = key(self.random.below(self.keys));
                composite.extend_from_slice(format!("{:03}", self.random.below(self.ids)).as_bytes());
                if self.random.below(2) == 0 { Bound::Included(composite) } else { Bound::Excluded(composite) }
            }
        };
        let (start, end) = (bound(), bound());
        KeyRange { start, end }
    }

    fn check(&mut self, seed: u64) {
        let range = if self.random.below(4) == 0 { KeyRange::all() } else { self.range() };
        let seq = self.random.below(self.seq + 2);
        let snapshot = self.index.snapshot(Seq::new(seq));
        let is_inside = |entry: &&Entry| {
            let composite = [entry.key.as_slice(), &entry.id].concat();
            let is_above = match &range.start {
                Bound::Unbounded => true,
                Bound::Included(bound) => composite >= *bound,
                Bound::Excluded(bound) => composite > *bound,
            };
            is_above
                && match &range.end {
                    Bound::Unbounded => true,
                    Bound::Included(bound) => composite <= *bound,
                    Bound::Excluded(bound) => composite < *bound,
                }
        };
        let row = |entry: &Entry| (entry.key.clone(), entry.id.clone(), entry.added, payload(entry).to_vec());
        let visible = self.entries.iter().filter(|entry| entry.is_visible(seq));
        let mut expected: Vec<Row> = visible.filter(is_inside).map(row).collect();
        expected.sort();
        let context = format!("seed {seed}, seq {seq} of {}, {range:?}", self.seq);
        assert_eq!(rows(snapshot.scan(&range).unwrap()), expected, "{context}");
        assert_eq!(snapshot.count(&range).unwrap(), expected.len() as u64, "{context}");
        assert!(snapshot.estimate(&range).unwrap() >= expected.len() as u64, "{context}");
        for entry in self.entries.iter().take(3) {
            let live = self
                .entries
                .iter()
                .find(|other| (&other.key, &other.id) == (&entry.key, &entry.id) && other.is_visible(seq));
            assert_eq!(snapshot.added(&entry.key, &entry.id).unwrap(), live.map(|live| Seq::new(live.added)));
        }
        let mut scan = snapshot.scan(&range).unwrap();
        let mut at = 0;
        while at < expected.len() {
            at += self.random.index(expected.len() - at + 1);
            let target = expected.get(at).map_or_else(|| vec![0xff], |row| [row.0.as_slice(), &row.1].concat());
            let found = scan.seek(&target).unwrap().map(|entry| (entry.key.to_vec(), entry.id.to_vec()));
            assert_eq!(found, expected.get(at).map(|row| (row.0.clone(), row.1.clone())), "{context}");
            at += 1;
        }
        expected.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        assert_eq!(rows(snapshot.scan_descending(&range).unwrap()), expected, "{context}");
    }
}

fn run(seed: u64, operations: u64) {
    let mut world = World::new(seed);
    let base_at = world.late + world.random.below(100);
    for number in 0..operations {
        world.change();
        if number >= world.late {
            world.maintain();
        }
        if number == base_at && world.late > 0 {
            world.install_past();
        }
        if number >= base_at && world.random.below(4) == 0 {
            world.check(seed);
        }
    }
    for _ in 0..50 {
        world.check(seed);
    }
}

#[test]
fn every_moment_range_and_direction_gives_what_a_naive_list_gives() {
    for seed in 0..60 {
        run(seed, 600);
    }
}

#[test]
#[ignore = "the long form of the test above: minutes"]
fn every_moment_range_and_direction_gives_what_a_naive_list_gives_at_length() {
    for seed in 1000..4000 {
        run(seed, 1000);
    }
}
