//! What work costs, counted in reads of the disk and never in time.

use nedb::{AsOf, Body, Database, Durability, LogOptions, Op, ReadMode, Seq, WriteBatch};
use nedb_io::simulate::{Faults, SimDisk};

use crate::durability::Machine;

/// Fills a history and returns its database.
fn filled(machine: &Machine, history: u64) -> Database {
    // Segments as large as those of a real one, in proportion to the history.
    let log = LogOptions {
        segment_bytes: 8 << 20,
        first_segment_bytes: 64 << 10,
        grow_step_bytes_max: 1 << 20,
        read: ReadMode::Pread,
    };
    let db = Database::open("/db", machine.options(Durability::None).log(log)).expect("it opens");
    let numbers: Vec<u64> = (0..history).collect();
    for chunk in numbers.chunks(1_000) {
        let mut batch = WriteBatch::with_capacity(chunk.len());
        for n in chunk {
            batch.push(Op::put("c", format!("{n:06}"), Body::json(format!("{{\"n\":{n}}}"))));
        }
        db.write(batch).expect("a batch");
    }
    // Behind a checkpoint, as most of a long history is.
    db.checkpoint().expect("a checkpoint");
    db
}

/// How many reads a difference of five changes takes behind a history of this length.
fn reads_of_a_diff(history: u64) -> u64 {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = filled(&machine, history);
    for n in 0..5 {
        db.put("c", format!("{:06}", n * history / 5), Body::json("{}")).expect("a put");
    }
    let before = machine.disk.counts().reads;
    let changes = db.diff(Seq::new(history - 1), AsOf::Head, None).expect("a difference");
    assert_eq!(changes.collect::<Result<Vec<_>, _>>().expect("readable").len(), 5);
    machine.disk.counts().reads - before
}

#[test]
fn a_diff_costs_what_changed_and_not_what_the_history_holds() {
    let (short, long) = (reads_of_a_diff(1_000), reads_of_a_diff(100_000));
    println!("a diff of five changes: {short} reads behind 1,000 operations, {long} behind 100,000");
    // To find the first of the operations, at most 64 are passed.
    assert!(long <= short + 2 * 64, "{long} reads against {short}");
}

#[test]
fn a_diff_of_one_collection_reads_what_changed_in_all_of_them() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = filled(&machine, 1_000);
    let reads = |collection: Option<&str>, changes: usize| {
        let before = machine.disk.counts().reads;
        let found = db.diff(Seq::new(99), AsOf::Head, collection).expect("a difference");
        assert_eq!(found.count(), changes);
        machine.disk.counts().reads - before
    };
    db.put("d", "one", Body::json("{}")).expect("a put");
    let (one, all) = (reads(Some("d"), 1), reads(None, 901));
    assert!(one < all / 2, "documents of other collections are not read: {one} of {all}");
    assert!(one >= 900, "their operations are: {one}");
}
