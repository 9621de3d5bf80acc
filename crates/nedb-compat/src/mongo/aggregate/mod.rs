//! Pipelines: stages through which documents go one by one.
//!
//! All stages are read before the first document is. Leading `$match` stages become the filter of a find, so that the planner serves them.
//! `$sort`, `$group` and `$lookup` keep documents in memory, within the budget of a query; the others keep none.

mod accumulator;
mod expression;
mod group;
mod lookup;
mod unwind;

use std::iter::Peekable;

use nedb_types::{Object, Result, Value};

pub(super) use self::expression::Expression;
use self::{group::Group, lookup::Lookup, unwind::Unwind};
use super::{
    fault::{Refusal, refused, unsupported},
    filter::Filter,
    find::{all, in_order},
    number::count,
    projection::Projection,
    read::Reader,
    sort::{SortKeys, Sorter},
};

/// Documents on their way.
pub(super) type Documents = Box<dyn Iterator<Item = Result<Object>> + Send>;

/// One stage of a pipeline.
enum Stage {
    Match(Filter),
    Group(Group),
    Sort(SortKeys),
    Skip(u64),
    Limit(u64),
    Count(String),
    Project(Projection),
    Unwind(Unwind),
    Lookup(Lookup),
}

impl Stage {
    fn new(given: &Value) -> Result<Self> {
        let refusal = || refused(Refusal::FailedToParse, "a stage of a pipeline is an object with one field");
        let object = given.as_object().filter(|object| object.len() == 1).ok_or_else(refusal)?;
        let (name, operand) = object.iter().next().ok_or_else(refusal)?;
        let fields = || {
            let refusal = || refused(Refusal::FailedToParse, format!("{name} needs an object"));
            operand.as_object().ok_or_else(refusal)
        };
        Ok(match name {
            "$match" => Self::Match(Filter::new(fields()?)?),
            "$group" => Self::Group(Group::new(operand)?),
            "$sort" => Self::Sort(SortKeys::new(fields()?)?),
            "$skip" => Self::Skip(count(operand, name)?),
            "$limit" => match count(operand, name)? {
                0 => return Err(refused(Refusal::BadValue, "$limit must be greater than 0")),
                limit => Self::Limit(limit),
            },
            "$count" => Self::Count(count_field(operand)?),
            "$project" if fields()?.is_empty() => {
                return Err(refused(Refusal::BadValue, "$project needs at least one field"));
            }
            "$project" => Self::Project(Projection::new(fields()?)?),
            "$unwind" => Self::Unwind(Unwind::new(operand)?),
            "$lookup" => Self::Lookup(Lookup::new(operand)?),
            other => return Err(unsupported(format!("the stage {other}"))),
        })
    }

    /// Puts the stage behind the documents; `wanted` is how many of a sort the next stages can use.
    fn behind(self, documents: Documents, reader: &Reader, wanted: Option<u64>) -> Result<Documents> {
        Ok(match self {
            Self::Match(filter) => Box::new(documents.filter(move |document| match document {
                Ok(document) => filter.matches(document),
                Err(_passed_on) => true,
            })),
            Self::Group(group) => group.run(documents)?,
            Self::Sort(keys) => sorted(documents, keys, wanted)?,
            Self::Skip(skip) => skipped(documents, skip),
            Self::Limit(limit) => limited(documents, limit),
            Self::Count(field) => counted(documents, field)?,
            Self::Project(projection) => Box::new(documents.map(move |document| projection.apply(document?))),
            Self::Unwind(unwind) => unwind.run(documents),
            Self::Lookup(lookup) => lookup.run(documents, reader.clone()),
        })
    }
}

fn count_field(operand: &Value) -> Result<String> {
    match operand.as_str() {
        Some(name) if !name.is_empty() && !name.starts_with('$') && !name.contains('.') => Ok(name.to_owned()),
        _ => Err(refused(Refusal::FailedToParse, "$count needs the name of a field")),
    }
}

fn counted(documents: Documents, field: String) -> Result<Documents> {
    let mut count = 0_u64;
    for document in documents {
        document?;
        count += 1;
    }
    let mut row = Object::new();
    row.insert(field, count);
    // Of no documents there is no count.
    Ok(Box::new((count > 0).then_some(Ok(row)).into_iter()))
}

/// The documents behind the first ones; an error is none of them.
pub(super) fn skipped(documents: Documents, skip: u64) -> Documents {
    let mut left = skip;
    Box::new(documents.filter(move |document| {
        let is_passed_over = left > 0 && document.is_ok();
        left -= u64::from(is_passed_over);
        !is_passed_over
    }))
}

/// The first documents.
pub(super) fn limited(documents: Documents, limit: u64) -> Documents {
    Box::new(documents.take(usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// All documents in the order of the keys, or the first of them.
pub(super) fn sorted(documents: Documents, keys: SortKeys, wanted: Option<u64>) -> Result<Documents> {
    let mut sorter = Sorter::new(keys, wanted);
    for document in documents {
        sorter.add(document?)?;
    }
    Ok(Box::new(sorter.finish().map(Ok)))
}

/// A pipeline that was read.
pub(super) struct Pipeline {
    stages: Vec<Stage>,
}

impl Pipeline {
    /// Reads the stages.
    pub(super) fn new(stages: &[Value]) -> Result<Self> {
        stages.iter().map(Stage::new).collect::<Result<_>>().map(|stages| Self { stages })
    }

    /// Begins the pipeline over a collection.
    pub(super) fn run(self, collection: &str, reader: &Reader) -> Result<Documents> {
        let mut stages = self.stages.into_iter().peekable();
        let mut filters = Vec::new();
        while let Some(Stage::Match(filter)) = stages.next_if(|stage| matches!(stage, Stage::Match(_))) {
            filters.push(filter);
        }
        let filter = Filter::All(filters);
        let mut documents: Documents = match stages.next_if(|stage| matches!(stage, Stage::Sort(_))) {
            Some(Stage::Sort(keys)) => in_order(reader, collection, filter, keys, wanted(&mut stages))?,
            _ => all(reader, collection, filter, wanted(&mut stages))?,
        };
        while let Some(stage) = stages.next() {
            let wanted = wanted(&mut stages);
            documents = stage.behind(documents, reader, wanted)?;
        }
        Ok(documents)
    }
}

/// How many documents the next stage can use, when it says so.
fn wanted(stages: &mut Peekable<impl Iterator<Item = Stage>>) -> Option<u64> {
    match stages.peek() {
        Some(Stage::Limit(limit)) => Some(*limit),
        _ => None,
    }
}
