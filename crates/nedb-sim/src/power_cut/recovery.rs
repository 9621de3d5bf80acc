//! What follows a power cut or a kill: open, perhaps through more cuts, and compare.

use nedb::{Database, Entry};

use super::{
    life::{Life, Unknown},
    settings::{self, Circumstances},
};
use crate::{
    check,
    oracle::last_of,
    violation::{Verdict, Violation},
};

/// How often one recovery is cut again at most.
const CUT_RECOVERIES_MAX: u32 = 4;
/// Changing calls among which a recovery is cut.
const RECOVERY_CALLS: u64 = 40;
/// How many other outcomes of each power cut are looked at.
const OTHER_OUTCOMES: u64 = 2;

impl Life {
    /// Opens until it succeeds, cutting the power again now and then, and compares what is there with the oracle.
    pub(crate) fn recover(&mut self) -> Verdict {
        for attempt in 0.. {
            let is_random = self.fixed.is_none();
            let is_cut_again = is_random && attempt < CUT_RECOVERIES_MAX && self.dice.one_in(3);
            let cut_at = if is_cut_again { 1 + self.dice.below(RECOVERY_CALLS) } else { u64::MAX };
            if is_random {
                self.machine.disk.cut_at_operation(cut_at);
            }
            if is_random && self.exists && self.dice.one_in(8) {
                self.read_only()?;
            }
            let circumstances = self.fixed.unwrap_or_else(|| Circumstances::random(&mut self.dice));
            self.durability = circumstances.durability;
            let options = circumstances.options(&self.machine).create(!self.exists);
            match Database::open(self.machine.database(), options) {
                Ok(db) => {
                    self.exists = true;
                    self.adopt(&db)?;
                    self.db = Some(db);
                    if is_random {
                        self.machine.disk.cut_at_operation(u64::MAX);
                    }
                    return self.compare();
                }
                Err(_) if self.machine.disk.is_cut() => {
                    self.tally.cut_recoveries += 1;
                    if self.dice.one_in(4) {
                        self.kill_recovery();
                    } else {
                        self.cut_power()?;
                    }
                }
                Err(error) => return Err(Violation::new(format!("the database cannot be opened: {error}"))),
            }
        }
        Ok(())
    }

    /// A reader beside no writer sees a prefix, and what it has shown stays.
    fn read_only(&mut self) -> Verdict {
        let io = self.machine.io();
        match Database::open(self.machine.database(), nedb::Options::new().io(io).read_only()) {
            Ok(db) => {
                let size = db.head().size;
                if size > self.oracle.size() + self.unknown.iter().map(|one| one.logged.len() as u64).max().unwrap_or(0)
                {
                    return Err(Violation::new(format!("a reader sees {size} operations, more than were asked for")));
                }
                self.durable_size = self.durable_size.max(size.min(self.oracle.size()));
                self.size_min = self.size_min.max(size);
                Ok(())
            }
            Err(_) if self.machine.disk.is_cut() => Ok(()),
            Err(error) => Err(Violation::new(format!("the database cannot be opened for reading: {error}"))),
        }
    }

    /// Takes over what recovery found, when it is allowed.
    fn adopt(&mut self, db: &Database) -> Verdict {
        let (found, known) = (db.head().size, self.oracle.size());
        self.expect_size(found, self.size_min)?;
        if found <= known {
            self.oracle.truncate(found);
        } else {
            let unknown = self.unknown_found(db)?;
            let unknown = self.unknown.swap_remove(unknown);
            self.oracle.push(unknown.logged);
            if let Some((intent, outcomes)) = &unknown.request {
                self.oracle.remember(intent, outcomes, None);
            }
        }
        if self.oracle.created_us == 0 {
            // Nobody tells exactly when it was created; clocks of later sessions go back no further than here.
            self.oracle.created_us = self.now_us();
        }
        self.oracle.roots.insert(found, db.head().root);
        self.unknown.clear();
        (self.durable_size, self.size_min) = (found, found);
        Ok(())
    }

    /// Whether a history may have this size now.
    fn expect_size(&self, found: u64, min: u64) -> Verdict {
        let known = self.oracle.size();
        if found < min {
            return Err(Violation::new(format!("lost: {found} operations were found, {min} must be there of {known}")));
        }
        if found < known && !self.oracle.is_boundary(found) {
            return Err(Violation::new(format!("a transaction was torn: the history ends at {found} of {known}")));
        }
        Ok(())
    }

    /// Which of the unknown requests stands behind the known history.
    fn unknown_found(&self, db: &Database) -> Verdict<usize> {
        let added: Vec<Entry> = db.since(last_of(self.oracle.size())).collect::<nedb::Result<_>>()?;
        let is_it = |unknown: &Unknown| unknown.logged.iter().map(|logged| &logged.entry).eq(added.iter());
        let known = self.oracle.size();
        let nobody = || Violation::new(format!("behind the {known} known operations stand {added:?}"));
        self.unknown.iter().position(is_it).ok_or_else(nobody)
    }

    /// Looks at other outcomes of the same power cut, without going on from there.
    pub(crate) fn look_at_other_outcomes(&mut self) -> Verdict {
        let others = if self.exists { OTHER_OUTCOMES } else { 0 };
        for _ in 0..others {
            let (seed, survival) = (self.dice.number(), settings::survival(&mut self.dice));
            let other = self.machine.after_power_cut(seed, survival);
            let options = nedb::Options::new().io(other.io()).create(false).sweep_interval_us(0);
            let opened = Database::open(other.database(), options);
            let db = opened.map_err(|error| Violation::new(format!("the database cannot be opened: {error}")))?;
            self.tally.power_cuts += 1;
            self.tally.recoveries += 1;
            let looked = self.look(&db);
            other.disk.cut();
            looked.map_err(|wrong| wrong.during("another outcome of the same cut"))?;
        }
        Ok(())
    }

    pub(crate) fn look(&mut self, db: &Database) -> Verdict {
        let (found, known) = (db.head().size, self.oracle.size());
        self.expect_size(found, self.durable_size)?;
        let now_us = self.now_us();
        if found <= known {
            return check::compare_prefix(db, &self.oracle, (found, now_us), &mut self.dice);
        }
        let unknown = self.unknown_found(db)?;
        let logged = self.unknown.get(unknown).map(|unknown| unknown.logged.clone()).unwrap_or_default();
        self.oracle.push(logged);
        let looked = check::compare_prefix(db, &self.oracle, (found, now_us), &mut self.dice);
        self.oracle.truncate(known);
        looked
    }

    fn compare(&mut self) -> Verdict {
        let Some(db) = self.db.clone() else { return Ok(()) };
        self.tally.recoveries += 1;
        let now_us = self.now_us();
        check::compare(&db, &self.oracle, now_us, &mut self.dice)?;
        check::compare_memory(&db, &self.oracle, &mut self.dice)?;
        self.compare_indexes(&db)?;
        if self.dice.one_in(4) {
            self.verify()?;
        }
        if self.dice.one_in(16) {
            self.rebuild()?;
        }
        if self.dice.one_in(16) {
            self.refuse_second_writer()?;
        }
        Ok(())
    }

    fn verify(&self) -> Verdict {
        let (io, dir) = (self.machine.io(), self.machine.database());
        let verdict = nedb_log::verify_log(&io, dir, nedb_log::VerifyOptions::default())?;
        match verdict.damage {
            Some(damage) => Err(Violation::new(format!("verify found damage after recovery: {damage:?}"))),
            None => crate::violation::expect_equal("operations that verify counts", &verdict.size, &self.oracle.size()),
        }
    }

    fn refuse_second_writer(&self) -> Verdict {
        let options = nedb::Options::new().io(self.machine.io()).create(false);
        match Database::open(self.machine.database(), options) {
            Err(error) if error.code() == nedb::ErrorCode::Locked => Ok(()),
            other => Err(Violation::new(format!("a second writer was answered with {other:?}"))),
        }
    }

    /// Deletes every index of a copy: all of it comes back from the log.
    fn rebuild(&mut self) -> Verdict {
        let copy = self.machine.after_kill();
        let index = copy.database().join("index");
        for name in nedb_io::Disk::list(&copy.disk, &index)? {
            copy.disk.remove_file(&index.join(name))?;
        }
        let options = nedb::Options::new().io(copy.io()).create(false);
        let rebuilt = Database::open(copy.database(), options)
            .map_err(|error| Violation::new(format!("the database cannot be opened without its indexes: {error}")))?;
        let now_us = self.now_us();
        check::compare(&rebuilt, &self.oracle, now_us, &mut self.dice)
            .and_then(|()| check::compare_memory(&rebuilt, &self.oracle, &mut self.dice))
            .and_then(|()| self.compare_indexes(&rebuilt))
            .map_err(|wrong| wrong.during("rebuilt without indexes"))
    }
}
