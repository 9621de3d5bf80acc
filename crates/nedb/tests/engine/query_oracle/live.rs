//! Live queries: random ones, followed while random steps happen, have after each look the rows that the query has.
//!
//! Looks leave steps out, so that commits come together. A query that is not due must have its rows still: that decides whether it
//! notices everything that it reads.

use nedb::{Database, ErrorCode, LiveQuery, QueryRow, Result};

use super::{ask, fill, fill::Step, history::History, question::Question};
use crate::{
    script::world::World,
    support::{
        budget::Budget,
        dice::{self, Dice},
    },
};

/// How many queries are followed on one database.
const FOLLOWED: usize = 12;

/// A query that is followed.
struct Followed {
    question: Question,
    live: LiveQuery,
    rows: Vec<QueryRow>,
}

impl Followed {
    fn begin(db: &Database, question: Question) -> Self {
        let live = db.live(&question.to_string(), &question.options());
        Self { live: live.unwrap_or_else(|error| panic!("{question}: {error}")), question, rows: Vec::new() }
    }

    /// Takes the next change, and compares the rows with those of the query; says whether there was one.
    fn look(&mut self, db: &Database) -> std::result::Result<bool, String> {
        let change = self.live.try_next().map_err(|error| error.to_string())?;
        let seq = change.as_ref().and_then(|change| change.seq);
        let is_change = change.is_some();
        if let Some(change) = change {
            change.apply(&mut self.rows).map_err(|error| error.to_string())?;
            assert_eq!(seq, db.head().seq(), "it is answered at the head");
        }
        let fresh = db.query_with(&self.question.to_string(), &self.question.options());
        let fresh = fresh.and_then(Iterator::collect::<Result<Vec<_>>>).map_err(|error| error.to_string())?;
        let (followed, fresh) = (shown(&self.rows), shown(&fresh));
        if followed == fresh {
            return Ok(is_change);
        }
        Err(format!("{}\nthe rows are\n{}\nnot\n{}", self.question, followed.join("\n"), fresh.join("\n")))
    }
}

fn shown(rows: &[QueryRow]) -> Vec<String> {
    rows.iter().map(|row| row.to_json().expect("a row is JSON")).collect()
}

#[test]
fn changes_applied_give_the_rows_of_the_query_and_nothing_is_missed() {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases("live queries", 60);
    let (mut looks, mut changes, mut answers) = (0_u64, 0_u64, 0_u64);
    while budget.has_next() {
        let of_one = follow(seed);
        (looks, changes, answers) = (looks + of_one.0, changes + of_one.1, answers + of_one.2);
        if is_single {
            break;
        }
        seed += 1;
    }
    println!("{looks} looks, {answers} answers, {changes} changes");
    assert!(changes > 0 && answers < looks, "they change, and not every look answers again");
}

/// Follows queries over one database; gives the numbers of looks, changes and answers.
fn follow(seed: u64) -> (u64, u64, u64) {
    let mut dice = Dice::new(seed);
    let steps = fill::steps(&mut dice);
    let questions = questions(&mut dice, &steps);
    let mut world = World::small();
    let (mut followed, mut begun): (Vec<Followed>, _) = (Vec::new(), questions.iter());
    let mut figures = (0, 0, 0);
    for (at, step) in steps.iter().enumerate() {
        world.run(&step.lines);
        // Some steps close the database and open it again.
        for old in followed.iter_mut().filter(|one| one.live.watch().is_due().is_err()) {
            let closed = old.live.try_next().expect_err("it is closed");
            assert_eq!(closed.code(), ErrorCode::Closed);
            *old = Followed::begin(world.db(), old.question.clone());
        }
        if at % 3 == 0 {
            followed.extend(begun.by_ref().take(1).map(|question| Followed::begin(world.db(), question.clone())));
        }
        for one in &mut followed {
            if dice.one_in(2) {
                let before = one.live.answers();
                let is_change = one.look(world.db()).unwrap_or_else(|found| panic!("NEDB_SEED={seed}: {found}"));
                figures.0 += 1;
                figures.1 += u64::from(is_change);
                figures.2 += one.live.answers() - before;
            }
        }
    }
    for one in &mut followed {
        one.look(world.db()).unwrap_or_else(|found| panic!("NEDB_SEED={seed}: {found}"));
    }
    figures
}

/// Random queries of the present.
fn questions(dice: &mut Dice, steps: &[Step]) -> Vec<Question> {
    let mut after = World::small();
    for step in steps {
        after.run(&step.lines);
    }
    let history = History::of(after.db(), after.clock_us());
    let mut present = || {
        loop {
            let question = ask::question(dice, &history);
            if question.other.is_none() {
                return Question { as_of: None, ..question };
            }
        }
    };
    (0..FOLLOWED).map(|_| present()).collect()
}
