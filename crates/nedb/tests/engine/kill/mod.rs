//! `kill -9` with an acknowledgement pipe: what was acknowledged is there, once.
//!
//! A child process writes with several threads and prints each acknowledgement; the parent kills it at a random moment,
//! opens the database, looks for everything that was acknowledged, and retries what was in flight under the same keys.
//! A kill leaves the page cache, so nothing may be lost in any durability mode. Power cuts are in `durability`.

mod child;
mod parent;

use crate::support::{budget::Budget, dice, temp_dir::TempDir, watchdog::Watchdog};

#[test]
fn acknowledged_writes_survive_kill_9_and_retries_have_one_effect() {
    let _watchdog = Watchdog::seconds("kill -9", 3600);
    let (seed, _) = dice::first_seed();
    let mut dice = dice::Dice::new(seed);
    let (dir, mut parent) = (TempDir::new("kill"), parent::Parent::default());
    let mut budget = Budget::cases("kill -9", 200);
    while budget.has_next() {
        parent.round(&dir.join("db"), &mut dice);
    }
    println!("kill -9: {} acknowledgements, {} retries", parent.acknowledged(), parent.retries());
}
