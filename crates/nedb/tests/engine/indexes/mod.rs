//! Indexes against the documents themselves: whatever happened, and at every moment, an index shows what a scan shows.
//!
//! A run makes random writes, indexes, checkpoints, restarts, losses of power and damage. Then, for each seq, the rows of
//! every ready index are compared with a scan of the collection that is sorted by value. `NEDB_SEED=n` runs one seed alone.

mod damage;
mod life;
mod limits;

use crate::support::{budget::Budget, dice};

#[test]
fn an_index_shows_at_every_moment_what_a_scan_shows() {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases("indexes", 500);
    while budget.has_next() {
        if let Err(difference) = life::run(seed) {
            panic!("NEDB_SEED={seed}: {difference}");
        }
        if is_single {
            return;
        }
        seed += 1;
    }
}
