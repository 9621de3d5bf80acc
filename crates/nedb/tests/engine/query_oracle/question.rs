//! A query as plain data, and the text that asks it.

use std::fmt::{self, Display, Formatter};

use nedb::QueryOptions;
use nedb_types::{
    Value,
    document::{json_to_value, value_to_json},
};

use crate::support::dice::Dice;

/// One query; a field that is empty is a clause that is not written, and of another statement all are but the collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub collection: String,
    pub as_of: Option<Asked>,
    pub valid_as_of: Option<String>,
    pub filter: Option<Condition>,
    pub search: Option<String>,
    pub traverse: Option<Walk>,
    pub trace: Option<Trace>,
    pub group: Option<Group>,
    pub order: Vec<Key>,
    pub limit: Option<u64>,
    pub offset: Option<u64>,
    pub select: Select,
    /// In which order the clauses are written.
    pub shuffle: u64,
    /// Whether moments, counts, ids and the words of a search are given as parameters.
    pub is_given: bool,
    /// HISTORY or DIFF instead of a query.
    pub other: Option<Other>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Seq(i64),
    Time(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// The versions of a document.
    History(String),
    /// What differs between two moments.
    Diff(Asked, Asked),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    pub relation: String,
    pub hops: Option<(u32, u32)>,
    pub is_reverse: bool,
    pub filter: Option<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub is_reverse: bool,
    pub filter: Option<Condition>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub by: Vec<String>,
    pub aggregates: Vec<Aggregate>,
    pub having: Option<Condition>,
}

/// COUNT with an empty path, else COUNT, SUM, AVG, MIN or MAX of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    pub name: &'static str,
    pub path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub path: String,
    pub is_descending: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Select {
    #[default]
    Default,
    All(Vec<String>),
    Only(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(String, &'static str, Literal),
    In(String, Vec<Literal>),
    /// IN a list that is a parameter.
    InList(String, Literal),
    Between(String, Literal, Literal),
    /// LIKE, or ILIKE when case does not count.
    Like(String, Literal, bool),
    IsNull(String),
    Exists(String),
    Contains(String, Literal),
}

/// A value in JSON; one that is given as a parameter has that one's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub json: String,
    pub param: Option<String>,
}

impl Literal {
    pub fn value(&self) -> Value {
        json_to_value(self.json.as_bytes()).expect("the tests write sound JSON")
    }
}

impl Aggregate {
    pub fn column(&self) -> String {
        if self.path.is_empty() { "count".to_owned() } else { format!("{}_{}", self.name.to_lowercase(), self.path) }
    }
}

impl Question {
    /// The parameters by name.
    pub fn params(&self) -> Vec<Literal> {
        let mut params = Vec::new();
        let conditions = [
            self.filter.as_ref(),
            self.traverse.as_ref().and_then(|walk| walk.filter.as_ref()),
            self.trace.as_ref().and_then(|trace| trace.filter.as_ref()),
            self.group.as_ref().and_then(|group| group.having.as_ref()),
        ];
        for condition in conditions.into_iter().flatten() {
            condition.visit(&mut |literal| {
                if literal.param.is_some() {
                    params.push(literal.clone());
                }
            });
        }
        params.extend(self.given().into_iter().map(|(name, json)| Literal { json, param: Some(name.to_owned()) }));
        params
    }

    /// What is given by name beside the values of conditions.
    fn given(&self) -> Vec<(&'static str, String)> {
        let text = |text: &String| json(text);
        let mut given = Vec::new();
        given.extend(self.as_of.as_ref().map(|asked| ("at", asked.json())));
        given.extend(self.valid_as_of.as_ref().map(|time| ("valid", text(time))));
        given.extend(self.search.as_ref().map(|words| ("words", text(words))));
        given.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        given.extend(self.offset.map(|offset| ("offset", offset.to_string())));
        match &self.other {
            Some(Other::History(id)) => given.push(("id", text(id))),
            Some(Other::Diff(from, to)) => given.extend([("from", from.json()), ("to", to.json())]),
            None => {}
        }
        if self.is_given { given } else { Vec::new() }
    }

    /// A name in the place of what is given by it, else what is written.
    fn or_given(&self, name: &str, written: impl std::fmt::Display) -> String {
        if self.is_given { format!("${name}") } else { written.to_string() }
    }

    /// The parameters as the engine takes them.
    pub fn options(&self) -> QueryOptions {
        let give = |options: QueryOptions, literal: &Literal| match &literal.param {
            Some(name) => options.param(name, literal.value()),
            None => options,
        };
        self.params().iter().fold(QueryOptions::new(), give)
    }

    /// The lines of a script that ask it.
    pub fn lines(&self) -> Vec<String> {
        let param = |literal: &Literal| Some(format!("param {} {}", literal.param.as_ref()?, literal.json));
        self.params().iter().filter_map(param).chain([self.to_string()]).collect()
    }

    /// The clauses whose order matters, and all others.
    fn clauses(&self) -> (Vec<String>, Vec<String>) {
        let (mut ordered, mut free) = (Vec::new(), Vec::new());
        let filter = |filter: &Option<Condition>| filter.as_ref().map(|condition| format!("WHERE {condition}"));
        ordered.extend(filter(&self.filter));
        if let Some(walk) = &self.traverse {
            let hops = walk.hops.map_or_else(String::new, |(min, max)| format!(" *{min}..{max}"));
            let reverse = if walk.is_reverse { " REVERSE" } else { "" };
            ordered.push(format!("TRAVERSE {}{hops}{reverse}", walk.relation));
            ordered.extend(filter(&walk.filter));
        }
        if let Some(trace) = &self.trace {
            ordered.push(format!("TRACE caused_by{}", if trace.is_reverse { " REVERSE" } else { "" }));
            ordered.extend(filter(&trace.filter));
        }
        free.extend(self.as_of.as_ref().map(|asked| format!("AS OF {}", self.or_given("at", asked))));
        free.extend(
            self.valid_as_of.as_ref().map(|time| format!("VALID AS OF {}", self.or_given("valid", json(time)))),
        );
        free.extend(self.search.as_ref().map(|text| format!("SEARCH {}", self.or_given("words", json(text)))));
        if let Some(group) = &self.group {
            let aggregates: Vec<String> = group
                .aggregates
                .iter()
                .map(|aggregate| format!("{} {}", aggregate.name, aggregate.path).trim_end().to_owned())
                .collect();
            if !group.by.is_empty() {
                free.push(format!("GROUP BY {}", group.by.join(", ")));
            }
            if !aggregates.is_empty() {
                free.push(aggregates.join(", "));
            }
            free.extend(group.having.as_ref().map(|condition| format!("HAVING {condition}")));
        }
        if !self.order.is_empty() {
            let key = |key: &Key| format!("{}{}", key.path, if key.is_descending { " DESC" } else { "" });
            free.push(format!("ORDER BY {}", self.order.iter().map(key).collect::<Vec<_>>().join(", ")));
        }
        free.extend(self.limit.map(|limit| format!("LIMIT {}", self.or_given("limit", limit))));
        free.extend(self.offset.map(|offset| format!("OFFSET {}", self.or_given("offset", offset))));
        free.extend(match &self.select {
            Select::Default => None,
            Select::All(paths) => Some(format!("SELECT *, {}", paths.join(", "))),
            Select::Only(paths) => Some(format!("SELECT {}", paths.join(", "))),
        });
        (ordered, free)
    }
}

impl Display for Question {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let collection = &self.collection;
        match &self.other {
            Some(Other::History(id)) => {
                return write!(formatter, "HISTORY {collection} {}", self.or_given("id", json(id)));
            }
            Some(Other::Diff(from, to)) => {
                let (from, to) = (self.or_given("from", from), self.or_given("to", to));
                return write!(formatter, "DIFF {collection} FROM {from} TO {to}");
            }
            None => write!(formatter, "FROM {collection}")?,
        }
        let (mut ordered, mut free) = self.clauses();
        if self.shuffle == 0 {
            // The order in which clauses take effect: the moment first, then filters and graph, then all else.
            let moments = free.iter().take_while(|clause| clause.starts_with("AS OF") || clause.starts_with("VALID"));
            let moments = moments.count();
            ordered.splice(0..0, free.drain(..moments));
            ordered.append(&mut free);
        }
        let mut dice = Dice::new(self.shuffle);
        while !ordered.is_empty() || !free.is_empty() {
            let is_ordered = free.is_empty() || (!ordered.is_empty() && dice.one_in(2));
            let from = if is_ordered { &mut ordered } else { &mut free };
            let at = if is_ordered { 0 } else { dice.below(from.len() as u64) };
            write!(formatter, " {}", from.remove(usize::try_from(at).expect("an index")))?;
        }
        Ok(())
    }
}

impl Condition {
    fn visit(&self, visit: &mut impl FnMut(&Literal)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(visit)),
            Self::Not(inner) => inner.visit(visit),
            Self::Compare(_, _, value)
            | Self::Contains(_, value)
            | Self::InList(_, value)
            | Self::Like(_, value, _) => visit(value),
            Self::In(_, values) => values.iter().for_each(visit),
            Self::Between(_, low, high) => [low, high].into_iter().for_each(visit),
            Self::IsNull(_) | Self::Exists(_) => {}
        }
    }
}

impl Display for Condition {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
            parts.join(word)
        };
        match self {
            Self::And(parts) => formatter.write_str(&joined(parts, " AND ")),
            Self::Or(parts) => formatter.write_str(&joined(parts, " OR ")),
            Self::Not(inner) => match inner.as_ref() {
                Self::In(path, values) => write!(formatter, "{path} NOT IN ({})", list(values)),
                Self::Between(path, low, high) => write!(formatter, "{path} NOT BETWEEN {low} AND {high}"),
                Self::Like(path, pattern, folds) => {
                    write!(formatter, "{path} NOT {} {pattern}", like(*folds))
                }
                Self::IsNull(path) => write!(formatter, "{path} IS NOT NULL"),
                inner => write!(formatter, "NOT ({inner})"),
            },
            Self::Compare(path, op, value) => write!(formatter, "{path} {op} {value}"),
            Self::In(path, values) => write!(formatter, "{path} IN ({})", list(values)),
            Self::Between(path, low, high) => write!(formatter, "{path} BETWEEN {low} AND {high}"),
            Self::Like(path, pattern, folds) => write!(formatter, "{path} {} {pattern}", like(*folds)),
            Self::InList(path, list) => write!(formatter, "{path} IN {list}"),
            Self::IsNull(path) => write!(formatter, "{path} IS NULL"),
            Self::Exists(path) => write!(formatter, "EXISTS({path})"),
            Self::Contains(path, value) => write!(formatter, "{path} CONTAINS {value}"),
        }
    }
}

fn list(values: &[Literal]) -> String {
    values.iter().map(Literal::to_string).collect::<Vec<_>>().join(", ")
}

impl Display for Literal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.param {
            Some(name) => write!(formatter, "${name}"),
            None => formatter.write_str(&self.json),
        }
    }
}

const fn like(folds: bool) -> &'static str {
    if folds { "ILIKE" } else { "LIKE" }
}

/// A text in JSON, which is also how the language writes it.
pub fn json(text: &str) -> String {
    value_to_json(&Value::from(text)).expect("a text is JSON")
}

impl Asked {
    fn json(&self) -> String {
        match self {
            Self::Seq(seq) => seq.to_string(),
            Self::Time(time) => json(time),
        }
    }
}

impl Display for Asked {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(formatter, "{seq}"),
            Self::Time(time) => write!(formatter, "TIMESTAMP {}", json(time)),
        }
    }
}
