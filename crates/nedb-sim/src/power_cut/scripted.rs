//! A life that follows a script: play it to its end or to the cut, then look at what is left.

use nedb::Database;
use nedb_io::simulate::Survival;

use super::{life::Life, session::Action};
use crate::{
    check,
    intent::{Act, DocKey, Intent},
    violation::{Verdict, Violation},
    workload::body,
};

impl Life {
    /// Opens and does everything in the script, until the power fails.
    ///
    /// After an error that was planted the database may refuse to open; the script then ends.
    pub(crate) fn play(&mut self, script: &[Action]) -> Verdict {
        let Some(circumstances) = self.fixed else { return Ok(()) };
        self.durability = circumstances.durability;
        match Database::open(self.machine.database(), circumstances.options(&self.machine)) {
            Ok(db) => {
                self.exists = true;
                self.oracle.created_us = self.now_us();
                self.db = Some(db);
            }
            Err(_) if self.explains_errors() => return Ok(()),
            Err(error) => return Err(Violation::new(format!("the database cannot be created: {error}"))),
        }
        let Some(db) = self.db.clone() else { return Ok(()) };
        for (position, action) in script.iter().enumerate() {
            self.perform(&db, action.clone()).map_err(|wrong| wrong.during(format!("action {position}")))?;
            if self.machine.disk.is_cut() {
                return Ok(());
            }
            self.note_durable()?;
        }
        Ok(())
    }

    /// After any error but a power cut everything published can still be read.
    pub(crate) fn reads_go_on(&mut self) -> Verdict {
        let Some(db) = self.db.clone() else { return Ok(()) };
        let head = self.oracle.head(self.now_us());
        check::compare_moment(&db.snapshot(), &self.oracle, head).map_err(|wrong| wrong.during("reading on"))
    }

    /// Once there is room again, writes succeed.
    pub(crate) fn writes_go_on(&mut self) -> Verdict {
        let Some(db) = self.db.clone() else { return Ok(()) };
        self.reads_go_on()?;
        let act = Act::Put(DocKey { collection: "p", id: b"b" }, body(99, 5_000)?);
        self.perform(&db, Action::Request(Intent::single("ann", act))).map_err(|wrong| wrong.during("writing on"))
    }

    /// Kills the process, opens again, compares and writes; then a power cut must leave what was acknowledged.
    pub(crate) fn go_on_after_kill(&mut self) -> Verdict {
        self.machine.disk.clear_injections();
        self.kill();
        self.recover()?;
        self.writes_go_on()?;
        self.note_durable()?;
        self.machine.disk.cut();
        self.look_at_outcome(3, Survival::Nothing).map_err(|wrong| wrong.during("a power cut after that"))
    }

    /// Looks at one outcome of a power cut at this moment, and opens it a second time.
    pub(crate) fn look_at_outcome(&mut self, seed: u64, survival: Survival) -> Verdict {
        let other = self.machine.after_power_cut(seed, survival);
        self.tally.power_cuts += 1;
        self.tally.recoveries += 1;
        let options = |create| nedb::Options::new().io(other.io()).create(create).sweep_interval_us(0);
        let opened = Database::open(other.database(), options(!self.exists));
        let db = opened.map_err(|error| Violation::new(format!("the database cannot be opened: {error}")))?;
        if !self.exists {
            return crate::violation::expect_equal("operations before the first open", &db.head().size, &0);
        }
        self.look(&db)?;
        let found = db.head();
        drop(db);
        let again = Database::open(other.database(), options(false))?;
        crate::violation::expect_equal("the head after another open", &again.head(), &found)
    }
}
