//! From a database and a query that failed to the least ones that still do, as a script of the corpus.

use nedb_types::{Object, Value};

use super::{
    answer::answer,
    ask,
    engines::{Difference, Engines, Evaluator, Tally, shown},
    fill::{self, Step},
    history::History,
    question::{Condition, Question, Select},
};
use crate::{
    script::{
        corpus::{self, Block},
        world::World,
    },
    support::dice::Dice,
};

/// Leaves out whatever the failure does not need, and prints the rest.
pub fn shrunk(
    mut steps: Vec<Step>,
    mut question: Question,
    mut difference: Difference,
    evaluator: Evaluator,
) -> String {
    loop {
        let before = (steps.clone(), question.clone());
        let fails = |steps: &[Step]| failure(steps, &question, evaluator);
        fewer_steps(&mut steps, fails, &mut difference);
        fewer_lines(&mut steps, fails, &mut difference);
        while let Some((simpler, found)) = simpler(&question)
            .into_iter()
            .find_map(|simpler| Some((simpler.clone(), failure(&steps, &simpler, evaluator)?)))
        {
            (question, difference) = (simpler, found);
        }
        if before == (steps.clone(), question.clone()) {
            break;
        }
    }
    format!("{difference}\n\n{}", script(&steps, &question, evaluator))
}

/// The difference that a query shows, if it shows one.
fn failure(steps: &[Step], question: &Question, evaluator: Evaluator) -> Option<Difference> {
    let engines = match Engines::run(steps, evaluator) {
        Ok(engines) => engines,
        Err(difference) => return Some(difference),
    };
    engines.check(steps, std::slice::from_ref(question), &mut Tally::new()).err().map(|(_, difference)| difference)
}

fn fewer_steps(steps: &mut Vec<Step>, fails: impl Fn(&[Step]) -> Option<Difference>, difference: &mut Difference) {
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + chunk).min(steps.len()));
            match fails(&fewer) {
                Some(found) => (*steps, *difference) = (fewer, found),
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
}

/// Takes lines out of batches; the first one only says that it is a batch.
fn fewer_lines(steps: &mut Vec<Step>, fails: impl Fn(&[Step]) -> Option<Difference>, difference: &mut Difference) {
    for at in 0..steps.len() {
        let mut line = 1;
        while steps[at].lines.len() > 2 && line < steps[at].lines.len() {
            let mut fewer = steps.clone();
            fewer[at].lines.remove(line);
            match fails(&fewer) {
                Some(found) => (*steps, *difference) = (fewer, found),
                None => line += 1,
            }
        }
    }
}

/// The queries that say a little less.
fn simpler(question: &Question) -> Vec<Question> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Question)| {
        let mut simpler = question.clone();
        change(&mut simpler);
        if simpler != *question {
            all.push(simpler);
        }
    };
    offer(&|question| question.shuffle = 0);
    offer(&|question| question.is_given = false);
    offer(&|question| question.as_of = None);
    offer(&|question| question.valid_as_of = None);
    offer(&|question| question.filter = None);
    offer(&|question| question.traverse = None);
    offer(&|question| question.trace = None);
    offer(&|question| question.order.clear());
    offer(&|question| drop(question.order.pop()));
    offer(&|question| question.limit = None);
    offer(&|question| question.offset = None);
    offer(&|question| question.select = Select::Default);
    if question.order.iter().all(|key| key.path != "_score") {
        offer(&|question| question.search = None);
    }
    let is_plain = question.order.is_empty() && question.select == Select::Default;
    if let Some(group) = &question.group {
        if is_plain {
            offer(&|question| question.group = None);
        }
        offer(&|question| question.group.as_mut().expect("it is there").having = None);
        if is_plain && group.having.is_none() && group.by.len() + group.aggregates.len() > 1 {
            offer(&|question| drop(question.group.as_mut().expect("it is there").by.pop()));
            offer(&|question| drop(question.group.as_mut().expect("it is there").aggregates.pop()));
        }
    }
    for condition in question.filter.iter().flat_map(simpler_conditions) {
        offer(&|question| question.filter = Some(condition.clone()));
    }
    all.retain(|question| {
        question.group.as_ref().is_none_or(|group| !group.by.is_empty() || !group.aggregates.is_empty())
    });
    all
}

fn simpler_conditions(condition: &Condition) -> Vec<Condition> {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            let mut all = parts.clone();
            for at in 0..parts.len() {
                let rejoin = |parts| match condition {
                    Condition::And(_) => Condition::And(parts),
                    _ => Condition::Or(parts),
                };
                let mut fewer = parts.clone();
                fewer.remove(at);
                if fewer.len() > 1 {
                    all.push(rejoin(fewer));
                }
                for part in simpler_conditions(&parts[at]) {
                    let mut changed = parts.clone();
                    changed[at] = part;
                    all.push(rejoin(changed));
                }
            }
            all
        }
        Condition::Not(inner) => {
            let inside = simpler_conditions(inner).into_iter().map(|part| Condition::Not(Box::new(part)));
            std::iter::once(inner.as_ref().clone()).chain(inside).collect()
        }
        Condition::In(path, values) if values.len() > 1 => {
            values.iter().map(|value| Condition::In(path.clone(), vec![value.clone()])).collect()
        }
        _ => Vec::new(),
    }
}

/// The steps and the query in the form of the corpus, with the rows that the naive evaluator expects.
fn script(steps: &[Step], question: &Question, evaluator: Evaluator) -> String {
    let input: Vec<String> = steps.iter().flat_map(|step| step.lines.clone()).collect();
    let output = World::new().run(&input);
    let expected = Engines::run(steps, evaluator)
        .map_or_else(|difference| difference, |engines| shown(&engines.expected(question)));
    let expected = expected.lines().map(str::to_owned).collect();
    corpus::print(&[Block { input, output }, Block { input: question.lines(), output: expected }])
}

/// An evaluator with a mistake: filters keep nothing whose `b` is 3.
fn mistaken(history: &History, question: &Question) -> Vec<Object> {
    let mut rows = answer(history, question);
    if question.filter.is_some() {
        rows.retain(|row| row.get("b") != Some(&Value::from(3)));
    }
    rows
}

#[test]
fn a_planted_mistake_is_found_and_shrunk_to_a_document_and_a_query() {
    let found = (1..50).find_map(|seed| {
        let mut dice = Dice::new(seed);
        let steps = fill::steps(&mut dice);
        let engines = Engines::run(&steps, mistaken).expect("both engines take the steps");
        let questions: Vec<Question> = (0..24).map(|_| ask::question(&mut dice, &engines.history)).collect();
        let (at, difference) = engines.check(&steps, &questions, &mut Tally::new()).err()?;
        Some((steps, questions[at].clone(), difference))
    });
    let (steps, question, difference) = found.expect("soon a filter keeps a document whose b is 3");
    let shrunk = shrunk(steps, question, difference, mistaken);
    let (_, script) = shrunk.split_once("\n\n").expect("the script stands behind the difference");
    let blocks = corpus::parse(script);
    let input: Vec<&str> = blocks.iter().flat_map(|block| &block.input).map(String::as_str).collect();
    let lines = |word: &str| input.iter().filter(|line| line.trim_start().starts_with(word)).count();
    assert_eq!((lines("put"), lines("FROM c WHERE")), (1, 1), "{script}");
    assert!(input.len() <= 4, "a put, perhaps in a batch, perhaps a parameter, and a query:\n{script}");
    assert!(!input.iter().any(|line| [" LIMIT", " ORDER", " AND ", " SELECT"].iter().any(|word| line.contains(word))));
}
