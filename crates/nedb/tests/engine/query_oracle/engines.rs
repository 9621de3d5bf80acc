//! One database on several engines, and what each of them answers.

use std::collections::BTreeMap;

use nedb::Database;
use nedb_types::{Object, Value};

use super::{
    fill::Step,
    history::History,
    question::{Asked, Other, Question},
    value::compare,
};
use crate::script::world::World;

/// What differs, in words.
pub type Difference = String;

/// Gives the rows that a question must have.
pub type Evaluator = fn(&History, &Question) -> Vec<Object>;

/// How often each way to the documents was taken.
pub type Tally = BTreeMap<String, u64>;

/// The same history without any index, and with those that the steps make.
pub struct Engines {
    plain: World,
    indexed: World,
    pub history: History,
    evaluator: Evaluator,
    /// How many operations there were after each step.
    sizes: Vec<usize>,
}

impl Engines {
    /// Lives through the steps on both engines.
    pub fn run(steps: &[Step], evaluator: Evaluator) -> Result<Self, Difference> {
        let (mut plain, mut indexed, mut sizes) = (World::small(), World::small(), Vec::new());
        for step in steps {
            if !step.is_about_paths {
                plain.run(&step.lines);
            }
            indexed.run(&step.lines);
            sizes.push(usize::try_from(plain.db().head().size).expect("a short history"));
        }
        // A restart without derived files leaves indexes that are being built; time must not go on for one engine alone.
        for index in indexed.db().indexes() {
            let built =
                indexed.db().wait_for_index(index.collection.as_str(), index.field.as_str(), index.kind, &mut |_| ());
            built.map_err(|error| format!("{index:?} cannot be built: {error}"))?;
        }
        let history = History::of(plain.db(), plain.clock_us());
        let other = History::of(indexed.db(), indexed.clock_us());
        if history.entries != other.entries {
            return Err("the indexed engine has logged other operations".to_owned());
        }
        Ok(Self { plain, indexed, history, evaluator, sizes })
    }

    /// The rows that the evaluator gives.
    pub fn expected(&self, question: &Question) -> Vec<Object> {
        (self.evaluator)(&self.history, question)
    }

    /// Asks on every path; the number says which question got another answer.
    pub fn check(
        mut self,
        steps: &[Step],
        questions: &[Question],
        tally: &mut Tally,
    ) -> Result<(), (usize, Difference)> {
        let expected: Vec<Vec<Object>> = questions.iter().map(|question| self.expected(question)).collect();
        let each = |world: &World, name: &str| {
            let asked = questions.iter().zip(&expected).enumerate();
            asked.into_iter().try_for_each(|(at, (question, expected))| {
                same(world.db(), question, expected).map_err(|found| (at, format!("{name}: {found}")))
            })
        };
        each(&self.plain, "without indexes")?;
        each(&self.indexed, "with indexes")?;
        for (at, (question, expected)) in questions.iter().zip(&expected).enumerate() {
            explained(self.indexed.db(), question, expected.len(), tally).map_err(|found| (at, found))?;
        }
        self.indexed.run(&["checkpoint".to_owned()]);
        each(&self.indexed, "after a checkpoint")?;
        self.indexed.run(&["reopen".to_owned()]);
        each(&self.indexed, "after a restart")?;
        self.check_replays(steps, questions)
    }

    /// Compares the answers AS OF a seq with those of a database that ends there.
    fn check_replays(&self, steps: &[Step], questions: &[Question]) -> Result<(), (usize, Difference)> {
        let all = self.history.entries.len();
        let has_grown = |at: &usize| self.sizes[*at] > at.checked_sub(1).map_or(0, |before| self.sizes[before]);
        let ends: Vec<usize> = (0..steps.len()).filter(has_grown).filter(|at| self.sizes[*at] < all).collect();
        let stride = (ends.len() / 3).max(1);
        for end in ends.into_iter().rev().step_by(stride) {
            let mut fresh = World::small();
            for step in steps.iter().take(end + 1).filter(|step| !step.is_about_paths) {
                fresh.run(&step.lines);
            }
            let seq = i64::try_from(self.sizes[end]).expect("a short history") - 1;
            let is_of_the_head = |question: &Question| question.as_of.is_none() && question.other.is_none();
            for (at, question) in questions.iter().enumerate().filter(|(_, question)| is_of_the_head(question)) {
                let then = Question { as_of: Some(Asked::Seq(seq)), ..question.clone() };
                let expected = self.expected(&then);
                same(self.indexed.db(), &then, &expected).map_err(|found| (at, format!("as of {seq}: {found}")))?;
                same(fresh.db(), question, &expected)
                    .map_err(|found| (at, format!("on a replay up to {seq}: {found}")))?;
            }
        }
        Ok(())
    }
}

/// The rows that a database gives.
pub fn rows(db: &Database, question: &Question) -> Result<Vec<Object>, Difference> {
    let rows = db.query_with(&question.to_string(), &question.options());
    let rows = rows.and_then(Iterator::collect::<nedb::Result<Vec<_>>>).map_err(|error| error.to_string())?;
    let object = |row: &nedb::QueryRow| match row.document().as_document().to_value() {
        Ok(Value::Object(object)) => Ok(object),
        other => Err(format!("a row is {other:?}")),
    };
    rows.iter().map(object).collect()
}

/// Compares the rows of a database with the expected ones.
pub fn same(db: &Database, question: &Question, expected: &[Object]) -> Result<(), Difference> {
    let actual = rows(db, question)?;
    if actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| is_alike(question, a, b)) {
        return Ok(());
    }
    Err(format!("the rows are\n{}\nnot\n{}", shown(&actual), shown(expected)))
}

/// Rows as JSON, one a line.
pub fn shown(rows: &[Object]) -> String {
    let json = |row: &Object| nedb_types::document::value_to_json(&Value::Object(row.clone())).expect("a row is JSON");
    rows.iter().map(json).collect::<Vec<_>>().join("\n")
}

/// Documents are the same to the last bit. Of equal values that are written differently a group may show any.
fn is_alike(question: &Question, a: &Object, b: &Object) -> bool {
    if question.group.is_none() {
        return a == b;
    }
    let is_exact = |name: &str| ["count", "sum_", "avg_"].iter().any(|kind| name.starts_with(kind));
    let is_kind = |a: &Value, b: &Value| std::mem::discriminant(a) == std::mem::discriminant(b);
    a.len() == b.len()
        && a.iter()
            .zip(b.iter())
            .all(|((name, a), (other, b))| name == other && compare(a, b).is_eq() && (!is_exact(name) || is_kind(a, b)))
}

/// Counts the way that was taken, and checks that EXPLAIN saw as many rows.
fn explained(db: &Database, question: &Question, rows: usize, tally: &mut Tally) -> Result<(), Difference> {
    if let Some(other) = &question.other {
        let name = if matches!(other, Other::History(_)) { "history" } else { "diff" };
        *tally.entry(name.to_owned()).or_default() += 1;
        return Ok(());
    }
    let explanation = db.explain(&question.to_string(), &question.options()).map_err(|error| error.to_string())?;
    let first = explanation.steps.first().expect("a query has a step");
    *tally.entry(first.operator.clone()).or_default() += 1;
    let last = explanation.steps.last().expect("a query has a step");
    if last.rows == rows as u64 { Ok(()) } else { Err(format!("EXPLAIN saw {} rows, not {rows}", last.rows)) }
}
