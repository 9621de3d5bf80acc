//! Random operations against a naive model.
//!
//! The model keeps plain lists of versions and knows nothing of logs, chains or indexes. After every step the answers to the
//! write are compared; at the end, and after every restart, every read at every moment of the history. A failing run is
//! shrunk and printed with its seed; `NEDB_SEED=n` runs one seed alone, `NEDB_CASES=n` that many.

mod check;
mod many_versions;
mod model;
mod run;
mod step;

use crate::support::{budget::Budget, dice};

#[test]
fn every_read_at_every_moment_agrees_with_a_naive_model() {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases("oracle", 200);
    while budget.has_next() {
        let steps = step::steps(seed);
        if let Err(difference) = run::run(seed, &steps) {
            let (steps, difference) = run::shrink(seed, steps, difference);
            let steps: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
            panic!("NEDB_SEED={seed}: {difference}\nafter\n{}", steps.join("\n"));
        }
        if is_single {
            return;
        }
        seed += 1;
    }
}
