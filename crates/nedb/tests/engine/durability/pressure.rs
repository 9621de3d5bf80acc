//! Memory is bounded: when no checkpoint can be written, writers are refused instead, and lose nothing.

use nedb::{Database, Durability, ErrorCode, LogOptions, Op, WriteBatch};
use nedb_io::simulate::{Call, Failure, Faults, Injection, SimDisk};

use super::{Machine, batch, requests};

const BYTES: u64 = 64 << 10;

/// Writes until a write is refused; returns how many were accepted and the refusal.
fn fill(db: &Database) -> (u64, nedb::Error) {
    for n in 0..10_000 {
        if let Err(refusal) = db.write(batch(n, 2)) {
            return (n, refusal);
        }
    }
    panic!("nothing bounds what is kept in memory");
}

fn machine() -> (Machine, Database) {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let options = machine.options(Durability::Sync).delta_bytes_max(BYTES);
    let db = Database::open("/db", options).expect("it opens");
    (machine, db)
}

#[test]
fn writers_are_refused_while_no_checkpoint_can_be_written_and_go_on_after() {
    let (machine, db) = machine();
    machine.disk.inject(Injection::forever(Call::Create, 1, Failure::NoSpace).on("/index/"));
    let (accepted, refusal) = fill(&db);
    assert_eq!(refusal.code(), ErrorCode::Busy, "{refusal}");
    assert!(refusal.message().contains("checkpoint"), "{refusal}");
    let stats = db.stats().expect("figures");
    assert!(stats.delta_bytes >= 2 * BYTES, "writers go on up to twice the limit: {}", stats.delta_bytes);
    assert!(stats.delta_bytes < 4 * BYTES, "and not far beyond it: {}", stats.delta_bytes);
    let keyed = || WriteBatch::from(Op::delete("c", "00000-0")).client("till").idempotency_key("once");
    assert_eq!(db.write(keyed()).expect_err("still refused").code(), ErrorCode::Busy);
    assert_eq!(db.head().size, 2 * accepted, "what was refused left no trace");
    let puts = vec![2; usize::try_from(accepted).expect("small")];
    assert_eq!(requests(&db, &puts), accepted, "reads go on");

    machine.disk.clear_injections();
    let receipt = db.write(keyed()).expect("there is room again");
    assert!(!receipt.replayed, "the refusal did not use the key up");
    let stats = db.stats().expect("figures");
    assert_eq!(stats.checkpoint_size, 2 * accepted, "the writer that waited wrote the checkpoint");
    assert!(stats.delta_bytes < BYTES, "{} bytes", stats.delta_bytes);
    let head = db.head();
    drop(db);
    let after = machine.reboot();
    let db = after.open(Durability::Sync).expect("it opens after a cut");
    assert_eq!(db.head(), head);
    assert!(db.get("c", "00000-0").expect("readable").is_none());
    assert!(db.get("c", format!("{:05}-1", accepted - 1)).expect("readable").is_some());
}

#[test]
fn after_a_failed_sync_the_refusal_says_so() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    // One segment, so that HEAD is written for the checkpoint and not before.
    let log = LogOptions { segment_bytes: 8 << 20, ..LogOptions::default() };
    let options = machine.options(Durability::Sync).log(log).delta_bytes_max(BYTES);
    let db = Database::open("/db", options).expect("it opens");
    machine.disk.inject(Injection::forever(Call::SyncFile, 1, Failure::Io).on("HEAD"));
    let (accepted, _) = fill(&db);
    assert!(db.stats().expect("figures").poison.is_some());
    let refusal = db.write(batch(accepted, 2)).expect_err("nothing is written any more");
    assert_eq!(refusal.code(), ErrorCode::Poisoned, "{refusal}");
}
