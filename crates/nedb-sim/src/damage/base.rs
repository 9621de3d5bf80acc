//! The small databases that are damaged: one that was closed, one whose machine lost its power, and their earlier states.

use nedb_io::simulate::{Image, Survival};

use crate::{
    intent::Intent,
    machine::{DATABASE, Machine, head_size},
    oracle::Oracle,
    planted::Plant,
    power_cut::{Action, Circumstances, Life},
    script,
    violation::{Verdict, Violation},
};

/// A database at rest, and what it must answer.
#[derive(Debug)]
pub struct Base {
    /// Its files.
    pub image: Image,
    /// Its files at an earlier moment, open then.
    pub earlier: Image,
    /// Files of another database that was used in the same way.
    pub stranger: Image,
    /// What it must answer.
    pub oracle: Oracle,
    /// How many operations must be there whatever happens to the end of the log; fewer only with a cut that is reported.
    pub durable_size: u64,
    /// How many operations HEAD vouches for: fewer are never accepted, even when the rest of the log is gone.
    pub head_size: u64,
    /// The clock.
    pub now_us: i64,
}

impl Base {
    /// A database that was closed: HEAD names its end and a checkpoint covers all of it.
    pub fn closed() -> Verdict<Self> {
        let (life, earlier) = lived(1)?;
        let size = life.oracle.size();
        let (machine, oracle, now_us) = (life.machine.clone(), life.oracle.clone(), life.now_us());
        if let Some(db) = life.db {
            db.checkpoint()?;
            db.close()?;
        }
        let image = machine.disk.snapshot();
        Ok(Self { image, earlier, stranger: stranger()?, oracle, durable_size: size, head_size: size, now_us })
    }

    /// A database whose machine lost its power: nothing but the log's own checks says where it ends.
    pub fn crashed() -> Verdict<Self> {
        let (life, earlier) = lived(1)?;
        life.machine.disk.cut();
        let after = life.machine.after_power_cut(1, Survival::Everything);
        // The last frame alone is not yet covered by the watermark of a later one.
        let size = life.oracle.size();
        let durable_size = (0..size).rev().find(|size| life.oracle.is_boundary(*size)).unwrap_or(0);
        let (oracle, now_us) = (life.oracle.clone(), life.now_us());
        let image = after.disk.snapshot();
        let head_size = head_size(&image)?;
        Ok(Self { image, earlier, stranger: stranger()?, oracle, durable_size, head_size, now_us })
    }

    /// The names of the database's files, without its directory.
    pub fn files(&self) -> Vec<String> {
        let files = self.image.files();
        let names = files.keys().filter_map(|path| path.strip_prefix(DATABASE).ok()?.to_str());
        names.map(str::to_owned).collect()
    }
}

/// Half of the script, a copy of the files, and the other half.
fn lived(seed: u64) -> Verdict<(Life, Image)> {
    let script = small()?;
    let mut life = Life::scripted(Circumstances::plain(), Plant::None);
    life.machine = Machine::new(seed, nedb_io::simulate::Faults::default(), Plant::None);
    let (first, second) = script.split_at(script.len() / 2);
    life.play(first)?;
    let earlier = life.machine.disk.snapshot();
    let db = life.db.clone().ok_or_else(|| Violation::new("the script left no database"))?;
    for action in second {
        life.perform(&db, action.clone())?;
    }
    Ok((life, earlier))
}

fn stranger() -> Verdict<Image> {
    let (life, _) = lived(2)?;
    if let Some(db) = &life.db {
        db.checkpoint()?;
        db.close()?;
    }
    Ok(life.machine.disk.snapshot())
}

/// The script with each feature, its long documents made short: every bit of the log is going to be flipped.
fn small() -> Verdict<Vec<Action>> {
    let mut actions = script::each_feature()?;
    actions.retain(|action| !matches!(action, Action::Drop(_) | Action::Tasks { .. }));
    for action in &mut actions {
        if let Action::Request(intent) = action {
            shorten(intent)?;
        }
    }
    Ok(actions)
}

fn shorten(intent: &mut Intent) -> Verdict {
    for step in &mut intent.steps {
        if let crate::intent::Act::Put(_, document) = &mut step.act
            && document.as_bytes().len() > 100
        {
            *document = crate::workload::body(77, 20)?;
        }
    }
    Ok(())
}
