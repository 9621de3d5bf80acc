//! Power cuts at random operations of the disk, in every mode, also during the opening that follows.

use nedb::Durability;
use nedb_io::simulate::{Faults, SimDisk, Survival, Tear};

use super::{Machine, batch, requests};
use crate::support::{budget::Budget, dice, dice::Dice};

const MODES: [Durability; 3] = [Durability::Sync, Durability::Group { interval_us: 10_000 }, Durability::None];

/// What happened before the cut.
#[derive(Debug, Default)]
struct Before {
    /// Operations of each request that was handed in.
    puts: Vec<u64>,
    acknowledged: u64,
    /// Requests that `durable_seq` covered at some moment.
    durable: u64,
}

impl Before {
    fn note_durable(&mut self, db: &nedb::Database) {
        let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
        let mut size = 0;
        let is_covered = |puts: &&u64| {
            size += **puts;
            size <= durable
        };
        let covered = self.puts.iter().take_while(is_covered).count() as u64;
        assert!(covered >= self.durable, "durable_seq never goes back");
        self.durable = covered;
    }
}

/// Writes until the power goes off, or to the end.
fn write(machine: &Machine, mode: Durability, dice: &mut Dice, before: &mut Before) -> nedb::Result<()> {
    let db = machine.open(mode)?;
    before.note_durable(&db);
    for _ in 0..dice.below(25) {
        let (n, puts) = (before.puts.len() as u64, 1 + dice.below(4));
        before.puts.push(puts);
        db.write(batch(n, puts))?;
        before.acknowledged += 1;
        before.note_durable(&db);
        match dice.below(12) {
            0 => drop(db.checkpoint()?),
            1 => {
                db.flush()?;
                before.note_durable(&db);
                assert_eq!(before.durable, before.acknowledged, "flush makes everything durable");
            }
            2 | 3 => machine.advance_us(60_000),
            4 => machine.advance_us(11_000),
            _ => {}
        }
        if matches!(mode, Durability::Sync) {
            assert_eq!(before.durable, before.acknowledged, "sync acknowledges what is durable");
        }
    }
    if dice.one_in(3) {
        db.close()?;
    }
    Ok(())
}

/// Four lives of one database, each ended by a cut; an error says what a life lost.
fn run(seed: u64, faults: Faults) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let mode = dice.pick(&MODES);
    let mut machine = Machine::new(seed, SimDisk::new(seed, faults));
    let mut before = Before::default();
    for life in 0..4 {
        // The first life creates the database; some are cut while they open or create it.
        if life > 0 || dice.one_in(4) {
            machine.disk.cut_at_operation(machine.disk.counts().mutations + 1 + dice.below(120));
        }
        if let Err(error) = write(&machine, mode, &mut dice, &mut before) {
            assert!(machine.disk.is_cut(), "seed {seed}: an error without a cut: {error}");
        }
        machine.disk.cut();
        machine.scheduler.forget_all();
        machine = machine.reboot();
        let lost = |what: String| format!("NEDB_SEED={seed} life {life} {mode:?}: {what}");
        let db = machine.open(mode).map_err(|error| lost(error.to_string()))?;
        let complete = requests(&db, &before.puts);
        let promised = if mode == Durability::Sync { before.acknowledged } else { before.durable };
        if complete < promised {
            return Err(lost(format!("{complete} of {promised} are there")));
        }
        // What is there now is the history on which the next life builds.
        before.puts.truncate(usize::try_from(complete).expect("small"));
        (before.acknowledged, before.durable) = (complete, complete);
        if dice.one_in(2) {
            machine.disk.cut();
        }
        drop(db);
        machine.scheduler.forget_all();
        if machine.disk.is_cut() {
            machine = machine.reboot();
        }
    }
    Ok(())
}

fn honest(seed: u64) -> Faults {
    let tear = if seed.is_multiple_of(2) { Tear::Arbitrary } else { Tear::Sectors };
    Faults { tear, ..Faults::default() }
}

#[test]
fn a_disk_that_lies_about_syncs_is_noticed() {
    let lying = |seed| Faults { is_file_sync_lying: true, ..honest(seed) };
    assert!((1..200).any(|seed| run(seed, lying(seed)).is_err()), "the test of power cuts has no teeth");
    let lying = |seed| Faults { is_dir_sync_lying: true, ..honest(seed) };
    assert!((1..200).any(|seed| run(seed, lying(seed)).is_err()), "the test of power cuts has no teeth for names");
}

#[test]
fn a_power_cut_takes_at_most_what_the_mode_allows_and_never_leaves_a_hole() {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases("power cuts of the engine", 4_000);
    while budget.has_next() {
        run(seed, honest(seed)).unwrap_or_else(|lost| panic!("{lost}"));
        if is_single {
            return;
        }
        seed += 1;
    }
}

#[test]
fn group_syncs_within_its_interval_and_none_only_on_flush() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Group { interval_us: 10_000 }).expect("it opens");
    db.write(batch(0, 1)).expect("a put");
    assert_eq!((db.durable_seq(), db.head().size), (None, 1), "visible, and not yet durable");
    assert_eq!(db.since(None).count(), 0, "feeds tell only what is durable");
    machine.advance_us(9_999);
    assert_eq!(db.durable_seq(), None);
    machine.advance_us(1);
    assert_eq!(db.durable_seq().map(nedb::Seq::get), Some(0));
    assert_eq!(db.since(None).count(), 1);
    drop(db);

    let machine = Machine::new(2, SimDisk::new(2, Faults::default()));
    let db = machine.open(Durability::None).expect("it opens");
    db.write(batch(0, 1)).expect("a put");
    machine.advance_us(10_000_000);
    assert_eq!(db.durable_seq(), None);
    assert_eq!(db.flush().expect("a flush").map(nedb::Seq::get), Some(0));
    assert_eq!(db.durable_seq().map(nedb::Seq::get), Some(0));
    db.write(batch(1, 1)).expect("a put");
    db.checkpoint().expect("a checkpoint");
    assert_eq!(db.durable_seq().map(nedb::Seq::get), Some(1), "a checkpoint covers only what is durable");
}

#[test]
fn group_syncs_within_its_interval_however_busy_the_writers_are() {
    const INTERVAL_US: u64 = 10_000;
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Group { interval_us: INTERVAL_US }).expect("it opens");
    let mut syncs = machine.disk.counts().file_syncs;
    for n in 0..200 {
        db.write(batch(n, 1)).expect("a put");
        machine.advance_us(1_000);
        let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
        assert!(n + 1 - durable < 10, "{} of {} are durable, a millisecond apart", durable, n + 1);
    }
    syncs = machine.disk.counts().file_syncs - syncs;
    assert!(syncs <= 2 * 200 / 10, "and it syncs in groups: {syncs} times");
    machine.disk.cut();
    let after = Machine::new(2, machine.disk.reboot_with(2, Survival::Nothing));
    let db = after.open(Durability::Sync).expect("it opens after a cut");
    let survived = requests(&db, &[1; 200]);
    assert!((191..=200).contains(&survived), "a cut takes at most the last interval: {survived}");
}

#[test]
fn none_is_durable_at_the_end_of_each_segment() {
    const SEGMENT_BYTES: u64 = 64 << 10;
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::None).expect("it opens");
    let (mut sealed, mut puts) = (0, 0);
    for n in 0..1_000 {
        let before = db.stats().expect("figures").log_bytes;
        db.write(batch(n, 1)).expect("a put");
        puts = n + 1;
        machine.advance_us(1_000);
        let after = db.stats().expect("figures").log_bytes;
        let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
        if after / SEGMENT_BYTES > before / SEGMENT_BYTES {
            sealed = n;
            assert_eq!(durable, n, "what the finished segment holds is durable");
        }
        assert_eq!(durable, sealed, "and nothing else by itself");
        if after > 3 * SEGMENT_BYTES {
            break;
        }
    }
    assert!(sealed > 100 && sealed < puts, "{sealed} of {puts}");
    machine.disk.cut();
    let after = Machine::new(2, machine.disk.reboot_with(2, Survival::Nothing));
    let db = after.open(Durability::Sync).expect("it opens after a cut");
    let survived = requests(&db, &vec![1; usize::try_from(puts).expect("small")]);
    assert!(survived >= sealed, "{survived} of {sealed} survive");
}

#[test]
fn one_seed_gives_one_trace() {
    let trace = || {
        let machine = Machine::new(7, SimDisk::new(7, Faults::default()));
        machine.disk.start_trace();
        let mut before = Before::default();
        write(&machine, Durability::Sync, &mut Dice::new(7), &mut before).expect("no cut was planned");
        (machine.disk.trace(), machine.disk.snapshot().files())
    };
    assert_eq!(trace(), trace());
}
