//! What the open report tells: exactly what was done.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use nedb::{Database, Durability};
use nedb_io::{Clock, Io};

use super::machine;
use crate::durability::{Machine, batch, requests};

/// A clock that goes on by a millisecond whenever somebody looks.
#[derive(Debug, Default)]
struct Looked(AtomicU64);

impl Clock for Looked {
    fn wall_us(&self) -> i64 {
        1_767_225_600_000_000
    }

    fn monotonic_us(&self) -> u64 {
        self.0.fetch_add(1_000, Ordering::SeqCst)
    }
}

#[test]
fn what_was_replayed_and_written_again_is_counted() {
    let machine = machine(1);
    let db = machine.open(Durability::None).expect("it opens");
    let durable_bytes = db.stats().expect("figures").log_bytes;
    for n in 0..3 {
        db.write(batch(n, 2)).expect("a put");
    }
    let log_bytes = db.stats().expect("figures").log_bytes;
    machine.scheduler.forget_all();

    let killed = Machine::new(2, machine.disk.restart());
    let db = killed.open(Durability::Sync).expect("it opens after a kill");
    let report = db.open_report();
    assert_eq!(report.rewritten_bytes, log_bytes - durable_bytes, "{report:?}");
    // The frame that names the signer, which was there from the beginning, and one for each request.
    assert_eq!((report.checkpoint_size, report.replayed_frames, report.replayed_operations), (0, 4, 6), "{report:?}");
    assert_eq!(report.cut, None);
    drop(db);

    let db = killed.open(Durability::Sync).expect("it opens");
    let report = db.open_report();
    assert_eq!((report.rewritten_bytes, report.replayed_frames), (0, 4), "all of it is known durable: {report:?}");
    db.checkpoint().expect("a checkpoint");
    db.write(batch(3, 5)).expect("a put");
    drop(db);
    let db = killed.open(Durability::Sync).expect("it opens");
    let report = db.open_report();
    assert_eq!((report.checkpoint_size, report.replayed_frames, report.replayed_operations), (6, 1, 5), "{report:?}");
}

#[test]
fn a_torn_tail_is_told_with_its_place_and_length() {
    let machine = machine(1);
    let db = machine.open(Durability::None).expect("it opens");
    db.write(batch(0, 2)).expect("a put");
    let end = db.stats().expect("figures").log_bytes;
    db.write(batch(1, 2)).expect("a put");
    machine.scheduler.forget_all();
    let killed = Machine::new(2, machine.disk.restart());
    let path = super::segment(&killed.disk);
    let bytes = super::read(&killed, &path);
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("it is not empty") as u64 + 1;
    killed.disk.flip_bit(&path, end + 100, 1).expect("the medium fails");
    let db = killed.open(Durability::Sync).expect("a torn tail is cut");
    let cut = db.open_report().cut.expect("it is told");
    assert_eq!((cut.address, cut.bytes), (end, used - end));
    assert_eq!(requests(&db, &[2, 2]), 1);
    assert!(super::read(&killed, &path)[usize::try_from(end).expect("small")..].iter().all(|byte| *byte == 0));
}

#[test]
fn how_long_opening_took_is_measured_with_the_clock_of_the_database() {
    let clock = Arc::new(Looked::default());
    let io = Io { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..machine(1).io() };
    let open = || {
        let before_us = clock.0.load(Ordering::SeqCst);
        let options = machine(1).options(Durability::Sync).io(io.clone());
        let db = Database::open("/db", options).expect("it opens");
        (db.open_report().duration_us, clock.0.load(Ordering::SeqCst) - before_us)
    };
    for _ in 0..2 {
        let (told_us, passed_us) = open();
        assert!(told_us >= 1_000 && told_us < passed_us, "{told_us} of {passed_us}");
    }
}
