//! Random queries over random databases against an evaluator that was written separately.
//!
//! The evaluator works on the list of operations that the change feed tells, with loops over lists: no index, no planner, no
//! code of the executor or of `nedb-nql`. Each query must have its rows, in its order, on an engine without indexes and on
//! one with those that random steps made and dropped, also after a checkpoint and after a restart; and AS OF a seq the rows
//! that a fresh database has which ends there. A failure is shrunk and printed as a script for `tests/nql`, where it stays.
//! One case is one query; `NEDB_SEED=n` runs one database alone, `NEDB_CASES=n` that many cases.
//!
//! | file | what it does |
//! |---|---|
//! | `fill`, `ask` | random databases, random queries |
//! | `question` | a query as data and as text |
//! | `history`, `value`, `condition`, `search`, `answer`, `versions` | the evaluator |
//! | `engines`, `shrink` | asks everybody, finds the least failure |
//! | `live` | the same queries, followed while the steps happen |
//! | `automatic` | a collection so large that indexes make themselves |

mod answer;
mod ask;
mod automatic;
mod condition;
mod engines;
mod fill;
mod history;
mod live;
mod question;
mod search;
mod shrink;
mod value;
mod versions;

use crate::support::{
    budget::Budget,
    dice::{self, Dice},
};
use answer::answer;
use engines::{Engines, Tally};
use question::Question;

/// How many queries one database is asked.
const QUESTIONS: usize = 24;

/// The ways to the documents of which each must have been taken, once there were enough cases.
const WAYS: [&str; 12] = [
    "scan",
    "index range",
    "index order",
    "index intersection",
    "index union",
    "look up",
    "search",
    "search index",
    "search intersection",
    "nothing",
    "history",
    "diff",
];
const CASES_OF_ALL_WAYS: u64 = 5_000;

#[test]
fn every_query_has_the_same_rows_on_every_path_and_at_every_moment() {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases("query oracle", 6_000);
    let (mut tally, mut cases) = (Tally::new(), 0);
    while budget.has_next() {
        let asked = database(seed, &mut tally);
        cases += asked;
        budget.count(asked - 1);
        if is_single {
            break;
        }
        seed += 1;
    }
    println!("ways: {tally:?}");
    for way in WAYS.iter().filter(|_| cases >= CASES_OF_ALL_WAYS) {
        assert!(tally.contains_key(*way), "no query took the way {way:?} of {tally:?}");
    }
}

/// Fills a database and asks it; gives the number of questions.
fn database(seed: u64, tally: &mut Tally) -> u64 {
    let mut dice = Dice::new(seed);
    let steps = fill::steps(&mut dice);
    let engines = match Engines::run(&steps, answer) {
        Ok(engines) => engines,
        Err(difference) => {
            panic!("NEDB_SEED={seed}: {}", shrink::shrunk(steps, Question::default(), difference, answer))
        }
    };
    let questions: Vec<Question> = (0..QUESTIONS).map(|_| ask::question(&mut dice, &engines.history)).collect();
    if let Err((at, difference)) = engines.check(&steps, &questions, tally) {
        panic!("NEDB_SEED={seed}: {}", shrink::shrunk(steps, questions[at].clone(), difference, answer));
    }
    QUESTIONS as u64
}
