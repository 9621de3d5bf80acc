//! A collection so large that indexes make themselves: the answers are the same before, meanwhile and after.

use super::{
    answer::answer,
    ask,
    engines::same,
    fill,
    history::History,
    question::{Asked, Question},
};
use crate::{
    script::world::World,
    support::{
        budget::Budget,
        dice::{self, Dice},
    },
};

/// For the budget a query here counts as so many, because it visits that many times the documents.
const WEIGHT: u64 = 100;

/// Just above the size from which on a collection gets automatic indexes.
const DOCUMENTS: u64 = 10_200;

#[test]
fn indexes_that_make_themselves_change_no_answer() {
    let (seed, is_single) = dice::first_seed();
    let mut dice = Dice::new(seed);
    let mut world = filled(&mut dice);
    let history = History::of(world.db(), world.clock_us());
    let mut budget = Budget::cases("automatic indexes", 30_000);
    while budget.has_next() {
        budget.count(WEIGHT - 1);
        let question = question(&mut dice, &history);
        let expected = answer(&history, &question);
        // Several times, so that an index is wished for; then it is built, and asked.
        for round in 0..4 {
            if let Err(difference) = same(world.db(), &question, &expected) {
                panic!("NEDB_SEED={seed}: round {round} of {question}: {difference}");
            }
        }
        world.run(&["advance 1us".to_owned()]);
        if let Err(difference) = same(world.db(), &question, &expected) {
            panic!("NEDB_SEED={seed}: with {:?} {question}: {difference}", world.db().indexes());
        }
        if is_single {
            break;
        }
    }
    println!("automatic indexes: {}", world.db().indexes().len());
}

/// Documents in batches, some written again or deleted, none with a lifetime: time goes on while the indexes are built.
fn filled(dice: &mut Dice) -> World {
    let mut world = World::new();
    for batch in 0..6 {
        let mut lines = vec!["batch".to_owned()];
        lines.extend((0..DOCUMENTS / 5).map(|at| {
            // The last batch writes documents of the others again.
            let id = if batch < 5 { batch * DOCUMENTS / 5 + at } else { at * 5 };
            let value = dice.pick(&fill::VALUES);
            let (b, n) = (dice.below(4), dice.below(5_000));
            format!("  put c k{id} {{\"a\":{value},\"b\":{b},\"n\":{n},\"o\":{{\"p\":{n}}}}}")
        }));
        world.run(&lines);
    }
    world.run(&(0..200).map(|at| format!("delete c k{}", at * 7)).collect::<Vec<_>>());
    world
}

/// A query of the large collection that a naive evaluator answers in time.
fn question(dice: &mut Dice, history: &History) -> Question {
    loop {
        let mut question = ask::question(dice, history);
        question.collection = String::from("c");
        (question.search, question.trace, question.traverse) = (None, None, None);
        let has_many_groups = question.group.iter().any(|group| group.by.iter().any(|path| path.starts_with('_')));
        let is_in_time = matches!(question.as_of, Some(Asked::Time(_)));
        let is_other = question.other.is_some();
        let has_score = question.order.iter().any(|key| key.path == "_score");
        if question.filter.is_some() && !is_other && !has_many_groups && !is_in_time && !has_score {
            return question;
        }
    }
}
