//! Opens a damaged database and judges every answer: right, refused with an integrity error, or wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nedb::{Database, OpenReport, Options};
use nedb_io::simulate::SimDisk;

use super::Base;
use crate::{
    check,
    dice::Dice,
    machine::Machine,
    violation::{Verdict, Violation},
};

/// What became of one piece of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Examined {
    /// The database refused to open.
    Refused,
    /// It opened, and an answer was refused, or the report or the verification named the damage.
    Reported,
    /// Nothing noticed it and every answer is as before.
    Dead,
}

/// How often each came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Databases that refused to open.
    pub refused: u64,
    /// Databases that opened and reported the damage.
    pub reported: u64,
    /// Damage without effect.
    pub dead: u64,
}

impl Counts {
    /// Counts one more.
    pub fn note(&mut self, examined: Examined) {
        match examined {
            Examined::Refused => self.refused += 1,
            Examined::Reported => self.reported += 1,
            Examined::Dead => self.dead += 1,
        }
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.refused += other.refused;
        self.reported += other.reported;
        self.dead += other.dead;
    }

    /// Pieces of damage in all.
    pub fn total(&self) -> u64 {
        self.refused + self.reported + self.dead
    }
}

impl Base {
    /// Examines a damaged copy that must still have so many operations if it opens at all.
    pub fn examine(&self, damaged: &SimDisk, size_min: u64) -> Verdict<Examined> {
        let looked = catch_unwind(AssertUnwindSafe(|| self.look(damaged, size_min)));
        looked.unwrap_or_else(|_| Err(Violation::new("panic")))
    }

    fn look(&self, damaged: &SimDisk, size_min: u64) -> Verdict<Examined> {
        let machine = Machine::with_disk(damaged.clone(), 1);
        machine.clock.set_wall_us(self.now_us);
        let (io, dir) = (machine.io(), machine.database());
        let verified = nedb_log::verify_log(&io, dir, nedb_log::VerifyOptions::default());
        let is_sound = matches!(&verified, Ok(verdict) if verdict.is_sound() && verdict.torn_bytes == 0);
        let is_whole = matches!(&verified, Ok(verdict) if is_sound && !verdict.head_slot_damaged);
        let options = Options::new().io(io).create(false).sweep_interval_us(0);
        let Ok(db) = Database::open(dir, options) else { return Ok(Examined::Refused) };
        let report = db.open_report();
        let size = db.head().size;
        if size != self.oracle.size() {
            return self.look_at_loss(&db, report, (size, size_min));
        }
        let is_reported = self.compare(&db)?;
        let is_silent = is_whole && report.cut.is_none() && report.rejected_checkpoints.is_empty();
        Ok(if is_silent && !report.head_slot_damaged && !is_reported { Examined::Dead } else { Examined::Reported })
    }

    /// Less may be there only above the durable mark, and only when recovery reports a cut. Where the whole rest of the log is
    /// gone down to HEAD, nothing is left to tell of it.
    fn look_at_loss(&self, db: &Database, report: &OpenReport, (size, size_min): (u64, u64)) -> Verdict<Examined> {
        let whole = self.oracle.size();
        let is_told = report.cut.is_some() || size_min == self.head_size;
        if size > whole || size < size_min || !is_told {
            return Err(Violation::new(format!("{size} of {whole} operations are there, reported as {report:?}")));
        }
        check::compare_prefix(db, &self.oracle, (size, self.now_us), &mut Dice::new(1))?;
        Ok(Examined::Reported)
    }

    /// Asks everything; true when an answer was refused as damaged.
    fn compare(&self, db: &Database) -> Verdict<bool> {
        let (oracle, now_us) = (&self.oracle, self.now_us);
        let mut is_reported = judge(check::compare_history(db, oracle))?;
        let head = oracle.head(now_us);
        is_reported |= check_all(check::parts(&db.snapshot(), oracle, head))?;
        let seq = oracle.size() / 2;
        is_reported |= match db.snapshot_at(nedb::AsOf::Seq(nedb::Seq::new(seq))) {
            Ok(snapshot) => check_all(check::parts(&snapshot, oracle, oracle.after(seq, now_us)))?,
            Err(error) => judge(Err(error.into()))?,
        };
        is_reported |= judge(check::compare_counts(db, oracle, head))?;
        is_reported |= judge(check::compare_memory(db, oracle, &mut Dice::new(1)))?;
        Ok(is_reported)
    }
}

/// Judges each part by itself, so that damage in one does not hide another.
fn check_all(parts: impl Iterator<Item = Verdict>) -> Verdict<bool> {
    let mut is_reported = false;
    for part in parts {
        is_reported |= judge(part)?;
    }
    Ok(is_reported)
}

/// An answer that is refused as damaged is right; any other difference is wrong.
fn judge(answer: Verdict) -> Verdict<bool> {
    match answer {
        Ok(()) => Ok(false),
        Err(violation) if violation.is_integrity() => Ok(true),
        Err(violation) => Err(violation),
    }
}
