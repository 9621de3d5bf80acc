//! A failed sync poisons the handle; a full disk does not.

use nedb::{Durability, ErrorCode};
use nedb_io::simulate::{Call, Failure, Faults, Injection, SimDisk, Survival};

use super::{Machine, batch, requests};

fn code(result: Result<impl std::fmt::Debug, nedb::Error>) -> ErrorCode {
    result.expect_err("this must be refused").code()
}

#[test]
fn after_a_failed_sync_reads_go_on_and_nothing_more_is_written() {
    for nth in 1..=3 {
        let machine = Machine::new(nth, SimDisk::new(nth, Faults::default()));
        let db = machine.open(Durability::Sync).expect("it opens");
        for n in 0..nth {
            db.write(batch(n, 1)).expect("a put");
        }
        machine.disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io).on("/log/"));
        let first = code(db.write(batch(nth, 2)));
        assert!(matches!(first, ErrorCode::Io | ErrorCode::Poisoned), "{first:?}");
        assert!(db.poison().is_some(), "it is told without a write");
        let writes = machine.disk.counts().mutations;
        assert_eq!(code(db.write(batch(nth, 2))), ErrorCode::Poisoned);
        assert_eq!(code(db.flush()), ErrorCode::Poisoned);
        assert_eq!(code(db.checkpoint()), ErrorCode::Poisoned);
        machine.advance_us(1_000_000);
        let row = db.get("c", "00000-0").expect("reads go on").expect("it is there");
        assert_eq!(row.seq().get(), 0);
        assert_eq!(db.head().size, nth, "what was not acknowledged is not shown");
        assert_eq!(db.durable_seq().map(nedb::Seq::get), Some(nth - 1));
        assert!(db.close().is_err() || machine.disk.counts().mutations == writes, "closing writes nothing either");
        drop(db);
        assert_eq!(machine.disk.counts().mutations, writes, "not a byte after the failed sync");
        for survival in [Survival::Nothing, Survival::Everything, Survival::Random] {
            let after = Machine::new(nth, machine.disk.reboot_with(nth, survival));
            let db = after.open(Durability::Sync).expect("it opens after a restart");
            let puts: Vec<u64> = (0..nth).map(|_| 1).chain([2]).collect();
            assert!(requests(&db, &puts) >= nth, "what was acknowledged is there");
        }
    }
}

#[test]
fn every_close_waits_for_the_one_that_closes_and_tells_its_outcome() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::None).expect("it opens");
    db.write(batch(0, 1)).expect("a put");
    machine.disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io).on("/log/"));
    std::thread::scope(|scope| {
        let closings: Vec<_> = (0..8).map(|_| scope.spawn(|| db.close())).collect();
        for closing in closings {
            let outcome = closing.join().expect("it ends");
            assert!(outcome.is_err(), "a call that did not wait would not know of the failed sync");
        }
    });
    assert!(db.close().is_err(), "a later one tells it too");
}

#[test]
fn a_failed_sync_in_the_background_poisons_too() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Group { interval_us: 1_000 }).expect("it opens");
    db.write(batch(0, 1)).expect("a put");
    machine.disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io).on("/log/"));
    machine.advance_us(1_000);
    assert_eq!(code(db.write(batch(1, 1))), ErrorCode::Poisoned);
    assert_eq!(db.durable_seq(), None, "nothing was made durable");
    assert!(db.get("c", "00000-0").expect("reads go on").is_some());
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room_again() {
    for seed in 0..20 {
        let machine = Machine::new(seed, SimDisk::new(seed, Faults::default()));
        let db = machine.open(Durability::Sync).expect("it opens");
        let room = machine.disk.space_used_bytes() + 4096 * (1 + seed);
        machine.disk.set_faults(Faults { space_bytes_max: Some(room), ..Faults::default() });
        let mut puts = Vec::new();
        let refused = loop {
            match db.write(batch(puts.len() as u64, 3)) {
                Ok(_) => puts.push(3),
                Err(error) => break error,
            }
            assert!(puts.len() < 10_000, "the disk must be full at some point");
        };
        assert_eq!(refused.code(), ErrorCode::NoSpace, "seed {seed}: {refused}");
        assert_eq!(code(db.write(batch(puts.len() as u64, 3))), ErrorCode::NoSpace);
        assert_eq!(db.head().size, 3 * puts.len() as u64, "reads go on, of what was acknowledged");
        machine.disk.set_faults(Faults::default());
        for _ in 0..3 {
            db.write(batch(puts.len() as u64, 3))
                .unwrap_or_else(|error| panic!("seed {seed}: there is room again: {error}"));
            puts.push(3);
        }
        drop(db);
        let after = machine.reboot();
        let db = after.open(Durability::Sync).expect("it opens after a cut");
        assert_eq!(requests(&db, &puts), puts.len() as u64, "seed {seed}");
    }
}

#[test]
fn a_database_is_created_whole_or_not_at_all() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    drop(machine.open(Durability::Sync).expect("it opens"));
    let mutations = machine.disk.counts().mutations;
    for nth in 1..=mutations {
        for survival in [Survival::Nothing, Survival::Everything, Survival::Random] {
            let machine = Machine::new(nth, SimDisk::new(nth, Faults::default()));
            machine.disk.cut_at_operation(nth);
            let _cut = machine.open(Durability::Sync);
            // Other random numbers than before the cut, or the temporary directories would have one name.
            let after = Machine::new(mutations + nth, machine.disk.reboot_with(nth, survival));
            let db = after.open(Durability::Sync).unwrap_or_else(|error| panic!("cut at {nth}, {survival:?}: {error}"));
            assert_eq!(db.head().size, 0);
        }
    }
}
