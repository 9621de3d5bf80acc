//! Power cuts at random operations of random lives, also during recovery.
//!
//! One seed is one life: random options, a few sessions of random work, each ended by a power cut, a kill or a close, and
//! after each a recovery that is itself cut again now and then. After every recovery the database must be what the oracle
//! says, up to what the durability mode allows to be missing.

mod ending;
mod indexes;
mod life;
mod recovery;
mod scripted;
mod session;
mod settings;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use self::life::Life;
pub use self::{
    indexes::Place,
    life::{Recorded, Tally},
    session::Action,
    settings::Circumstances,
};
use crate::{planted::Plant, violation::Violation};

/// Lives one seed and tells what every machine did and held.
pub fn record(seed: u64) -> Result<Vec<Recorded>, Violation> {
    let mut life = Life::new(seed, Plant::None);
    life.start_record();
    life.run()?;
    let last = life.machine.clone();
    life.replace_machine(last);
    Ok(life.record.unwrap_or_default())
}

/// Lives one seed, with a bug planted or none. A panic is a violation.
pub fn live(seed: u64, plant: Plant) -> Result<Tally, Violation> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut life = Life::new(seed, plant);
        let outcome = life.run();
        let tally = life.tally;
        outcome.map(|()| tally)
    }));
    match lived {
        Ok(outcome) => outcome,
        Err(panic) => Err(Violation::new(format!("panic: {}", text_of(panic.as_ref())))),
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
