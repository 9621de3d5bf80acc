//! How a session ends: power cut, kill, or close, and what each leaves.

use super::{life::Life, settings};
use crate::{
    machine::head_size,
    violation::{Verdict, Violation, expect_equal},
};

impl Life {
    /// Ends the session.
    pub(crate) fn end(&mut self) -> Verdict {
        self.note_durable()?;
        if self.machine.disk.is_cut() {
            // The machine went off in the middle of a call: the process may also have been alone in dying.
            if !self.dice.one_in(4) {
                return self.cut_power();
            }
            self.kill();
            return Ok(());
        }
        match self.dice.below(6) {
            0 => self.kill(),
            1 => self.close(false)?,
            2 => self.close(true)?,
            _ => self.cut_power()?,
        }
        Ok(())
    }

    /// Remembers what the engine says is durable.
    pub(crate) fn note_durable(&mut self) -> Verdict {
        let Some(db) = &self.db else { return Ok(()) };
        let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
        if durable < self.durable_size {
            let before = self.durable_size;
            return Err(Violation::new(format!("the durable size went back from {before} to {durable}")));
        }
        // A sync that was cut may have made an unknown request durable.
        self.durable_size = durable.min(self.oracle.size());
        Ok(())
    }

    pub(crate) fn cut_power(&mut self) -> Verdict {
        self.tally.power_cuts += 1;
        self.machine.disk.cut();
        let (seed, survival) = (self.dice.number(), settings::survival(&mut self.dice));
        let after = self.machine.after_power_cut(seed, survival);
        self.look_at_other_outcomes()?;
        self.leave();
        self.replace_machine(after);
        self.size_min = self.durable_size;
        self.move_clock();
        Ok(())
    }

    pub(crate) fn kill(&mut self) {
        self.tally.kills += 1;
        let after = self.machine.after_kill();
        self.machine.disk.cut();
        self.leave();
        self.replace_machine(after);
        self.size_min = self.oracle.size();
        self.move_clock();
    }

    /// Only the process dies while it recovers: what must be there stays what it was.
    pub(crate) fn kill_recovery(&mut self) {
        let size_min = self.size_min;
        self.kill();
        self.size_min = size_min;
    }

    /// Closes; then the next session begins, or the power fails.
    pub(crate) fn close(&mut self, is_cut_after: bool) -> Verdict {
        let Some(db) = self.db.clone() else { return Ok(()) };
        match db.close() {
            Ok(()) => {
                self.durable_size = self.oracle.size();
                let named = head_size(&self.machine.disk.snapshot())?;
                expect_equal("operations that HEAD vouches for after a close", &named, &self.durable_size)?;
            }
            Err(_) if self.explains_errors() => {}
            Err(error) => return Err(Violation::new(format!("closing failed: {error}"))),
        }
        drop(db);
        if is_cut_after {
            return self.cut_power();
        }
        self.kill();
        Ok(())
    }

    /// Ends the process.
    fn leave(&mut self) {
        self.db = None;
        self.machine.scheduler.forget_all();
        self.is_faulty = false;
    }

    /// The clock of a machine that comes back may show anything.
    fn move_clock(&mut self) {
        self.machine.clock.advance_us(self.dice.below(1_000_000));
        if self.exists && self.dice.one_in(8) {
            let now_us = self.now_us();
            let back_us = now_us.saturating_sub_unsigned(self.dice.below(5_000_000));
            self.machine.clock.set_wall_us(back_us.max(self.oracle.created_us));
        }
    }
}
