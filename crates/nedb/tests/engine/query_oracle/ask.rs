//! Random queries over the whole grammar.

use super::{
    fill::{COLLECTIONS, DATES, PATHS, RELATIONS, VALUES},
    history::History,
    question::{Aggregate, Asked, Condition, Group, Key, Literal, Other, Question, Select, Trace, Walk, json},
};
use crate::support::dice::Dice;

const SYSTEM_PATHS: [&str; 10] = [
    "_id",
    "_seq",
    "_ts",
    "_client",
    "_confidence",
    "_evidence",
    "_valid_from",
    "_valid_to",
    "_expires_at",
    "_caused_by",
];

const SEARCHES: [&str; 9] = [
    "tree",
    "TREE root",
    "\"tree root\"",
    "tre*",
    "tree -leaf",
    "b-tree",
    "été 42",
    "-tree root",
    "leaf -\"root tree\" t*",
];

const PATTERNS: [&str; 10] = ["a%", "%", "_", "%b", "A_", "", "%a%", r"a\%", r"b\__", "tree%"];

/// A random query of a history.
pub fn question(dice: &mut Dice, history: &History) -> Question {
    let mut asker = Asker { dice, params: 0 };
    let mut question = Question { collection: asker.dice.pick(&COLLECTIONS).to_owned(), ..Question::default() };
    if asker.dice.one_in(40) {
        question.collection = String::from("nowhere");
    }
    question.is_given = asker.dice.one_in(6);
    if asker.dice.one_in(16) {
        question.other = Some(if asker.dice.one_in(2) {
            Other::History(format!("k{}", asker.dice.below(20)))
        } else {
            Other::Diff(asker.moment(history), asker.moment(history))
        });
        return question;
    }
    if asker.dice.one_in(3) {
        question.as_of = Some(asker.moment(history));
    }
    if asker.dice.one_in(8) {
        question.valid_as_of = Some(asker.dice.pick(&DATES).to_owned());
    }
    question.filter = match asker.dice.below(6) {
        0 | 1 => None,
        2 | 3 => Some(asker.narrow()),
        _ => Some(asker.condition(3)),
    };
    if asker.dice.one_in(6) {
        question.search = Some(asker.dice.pick(&SEARCHES).to_owned());
    }
    asker.graph(&mut question);
    if asker.dice.one_in(4) {
        question.group = Some(asker.group());
    }
    asker.end(&mut question);
    if asker.dice.one_in(2) {
        question.shuffle = asker.dice.below(1 << 32);
    }
    question
}

struct Asker<'d> {
    dice: &'d mut Dice,
    params: u32,
}

impl Asker<'_> {
    fn moment(&mut self, history: &History) -> Asked {
        if self.dice.one_in(4) {
            return Asked::Time(self.time(history));
        }
        let seq = i64::try_from(self.dice.below(history.entries.len() as u64 + 4)).expect("a short history") - 2;
        Asked::Seq(seq.max(-1))
    }

    /// A time around one of the commits, and not in the future.
    fn time(&mut self, history: &History) -> String {
        let at = usize::try_from(self.dice.below(history.entries.len() as u64)).expect("small");
        let commit_us = history.entries.get(at).map_or(history.now_us, |entry| entry.committed_at.as_micros());
        let time_us = commit_us + self.dice.pick(&[-1, 0, 1, 1_000_000]);
        nedb::Timestamp::from_micros(time_us.min(history.now_us)).to_string()
    }

    fn graph(&mut self, question: &mut Question) {
        if self.dice.one_in(6) {
            let (min, more) = (1 + self.dice.below(3), self.dice.below(3));
            let bound = |number: u64| u32::try_from(number).expect("small");
            question.traverse = Some(Walk {
                relation: self.dice.pick(&RELATIONS).to_owned(),
                hops: self.dice.one_in(2).then(|| (bound(min), bound(min + more))),
                is_reverse: self.dice.one_in(3),
                filter: None,
            });
        }
        if self.dice.one_in(6) {
            question.trace = Some(Trace { is_reverse: self.dice.one_in(2), filter: None });
        }
        if let Some(walk) = &mut question.traverse
            && self.dice.one_in(3)
        {
            walk.filter = Some(self.condition(1));
        }
        if let Some(trace) = &mut question.trace
            && self.dice.one_in(3)
        {
            trace.filter = Some(self.condition(1));
        }
    }

    /// A group by different fields with different figures.
    fn group(&mut self) -> Group {
        let mut by: Vec<String> = (0..self.dice.below(3)).map(|_| self.path()).collect();
        by.sort();
        by.dedup();
        let mut aggregates: Vec<Aggregate> = Vec::new();
        for _ in 0..self.dice.below(4) {
            let name = self.dice.pick(&["COUNT", "SUM", "AVG", "MIN", "MAX", "SUM"]);
            let counts_rows = name == "COUNT" && self.dice.one_in(2);
            let path = if counts_rows { String::new() } else { self.path() };
            let aggregate = Aggregate { name, path };
            if !aggregates.contains(&aggregate) {
                aggregates.push(aggregate);
            }
        }
        if by.is_empty() && aggregates.is_empty() {
            by.push("b".to_owned());
        }
        Group { by, aggregates, having: None }
    }

    /// HAVING, ORDER BY, LIMIT, OFFSET and SELECT, which speak of columns when there are groups.
    fn end(&mut self, question: &mut Question) {
        let columns = question.group.as_ref().map(columns);
        let column = |asker: &mut Self| match &columns {
            Some(columns) => columns[usize::try_from(asker.dice.below(columns.len() as u64)).expect("small")].clone(),
            None => asker.path(),
        };
        if let Some(group) = &mut question.group
            && self.dice.one_in(3)
        {
            let path = column(self);
            group.having = Some(self.test(&path));
        }
        if self.dice.one_in(2) {
            for _ in 0..=self.dice.below(6) / 4 {
                let path = column(self);
                question.order.push(Key { path, is_descending: self.dice.one_in(2) });
            }
            if question.search.is_some() && question.group.is_none() && self.dice.one_in(2) {
                question.order.insert(0, Key { path: "_score".to_owned(), is_descending: true });
            }
        }
        question.limit = self.dice.one_in(3).then(|| self.dice.below(8));
        question.offset = self.dice.one_in(6).then(|| self.dice.below(5));
        if self.dice.one_in(3) {
            let mut paths: Vec<String> = (0..=self.dice.below(2)).map(|_| column(self)).collect();
            paths.sort();
            paths.dedup();
            question.select =
                if question.group.is_none() && self.dice.one_in(3) { Select::All(paths) } else { Select::Only(paths) };
        }
    }

    fn path(&mut self) -> String {
        if self.dice.one_in(6) { self.dice.pick(&SYSTEM_PATHS).to_owned() } else { self.dice.pick(&PATHS).to_owned() }
    }

    fn condition(&mut self, depth: u32) -> Condition {
        if depth > 0 && self.dice.one_in(2) {
            let parts = (0..2 + self.dice.below(2)).map(|_| self.condition(depth - 1)).collect();
            return match self.dice.below(5) {
                0 | 1 => Condition::Or(parts),
                _ => Condition::And(parts),
            };
        }
        let path = self.path();
        let test = self.test(&path);
        if self.dice.one_in(5) { Condition::Not(Box::new(test)) } else { test }
    }

    /// A condition that few documents satisfy, so that an index is worth its while.
    fn narrow(&mut self) -> Condition {
        let low = self.dice.below(100);
        let given = |number: u64| Literal { json: number.to_string(), param: None };
        let n = || "n".to_owned();
        let by_n = match self.dice.below(4) {
            0 => Condition::Compare(n(), "=", given(low)),
            1 => Condition::Compare(n(), self.dice.pick(&[">", ">="]), given(90 + low / 10)),
            2 => Condition::In(n(), vec![given(low), given(low / 2)]),
            _ => Condition::Between(n(), given(low), given(low + self.dice.below(15))),
        };
        let path = self.dice.pick(&["a", "b", "t", "o.p", "o.q[0]", "l"]);
        let value = self.value(path);
        let by_value = Condition::Compare(path.to_owned(), self.dice.pick(&["=", "=", "<", ">="]), value);
        match self.dice.below(4) {
            0 => by_n,
            1 => by_value,
            2 => Condition::And(vec![by_n, by_value]),
            _ => Condition::And(vec![by_value, self.condition(1)]),
        }
    }

    fn test(&mut self, path: &str) -> Condition {
        let path = path.to_owned();
        match self.dice.below(14) {
            0..=6 => {
                let op = self.dice.pick(&["=", "=", "==", "!=", "<>", "<", "<=", ">", ">="]);
                let value = self.value(&path);
                Condition::Compare(path, op, value)
            }
            7 | 8 => {
                let values: Vec<Literal> = (0..self.dice.below(4)).map(|_| self.value(&path)).collect();
                if self.dice.one_in(4) {
                    let values: Vec<String> = values.into_iter().map(|value| value.json).collect();
                    return Condition::InList(path, self.param(format!("[{}]", values.join(","))));
                }
                Condition::In(path, values)
            }
            9 | 10 => {
                let (low, high) = (self.value(&path), self.value(&path));
                Condition::Between(path, low, high)
            }
            11 => {
                let json = json(self.dice.pick(&PATTERNS));
                let pattern = if self.dice.one_in(4) { self.param(json) } else { Literal { json, param: None } };
                Condition::Like(path, pattern, self.dice.one_in(3))
            }
            12 => match self.dice.below(2) {
                0 => Condition::IsNull(path),
                _ => Condition::Exists(path),
            },
            _ => {
                let value = self.value(&path);
                Condition::Contains(path, value)
            }
        }
    }

    /// A value that the path may well have.
    fn value(&mut self, path: &str) -> Literal {
        let json = match path {
            "b" => self.dice.below(4).to_string(),
            "n" => self.dice.below(100).to_string(),
            "_id" => format!("\"k{}\"", self.dice.below(20)),
            "_seq" | "count" => self.dice.below(60).to_string(),
            _ => self.dice.pick(&VALUES).to_owned(),
        };
        if self.dice.one_in(8) {
            return self.param(json);
        }
        Literal { json, param: None }
    }

    /// A value that is given by a name of its own.
    fn param(&mut self, json: String) -> Literal {
        self.params += 1;
        Literal { json, param: Some(format!("p{}", self.params)) }
    }
}

/// The columns of a group's row.
fn columns(group: &Group) -> Vec<String> {
    let mut columns = group.by.clone();
    if !columns.is_empty() {
        columns.push("count".to_owned());
    }
    columns.extend(group.aggregates.iter().map(Aggregate::column));
    columns.sort();
    columns.dedup();
    columns
}
