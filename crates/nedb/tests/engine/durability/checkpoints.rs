//! When checkpoints come by themselves: each trigger alone, not before its limit and not without changes.

use nedb::{CheckpointPolicy, Database, Durability, Options};
use nedb_io::simulate::{Faults, SimDisk};

use super::{Machine, batch};

fn opened(change: impl Fn(Options) -> Options) -> (Machine, Database) {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let options = machine.options(Durability::Sync);
    let db = Database::open("/db", change(options)).expect("it opens");
    (machine, db)
}

fn checkpoint_size(db: &Database) -> u64 {
    db.stats().expect("figures").checkpoint_size
}

#[test]
fn a_checkpoint_comes_after_so_many_operations() {
    let policy = CheckpointPolicy { records: 10, ..CheckpointPolicy::manual() };
    let (machine, db) = opened(|options| options.checkpoints(policy));
    for n in 0..35 {
        db.write(batch(n, 1)).expect("a put");
        // What is ready runs; no time passes.
        machine.advance_us(0);
        assert_eq!(checkpoint_size(&db), (n + 1) / 10 * 10, "after {} operations", n + 1);
    }
}

#[test]
fn a_checkpoint_comes_after_so_many_bytes_of_log() {
    const BYTES: u64 = 16 << 10;
    let policy = CheckpointPolicy { bytes: BYTES, ..CheckpointPolicy::manual() };
    let (machine, db) = opened(|options| options.checkpoints(policy));
    let (mut last_end, mut taken) = (0, 0);
    for n in 0..120 {
        db.write(batch(n, 1)).expect("a put");
        let (before, end) = (checkpoint_size(&db), db.stats().expect("figures").log_bytes);
        machine.advance_us(0);
        let is_due = end - last_end >= BYTES;
        assert_eq!(
            checkpoint_size(&db),
            if is_due { n + 1 } else { before },
            "at {end}, the last one was at {last_end}"
        );
        if is_due {
            (last_end, taken) = (end, taken + 1);
        }
    }
    assert!(taken >= 3, "{taken} checkpoints");
}

#[test]
fn a_checkpoint_comes_after_so_much_time_with_changes_and_none_without() {
    let policy = CheckpointPolicy { interval_us: 60_000_000, ..CheckpointPolicy::manual() };
    let (machine, db) = opened(|options| options.checkpoints(policy));
    db.write(batch(0, 1)).expect("a put");
    machine.advance_us(59_999_999);
    assert_eq!(checkpoint_size(&db), 0);
    machine.advance_us(1);
    assert_eq!(checkpoint_size(&db), 1, "also the last write before a quiet time is covered");
    let writes = machine.disk.counts().mutations;
    machine.advance_us(600_000_000);
    assert_eq!(machine.disk.counts().mutations, writes, "nothing is written when nothing changes");
    assert_eq!(checkpoint_size(&db), 1);
    // A busy database, which is never quiet for so long.
    let (machine, db) = opened(|options| options.checkpoints(policy));
    for n in 0..100 {
        db.write(batch(n, 1)).expect("a put");
        machine.advance_us(1_000_000);
        let behind = n + 1 - checkpoint_size(&db);
        assert!(behind <= 60, "{behind} operations of a second each are not covered");
    }
    assert!(checkpoint_size(&db) > 0);
}

#[test]
fn a_checkpoint_comes_when_what_none_has_written_takes_too_much_memory() {
    const BYTES: u64 = 32 << 10;
    let (machine, db) = opened(|options| options.delta_bytes_max(BYTES));
    let mut taken = 0;
    for n in 0..400 {
        db.write(batch(n, 4)).expect("a put");
        let (before, delta_bytes) = (checkpoint_size(&db), db.stats().expect("figures").delta_bytes);
        machine.advance_us(0);
        let is_due = delta_bytes >= BYTES;
        assert_eq!(checkpoint_size(&db), if is_due { 4 * (n + 1) } else { before }, "{delta_bytes} bytes");
        taken += u64::from(is_due);
    }
    assert!(taken >= 2, "{taken} checkpoints");
}

#[test]
fn a_checkpoint_that_fails_by_itself_is_told_and_tried_again_after_a_while() {
    use nedb_io::simulate::{Call, Failure, Injection};
    let policy = CheckpointPolicy { records: 1, ..CheckpointPolicy::manual() };
    let (machine, db) = opened(|options| options.checkpoints(policy));
    machine.disk.inject(Injection::once(Call::Create, 1, Failure::Io).on("/index/"));
    db.write(batch(0, 1)).expect("a put does not fail with it");
    machine.advance_us(0);
    let stats = db.stats().expect("figures");
    assert_eq!(stats.checkpoint_size, 0);
    assert!(stats.background_failure.is_some(), "it is told");
    db.write(batch(1, 1)).expect("a put");
    machine.advance_us(0);
    assert_eq!(checkpoint_size(&db), 0, "the disk is left alone for a while");
    machine.advance_us(5_000_001);
    db.write(batch(2, 1)).expect("a put");
    machine.advance_us(0);
    assert_eq!(checkpoint_size(&db), 3);
}
