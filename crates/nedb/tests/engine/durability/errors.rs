//! One error at every call of the disk in turn: no call has an error that costs an acknowledged write or a right answer.

use nedb::{Database, Durability, ErrorCode};
use nedb_io::simulate::{Call, Failure, Faults, Injection, SimDisk};

use super::{Machine, batch, requests};

/// A life that uses each part of the engine; returns the operations of the requests that were handed in and how many were
/// acknowledged.
fn live(machine: &Machine) -> (Vec<u64>, u64) {
    let (mut puts, mut acknowledged) = (Vec::new(), 0);
    for _ in 0..2 {
        let Ok(db) = machine.open(Durability::Sync) else { continue };
        for at in 0..8_u64 {
            let n = db.head().size / 2;
            puts.truncate(usize::try_from(n).expect("small"));
            puts.push(2);
            match db.write(batch(n, 2)) {
                Ok(_) => acknowledged = n + 1,
                Err(error) => assert!(is_honest(error.code()), "{error}"),
            }
            check(&db, acknowledged);
            if at % 4 == 3 {
                // A checkpoint may fail; it is derived data.
                let _failed = db.checkpoint();
                machine.advance_us(100_000);
            }
        }
        let _failed = db.close();
        drop(db);
        machine.scheduler.forget_all();
    }
    (puts, acknowledged)
}

fn is_honest(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Io | ErrorCode::NoSpace | ErrorCode::Poisoned)
}

/// What was acknowledged is read, or the read says that the disk failed.
fn check(db: &Database, acknowledged: u64) {
    for n in 0..acknowledged {
        match db.get("c", format!("{n:05}-1")) {
            Ok(row) => assert!(row.is_some(), "request {n} of {acknowledged} is missing"),
            Err(error) => assert!(is_honest(error.code()), "{error}"),
        }
    }
}

#[test]
fn an_error_at_any_call_loses_nothing_that_was_acknowledged() {
    let counted = Machine::new(1, SimDisk::new(1, Faults::default()));
    counted.disk.start_trace();
    assert_eq!(live(&counted).1, 16, "without an error everything is acknowledged");
    let trace = counted.disk.trace();
    let reads = trace.iter().filter(|line| line.starts_with("Read ")).count() as u64;
    let mutations = counted.disk.counts().mutations;
    let mut tried = 0;
    let kinds = [
        (Call::Any, Failure::Io, trace.len() as u64),
        (Call::AnyMutation, Failure::NoSpace, mutations),
        (Call::Read, Failure::Interrupted, reads),
    ];
    for (call, failure, calls) in kinds {
        assert!(calls > 20, "{call:?}: only {calls} calls to fail at");
        for nth in 1..=calls {
            let machine = Machine::new(nth, SimDisk::new(nth, Faults::default()));
            machine.disk.inject(Injection::once(call, nth, failure));
            machine.disk.start_trace();
            let (puts, acknowledged) = live(&machine);
            machine.disk.clear_injections();
            machine.disk.cut();
            let after = Machine::new(nth + 1_000, machine.disk.reboot());
            let db =
                after.open(Durability::Sync).unwrap_or_else(|error| panic!("{call:?} {failure:?} at {nth}: {error}"));
            let complete = requests(&db, &puts);
            let place = usize::try_from(nth).expect("small");
            let trace = machine.disk.trace();
            let calls = trace.get(place.saturating_sub(3)..place + 3).unwrap_or_default();
            assert!(
                complete >= acknowledged,
                "{call:?} {failure:?} at {nth}: {complete} of {acknowledged}, near {calls:#?}"
            );
            tried += 1;
        }
    }
    println!("errors: {tried} places: any {}, mutations {mutations}, reads {reads}", trace.len());
}
