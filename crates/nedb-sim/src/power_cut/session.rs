//! The work of one session: requests, background tasks, clock steps and reads, until enough was done or the power fails.

use nedb::{Database, Durability, Outcome, Receipt};
use nedb_io::simulate::{Call, Failure, Injection};

use super::{
    indexes::{FIELDS, Place},
    life::{Life, Unknown},
};
use crate::{
    check,
    intent::{Act, DocKey, Intent, Step, Subject},
    oracle::{Logged, Predicted},
    violation::{Verdict, Violation, expect_equal},
    workload::COLLECTIONS,
};

/// Steps of one session.
const STEPS_MAX: u64 = 30;
/// Changing calls of the disk in which a cut is armed, for each step.
const CALLS_PER_STEP: u64 = 3;

/// One thing that happens in a session.
#[derive(Clone, Debug)]
pub enum Action {
    /// A request.
    Request(Intent),
    /// Time passes, and background tasks that are due run.
    Tasks {
        /// How much time.
        after_us: u64,
    },
    /// Time passes.
    Wait {
        /// How much.
        us: u64,
    },
    /// Expired documents are deleted.
    Sweep,
    /// Everything is made durable.
    Flush,
    /// A checkpoint is written.
    Checkpoint,
    /// A collection is dropped.
    Drop(&'static str),
    /// An index is made.
    CreateIndex(Place),
    /// An index is dropped.
    DropIndex(Place),
}

impl Life {
    pub(super) fn session(&mut self) -> Verdict {
        let Some(db) = self.db.clone() else { return Ok(()) };
        let steps = 1 + self.dice.below(STEPS_MAX);
        let done = self.machine.disk.counts().mutations;
        if !self.dice.one_in(6) {
            self.machine.disk.cut_at_operation(done + 1 + self.dice.below(steps * CALLS_PER_STEP));
        }
        if self.dice.one_in(6) {
            self.plant_error(steps);
        }
        for _ in 0..steps {
            let action = self.choose()?;
            self.perform(&db, action)?;
            if self.machine.disk.is_cut() {
                return Ok(());
            }
            self.note_durable()?;
        }
        let head = self.oracle.head(self.now_us());
        check::compare_moment(&db.snapshot(), &self.oracle, head).map_err(|wrong| wrong.during("at the end"))
    }

    fn plant_error(&mut self, steps: u64) {
        self.is_faulty = true;
        let calls = [Call::SyncFile, Call::SyncFile, Call::SyncDir, Call::Write, Call::SetLen, Call::AnyMutation];
        let call = self.dice.pick_or(&calls, Call::SyncFile);
        let failure = self.dice.pick_or(&[Failure::Io, Failure::NoSpace], Failure::Io);
        let nth = 1 + self.dice.below(steps * CALLS_PER_STEP);
        let plant = if self.dice.one_in(3) { Injection::forever } else { Injection::once };
        let injection = plant(call, nth, failure);
        self.machine.disk.inject(injection);
    }

    /// Anything.
    fn choose(&mut self) -> Verdict<Action> {
        Ok(match self.dice.below(35) {
            0..=21 => {
                let now_us = self.now_us();
                Action::Request(self.workload.next(&mut self.dice, &self.oracle, now_us)?)
            }
            22..=26 => Action::Tasks { after_us: self.dice.pick_or(&[0, 1_000, 60_000, 1_100_000], 0) },
            27 => Action::Wait { us: self.dice.below(3_000_000) },
            28 => Action::Sweep,
            29 => Action::Flush,
            30 => Action::Checkpoint,
            31 => Action::Drop(self.dice.pick_or(&COLLECTIONS, "p")),
            32 | 33 => Action::CreateIndex(self.indexed_place()),
            _ => Action::DropIndex(self.indexed_place()),
        })
    }

    fn indexed_place(&mut self) -> Place {
        (self.dice.pick_or(&COLLECTIONS, "p"), self.dice.pick_or(&FIELDS, "n"))
    }

    /// Does one thing and compares what comes of it with what the oracle says.
    pub(crate) fn perform(&mut self, db: &Database, action: Action) -> Verdict {
        match action {
            Action::Request(intent) => self.request(db, intent),
            Action::Tasks { after_us } => self.tasks(db, after_us),
            Action::Wait { us } => {
                self.machine.clock.advance_us(us);
                Ok(())
            }
            Action::Sweep => {
                let swept = self.sweeping(db, |db| db.sweep().map(|_| ()))?;
                self.tolerate("a sweep", swept)
            }
            Action::Flush => {
                let flushed = db.flush();
                self.synced("a flush", flushed.map(|_| ()))
            }
            Action::Checkpoint => {
                let checkpoint = db.checkpoint();
                self.synced("a checkpoint", checkpoint.map(|_| ()))
            }
            Action::Drop(collection) => self.drop_collection(db, collection),
            Action::CreateIndex(place) => self.change_index(db, place, true),
            Action::DropIndex(place) => self.change_index(db, place, false),
        }
    }

    /// Asks the oracle, then the engine.
    fn request(&mut self, db: &Database, intent: Intent) -> Verdict {
        self.tally.requests += 1;
        let predicted = self.oracle.predict(&intent, self.now_us())?;
        let answer = db.write(intent.to_batch());
        match (predicted, answer) {
            (Predicted::Refused(code), Err(error)) if error.code() == code => Ok(()),
            (Predicted::Known(known), Ok(receipt)) => {
                expect_equal("outcomes of a retry", &receipt.outcomes, &known.outcomes)?;
                expect_equal("a retry says that it is one", &receipt.replayed, &true)
            }
            (Predicted::Logs(logged, outcomes), Ok(receipt)) => {
                self.acknowledged(logged, &outcomes, &receipt, &intent).map_err(|wrong| wrong.during(text(&intent)))
            }
            (Predicted::Logs(logged, outcomes), Err(_)) if self.explains_errors() => {
                self.maybe(logged, Some((intent, outcomes)));
                Ok(())
            }
            (_, Err(_)) if self.explains_errors() => Ok(()),
            (predicted, answer) => {
                let wrong = format!("answered with {answer:?} where {predicted:?} is expected");
                Err(Violation::new(wrong).during(text(&intent)))
            }
        }
    }

    fn acknowledged(
        &mut self,
        logged: Vec<Logged>,
        outcomes: &[Outcome],
        receipt: &Receipt,
        intent: &Intent,
    ) -> Verdict {
        let time = logged.last().map(|logged| logged.entry.committed_at);
        expect_equal("outcomes", &receipt.outcomes.as_slice(), &outcomes)?;
        expect_equal("replayed", &receipt.replayed, &false)?;
        if !logged.is_empty() {
            self.unknown.clear();
        }
        self.oracle.push(logged);
        self.oracle.remember(intent, outcomes, Some(receipt));
        expect_equal("size in the receipt", &receipt.size, &self.oracle.size())?;
        if let Some(time) = time {
            expect_equal("commit time", &receipt.committed_at, &time)?;
        }
        self.oracle.roots.insert(receipt.size, receipt.root);
        if self.durability == Durability::Sync && time.is_some() {
            self.durable_size = self.oracle.size();
        }
        Ok(())
    }

    /// Notes what may have happened.
    fn maybe(&mut self, logged: Vec<Logged>, request: Option<(Intent, Vec<Outcome>)>) {
        if !logged.is_empty() {
            self.unknown.push(Unknown { logged, request });
        }
    }

    /// Lets time pass and runs what is due.
    fn tasks(&mut self, db: &Database, after_us: u64) -> Verdict {
        self.machine.clock.advance_us(after_us);
        let due_us = nedb_io::Clock::monotonic_us(self.machine.clock.as_ref());
        let scheduler = std::sync::Arc::clone(&self.machine.scheduler);
        self.sweeping(db, |_| {
            scheduler.run_due(due_us);
            Ok(())
        })?
        .map_err(Violation::from)
    }

    /// Does something that may sweep, and finds out whether it did.
    fn sweeping(
        &mut self,
        db: &Database,
        act: impl FnOnce(&Database) -> nedb::Result<()>,
    ) -> Verdict<nedb::Result<()>> {
        let swept = self.oracle.predict_sweep(self.now_us())?;
        let result = act(db);
        let (found, known) = (db.head().size, self.oracle.size());
        if found == known {
            self.maybe(swept, None);
        } else if found == known + swept.len() as u64 {
            self.published(swept, db);
        } else {
            return Err(Violation::new(format!("a sweep of {} left {found} operations of {known}", swept.len())));
        }
        Ok(result)
    }

    /// After a sync that succeeded everything is durable.
    fn synced(&mut self, what: &str, result: nedb::Result<()>) -> Verdict {
        if result.is_ok() {
            self.durable_size = self.oracle.size();
        }
        self.tolerate(what, result)
    }

    pub(super) fn tolerate(&self, what: &str, result: nedb::Result<()>) -> Verdict {
        match result {
            Err(error) if !self.explains_errors() => Err(Violation::new(format!("{what} failed: {error}"))),
            _ => Ok(()),
        }
    }

    /// Drops a collection, which is a batch of conditional deletions.
    fn drop_collection(&mut self, db: &Database, collection: &str) -> Verdict {
        let head = self.oracle.head(self.now_us());
        let steps: Vec<Step> = self
            .oracle
            .rows(collection, head)
            .iter()
            .filter_map(|row| self.oracle.subjects().find(|subject| is_document(subject, collection, row.id)))
            .filter_map(|subject| match subject {
                Subject::Document(doc) => Some(Step::new(Act::Delete(DocKey { ..*doc }))),
                Subject::Edge(_) => None,
            })
            .collect();
        let count = steps.len() as u64;
        let Predicted::Logs(logged, _) =
            self.oracle.predict(&Intent { client: "local", key: None, steps }, self.now_us())?
        else {
            return Err(Violation::new("the oracle refuses to drop a collection"));
        };
        let dropped = db.drop_collection(collection);
        // An error while it looks for more does not undo what was dropped.
        let is_done = db.head().size == self.oracle.size() + count;
        match dropped {
            Ok(dropped) => expect_equal("documents dropped", &dropped, &count)?,
            Err(_) if self.explains_errors() => {}
            Err(error) => return Err(Violation::new(format!("dropping {collection} failed: {error}"))),
        }
        if is_done {
            self.published(logged, db);
        } else {
            self.maybe(logged, None);
        }
        Ok(())
    }

    /// Takes over operations that the engine published without a receipt.
    fn published(&mut self, logged: Vec<Logged>, db: &Database) {
        if logged.is_empty() {
            return;
        }
        self.unknown.clear();
        self.oracle.push(logged);
        self.oracle.roots.insert(self.oracle.size(), db.head().root);
        if self.durability == Durability::Sync {
            self.durable_size = self.oracle.size();
        }
    }
}

fn is_document(subject: &Subject, collection: &str, id: &[u8]) -> bool {
    matches!(subject, Subject::Document(doc) if doc.collection == collection && doc.id == id)
}

fn text(intent: &Intent) -> String {
    let mut text = format!("{intent:?}");
    if text.len() > 600 {
        text = text.chars().take(600).collect();
    }
    text
}
