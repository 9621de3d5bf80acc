//! Projections: which fields of a document an answer has. `projection` of a find and `$project` are one thing.
//!
//! Either fields are named that stay, and beside them values are made (`"$path"`, constants, objects of these), or fields are named that
//! go. `_id` stays unless it is named to go. A path goes into the objects of arrays: a value is made in each of them, and in the place of
//! what is no object.

use std::collections::BTreeMap;

use nedb_types::{Object, Result, Value};

use super::{
    aggregate::Expression,
    fault::{Refusal, refused, unsupported},
    made::{Made, check_apart, check_number},
    memory::Budget,
    number::is_true,
    path::{Part, Path},
};

/// What is done to each document.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    rule: Rule,
    has_id: bool,
    made: Made,
}

#[derive(Clone, Debug)]
enum Rule {
    /// Only these stay.
    Keep(Tree),
    /// Only these go.
    Drop(Tree),
}

/// Paths as a tree; a node without branches is the end of one.
#[derive(Clone, Debug, Default)]
struct Tree {
    branches: BTreeMap<String, Tree>,
    /// Whether a value is made here, or at a place inside that needs objects on its way.
    is_made: bool,
}

/// What a projection says of one path.
enum Said {
    Stays,
    Goes,
    IsMade(Expression),
}

impl Projection {
    /// Reads a projection.
    pub(super) fn new(given: &Object) -> Result<Self> {
        let mut said = Vec::new();
        read(given, "", &mut said)?;
        check_number(said.len())?;
        let mut has_id = None;
        let (mut keep, mut leave, mut made) = (Tree::default(), Tree::default(), Made::default());
        let mut paths: Vec<Path> = Vec::new();
        for (text, said) in said {
            let path = Path::checked(&text)?;
            check_apart(&path, &paths)?;
            match said {
                Said::Stays if text == "_id" => has_id = Some(true),
                Said::Goes if text == "_id" => has_id = Some(false),
                Said::Stays => keep.insert(path.parts()),
                Said::Goes => leave.insert(path.parts()),
                Said::IsMade(expression) => {
                    keep.insert_made(path.parts());
                    made.push(path.clone(), expression);
                }
            }
            paths.push(path);
        }
        let has_kept = !keep.branches.is_empty();
        let has_left = !leave.branches.is_empty();
        if has_kept && has_left {
            return Err(refused(
                Refusal::MixedProjection,
                "a projection names the fields that stay or those that go, not both; only _id may be named to go in either",
            ));
        }
        let drops = has_left || (!has_kept && has_id == Some(false));
        let is_empty = paths.is_empty();
        let rule = if drops || is_empty { Rule::Drop(leave) } else { Rule::Keep(keep) };
        Ok(Self { rule, has_id: has_id.unwrap_or(true), made })
    }

    /// The document as the projection shows it; what is made of it keeps to the budget.
    pub(super) fn apply(&self, document: Object, mut budget: Budget) -> Result<Object> {
        let values = self.made.values(&document, &mut budget)?;
        let mut shown = document.filter_map(|name, value| match &self.rule {
            Rule::Keep(tree) | Rule::Drop(tree) if name == "_id" && !tree.has(name) => self.has_id.then_some(value),
            Rule::Keep(tree) => tree.kept(name, value),
            Rule::Drop(tree) => tree.left(name, value),
        });
        self.made.put(&mut shown, values, &mut budget)?;
        Ok(shown)
    }
}

/// Reads what is said of each path; an object that is no expression holds more paths.
fn read(given: &Object, outer: &str, said: &mut Vec<(String, Said)>) -> Result<()> {
    for (name, value) in given.iter() {
        let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        if name.starts_with('$') || name.ends_with(".$") {
            return Err(unsupported(format!("the path {path} of a projection")));
        }
        match value {
            Value::Bool(_) | Value::I64(_) | Value::F64(_) | Value::BigInt(_) | Value::Decimal(_) => {
                said.push((path, if is_true(value) { Said::Stays } else { Said::Goes }));
            }
            Value::Object(inner) if inner.is_empty() => {
                return Err(refused(Refusal::BadValue, format!("the projection of {path} is an empty object")));
            }
            Value::Object(inner) if inner.keys().all(|name| !name.starts_with('$')) => read(inner, &path, said)?,
            value => said.push((path, Said::IsMade(Expression::new(value)?))),
        }
    }
    Ok(())
}

impl Tree {
    fn insert(&mut self, parts: &[Part]) {
        let Some((first, rest)) = parts.split_first() else { return };
        self.branches.entry(first.name.clone()).or_default().insert(rest);
    }

    /// Inserts the path of a value that is made: what is there goes, and the objects on the way to it stay.
    fn insert_made(&mut self, parts: &[Part]) {
        self.insert(parts);
        let mut node = self;
        for part in parts {
            let Some(branch) = node.branches.get_mut(&part.name) else { return };
            branch.is_made = true;
            node = branch;
        }
    }

    fn branch(&self, name: &str) -> Option<&Self> {
        self.branches.get(name)
    }

    fn has(&self, name: &str) -> bool {
        self.branch(name).is_some()
    }

    /// What stays of a field when only the paths of this tree do.
    fn kept(&self, name: &str, value: Value) -> Option<Value> {
        let branch = self.branch(name)?;
        if !branch.branches.is_empty() {
            return branch.kept_inside(value);
        }
        if branch.is_made { None } else { Some(value) }
    }

    fn kept_inside(&self, value: Value) -> Option<Value> {
        match value {
            Value::Object(object) => Some(Value::Object(object.filter_map(|name, value| self.kept(name, value)))),
            Value::Array(elements) => {
                Some(Value::Array(elements.into_iter().filter_map(|element| self.kept_inside(element)).collect()))
            }
            _scalar => self.is_made.then(|| Value::Object(Object::new())),
        }
    }

    /// What stays of a field when the paths of this tree go.
    fn left(&self, name: &str, value: Value) -> Option<Value> {
        match self.branch(name) {
            None => Some(value),
            Some(branch) if branch.branches.is_empty() => None,
            Some(branch) => Some(branch.left_inside(value)),
        }
    }

    fn left_inside(&self, value: Value) -> Value {
        match value {
            Value::Object(object) => Value::Object(object.filter_map(|name, value| self.left(name, value))),
            Value::Array(elements) => {
                Value::Array(elements.into_iter().map(|element| self.left_inside(element)).collect())
            }
            scalar => scalar,
        }
    }
}
