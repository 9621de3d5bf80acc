//! Pipelines: stages through which documents go one by one.
//!
//! All stages are read before the first document is. Leading `$match` stages become the filter of a find, so that the planner serves them.
//!
//! Promises: `$match`, `$project`, `$addFields`, `$unset`, `$replaceRoot`, `$skip`, `$limit` and `$unwind` keep no document and read one when they are asked for one, so that a
//! `$limit` behind them ends the reading. `$sort` and `$group` take all documents before they give one, and `$lookup` a batch of
//! them, each within the memory of a query; `$count` takes all and keeps none.

mod accumulator;
mod expression;
mod fields;
mod group;
mod lookup;
mod unwind;

use std::sync::Arc;

use nedb_types::{Error, ErrorCode, Object, Result, Value};

pub(super) use self::expression::Expression;
use self::{fields::AddedFields, group::Group, lookup::Lookup, unwind::Unwind};
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

/// Most stages of a pipeline: a document that is asked for is asked for through all of them, each a few calls deeper on the stack.
const PIPELINE_STAGES_MAX: usize = 256;

/// How many documents pass between two looks at the clock.
const DOCUMENTS_PER_LOOK: u32 = 64;

/// One stage of a pipeline.
enum Stage {
    Match(Filter),
    Group(Group),
    Sort(SortKeys),
    Skip(u64),
    Limit(u64),
    Count(String),
    Project(Projection),
    AddFields(AddedFields),
    ReplaceRoot(Expression),
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
            "$addFields" | "$set" => Self::AddFields(AddedFields::new(name, fields()?)?),
            "$unset" => Self::Project(fields::unset(operand)?),
            "$replaceRoot" => Self::ReplaceRoot(fields::new_root(fields()?)?),
            "$replaceWith" => Self::ReplaceRoot(Expression::new(operand)?),
            "$unwind" => Self::Unwind(Unwind::new(operand)?),
            "$lookup" => Self::Lookup(Lookup::new(operand)?),
            other => return Err(unsupported(format!("the stage {other}"))),
        })
    }

    /// Puts the stage behind the documents; `wanted` is how many of a sort the next stages use.
    fn behind(self, documents: Documents, reader: &Reader, wanted: Option<u64>) -> Result<Documents> {
        Ok(match self {
            Self::Match(filter) => Box::new(documents.filter(move |document| match document {
                Ok(document) => filter.matches(document),
                Err(_passed_on) => true,
            })),
            Self::Group(group) => group.run(documents, reader.budget("$group"))?,
            Self::Sort(keys) => sorted(documents, keys, wanted, reader)?,
            Self::Skip(skip) => skipped(documents, skip),
            Self::Limit(limit) => limited(documents, limit),
            Self::Count(field) => counted(documents, field)?,
            Self::Project(projection) => {
                let budget = reader.budget("$project");
                Box::new(documents.map(move |document| projection.apply(document?, budget.passing())))
            }
            Self::AddFields(added) => {
                let budget = reader.budget("$addFields");
                Box::new(documents.map(move |document| added.apply(document?, budget.passing())))
            }
            Self::ReplaceRoot(root) => {
                let budget = reader.budget("$replaceRoot");
                Box::new(documents.map(move |document| fields::replaced(&root, &document?, budget.passing())))
            }
            Self::Unwind(unwind) => bounded(unwind.run(documents), reader),
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
pub(super) fn sorted(documents: Documents, keys: SortKeys, wanted: Option<u64>, reader: &Reader) -> Result<Documents> {
    let mut sorter = Sorter::new(keys, wanted, reader.budget("$sort"));
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
        let (max, actual) = (PIPELINE_STAGES_MAX as u64, stages.len() as u64);
        if actual > max {
            let what = "number of stages of a pipeline";
            return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "PIPELINE_STAGES_MAX", max, actual));
        }
        stages.iter().map(Stage::new).collect::<Result<_>>().map(|stages| Self { stages })
    }

    /// Begins the pipeline over a collection.
    pub(super) fn run(self, collection: &str, reader: &Reader) -> Result<Documents> {
        let mut stages = self.stages.into_iter();
        let mut filters = Vec::new();
        while let [Stage::Match(_), ..] = stages.as_slice() {
            filters.extend(stages.next().and_then(Stage::into_filter));
        }
        let filter = Filter::All(filters);
        let mut documents: Documents = match stages.as_slice() {
            [Stage::Sort(keys), rest @ ..] => {
                let documents = in_order(reader, collection, filter, keys.clone(), used(rest))?;
                stages.next();
                documents
            }
            stages => all(reader, collection, filter, used(stages).or_else(|| guessed(stages)))?,
        };
        while let Some(stage) = stages.next() {
            documents = stage.behind(documents, reader, used(stages.as_slice()))?;
        }
        Ok(documents)
    }
}

impl Stage {
    fn into_filter(self) -> Option<Filter> {
        match self {
            Self::Match(filter) => Some(filter),
            _ => None,
        }
    }

    /// Whether the stage makes one document of each.
    const fn is_one_to_one(&self) -> bool {
        matches!(self, Self::Project(_) | Self::AddFields(_) | Self::ReplaceRoot(_))
    }
}

/// How many documents the stages use, when they say so.
fn used(stages: &[Stage]) -> Option<u64> {
    limit_behind(stages, Stage::is_one_to_one)
}

/// How many documents the stages may use: one each, where they may pass over some or divide them.
fn guessed(stages: &[Stage]) -> Option<u64> {
    limit_behind(stages, |stage| stage.is_one_to_one() || matches!(stage, Stage::Match(_) | Stage::Unwind(_)))
}

fn limit_behind(stages: &[Stage], is_passed: fn(&Stage) -> bool) -> Option<u64> {
    let mut skipped = 0_u64;
    for stage in stages {
        match stage {
            Stage::Limit(limit) => return Some(limit.saturating_add(skipped)),
            Stage::Skip(skip) => skipped = skipped.saturating_add(*skip),
            stage if is_passed(stage) => {}
            _ => return None,
        }
    }
    None
}

/// The documents within the deadline of the call: one document of the engine can become any number.
fn bounded(documents: Documents, reader: &Reader) -> Documents {
    let (bounds, mut passed) = (Arc::clone(reader.bounds()), 0_u32);
    Box::new(documents.map(move |document| {
        passed = passed.wrapping_add(1);
        if passed.is_multiple_of(DOCUMENTS_PER_LOOK) {
            bounds.check()?;
        }
        document
    }))
}

#[cfg(test)]
mod tests;
