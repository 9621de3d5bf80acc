//! All interleavings of a writer, a merge and a reader, in small: the reader sees each entry of its moment once.
//!
//! The steps of the three are those at which shared state changes. A reader pins layers and reads them later; the
//! writer closes, rewrites and adds; a checkpoint freezes, writes and installs; a late base is installed somewhere.

use nedb_types::Seq;

use super::super::{directory, memory_io};
use super::{Entry, Row, payload, rows};
use crate::{FrozenTemporal, KeyRange, TemporalBuilder, TemporalIndex, TemporalRunSet, TemporalSnapshot};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Actor {
    Writer,
    Merge,
    Reader,
}

fn entry(key: &str, added: u64, removed: Option<u64>) -> Entry {
    Entry { key: key.into(), id: b"1".to_vec(), added, removed }
}

/// The history: two entries before, then one is closed, rewritten, closed again while the other one is closed.
fn history() -> Vec<Entry> {
    vec![
        entry("a", 0, Some(2)),
        entry("b", 1, Some(4)),
        entry("c", 2, Some(3)),
        entry("a", 3, None),
        entry("b", 5, None),
    ]
}

fn expected(seq: u64) -> Vec<Row> {
    let visible = history().into_iter().filter(|entry| entry.is_visible(seq));
    let mut rows: Vec<Row> =
        visible.map(|entry| (entry.key.clone(), entry.id.clone(), entry.added, payload(&entry).to_vec())).collect();
    rows.sort();
    rows
}

/// Everything that happened at a seq.
fn write(index: &TemporalIndex, seq: u64) {
    for entry in history() {
        if entry.removed == Some(seq) {
            index.apply(&[entry.remove()]);
        }
        if entry.added == seq {
            index.apply(&[entry.add()]);
        }
    }
}

struct Run {
    io: nedb_io::Io,
    index: TemporalIndex,
    applied: u64,
    merge_step: usize,
    frozen: Option<FrozenTemporal>,
    written: Option<TemporalRunSet>,
    pinned: Vec<TemporalSnapshot>,
}

impl Run {
    fn step(&mut self, actor: Actor) {
        match actor {
            Actor::Writer => {
                self.applied += 1;
                write(&self.index, self.applied);
            }
            Actor::Merge => {
                match self.merge_step % 3 {
                    0 => self.frozen = self.index.freeze(),
                    1 => {
                        self.written = self
                            .frozen
                            .as_ref()
                            .map(|frozen| directory(&self.io).write_temporal_runs(frozen, &self.index.runs()).unwrap());
                    }
                    _ => {
                        if let (Some(frozen), Some(written)) = (self.frozen.take(), self.written.take()) {
                            self.index.install(&frozen, written);
                        }
                    }
                }
                self.merge_step += 1;
            }
            Actor::Reader => {
                for seq in 0..=self.applied {
                    self.pinned.push(self.index.snapshot(Seq::new(seq)));
                }
            }
        }
        for snapshot in &self.pinned {
            let seq = snapshot.seq().get();
            assert_eq!(rows(snapshot.scan(&KeyRange::all()).unwrap()), expected(seq), "as of {seq}");
            let mut turned = rows(snapshot.scan_descending(&KeyRange::all()).unwrap());
            turned.reverse();
            assert_eq!(turned, expected(seq), "as of {seq}, descending");
            assert_eq!(snapshot.count(&KeyRange::all()).unwrap(), expected(seq).len() as u64);
        }
    }
}

fn schedules(counts: [(Actor, usize); 3], prefix: &mut Vec<Actor>, visit: &mut impl FnMut(&[Actor])) {
    if counts.iter().all(|(_, count)| *count == 0) {
        visit(prefix);
    }
    for place in 0..counts.len() {
        if counts[place].1 > 0 {
            let mut rest = counts;
            rest[place].1 -= 1;
            prefix.push(counts[place].0);
            schedules(rest, prefix, visit);
            prefix.pop();
        }
    }
}

#[test]
fn a_reader_sees_every_entry_of_its_moment_once_in_all_interleavings() {
    let mut count = 0;
    // Before the run: nothing, seqs 0 and 1 in the delta, in a run, or in a base.
    for start in 0..3 {
        schedules([(Actor::Writer, 4), (Actor::Merge, 3), (Actor::Reader, 2)], &mut Vec::new(), &mut |schedule| {
            count += 1;
            let io = memory_io();
            let index = TemporalIndex::new();
            if start == 2 {
                let directory = directory(&io);
                let mut builder = TemporalBuilder::new(&directory);
                for entry in history().iter().filter(|entry| entry.added <= 1) {
                    builder.add(&entry.key, &entry.id, Seq::new(entry.added), None, payload(entry)).unwrap();
                }
                index.install_base(builder.finish().unwrap());
            } else {
                write(&index, 0);
                write(&index, 1);
            }
            if start == 1 {
                super::checkpoint(&io, &index);
            }
            let mut run = Run { io, index, applied: 1, merge_step: 0, frozen: None, written: None, pinned: Vec::new() };
            for actor in schedule {
                run.step(*actor);
            }
        });
    }
    assert_eq!(count, 3 * 1260);
}
