//! Updates: what an update document does to a stored one.
//!
//! An update is read once. Its changes are made in the order of their paths, so that new fields come in that order; two changes that meet
//! in one place are refused before anything happens. Promises: a refused update leaves the document as it was. Leaves to others:
//! which documents are updated, and how they are written.

mod array;
mod place;
mod pull;
mod push;
mod scalar;
mod upsert;

use nedb_types::{Error, ErrorCode, Object, Result, Value};

use self::place::{Edit, Filling, Missing};
pub(super) use self::upsert::equalities;
use super::{
    fault::{Refusal, refused, shown, unsupported},
    path::{Part, Path},
};

/// Most paths that one update changes, or its filter says what they are equal to: each is compared with the others, and looked for among the
/// fields of each document.
const UPDATE_PATHS_MAX: usize = 4096;

/// Whether the document is there already or an upsert makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Update,
    Insert,
}

/// An update that was read.
#[derive(Clone, Debug)]
pub(super) struct Update {
    changes: Vec<Change>,
}

/// What is done at one path.
#[derive(Clone, Debug)]
struct Change {
    path: Path,
    action: Action,
}

/// What an operator does.
#[derive(Clone, Debug)]
enum Action {
    Scalar(scalar::Scalar),
    Array(array::ArrayChange),
    Rename(Path),
}

impl Update {
    /// Reads an update document, which has operators only.
    pub(super) fn new(given: &Object) -> Result<Self> {
        if given.is_empty() {
            return Err(refused(Refusal::FailedToParse, "an update needs at least one operator"));
        }
        let mut changes = Vec::new();
        for (operator, operand) in given.iter() {
            if !operator.starts_with('$') {
                let message =
                    format!("an update has operators, not fields such as {operator:?}: replaceOne takes a document");
                return Err(refused(Refusal::FailedToParse, message));
            }
            let refusal = || refused(Refusal::FailedToParse, format!("{operator} needs an object of paths"));
            for (path, value) in operand.as_object().ok_or_else(refusal)?.iter() {
                changes.push(Change { path: path_of(path)?, action: action(operator, value)? });
            }
        }
        check_number(changes.len())?;
        check_conflicts(&changes)?;
        changes.sort_by(|left, right| compare_parts(left.path.parts(), right.path.parts()));
        Ok(Self { changes })
    }

    /// Changes a document; on an error it is left in between, and must not be used.
    pub(super) fn apply(&self, document: &mut Object, occasion: Occasion) -> Result<()> {
        let filling = Filling::new();
        for Change { path, action } in &self.changes {
            match action {
                Action::Scalar(scalar) => scalar.apply(document, path, occasion, &filling)?,
                Action::Array(change) => change.apply(document, path, &filling)?,
                Action::Rename(to) => rename(document, path, to, &filling)?,
            }
        }
        Ok(())
    }
}

fn action(operator: &str, operand: &Value) -> Result<Action> {
    if operator == "$rename" {
        let refusal = || refused(Refusal::BadValue, "$rename needs the new path as a string");
        return path_of(operand.as_str().ok_or_else(refusal)?).map(Action::Rename);
    }
    if let Some(scalar) = scalar::Scalar::new(operator, operand) {
        return scalar.map(Action::Scalar);
    }
    match array::ArrayChange::new(operator, operand) {
        Some(change) => change.map(Action::Array),
        None => Err(unsupported(format!("the operator {operator} in an update"))),
    }
}

/// Reads the path of a change; positional parts are refused by name.
fn path_of(text: &str) -> Result<Path> {
    if let Some(part) = text.split('.').find(|part| *part == "$" || part.starts_with("$[")) {
        return Err(unsupported(format!("the positional part {part} of the path {text}")));
    }
    Path::checked(text)
}

/// Refuses more paths than one update may change.
fn check_number(paths: usize) -> Result<()> {
    let (max, actual) = (UPDATE_PATHS_MAX as u64, paths as u64);
    if actual <= max {
        return Ok(());
    }
    let what = "number of paths that an update changes";
    Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "UPDATE_PATHS_MAX", max, actual))
}

/// Refuses changes that meet: at one path, or at one inside another.
fn check_conflicts(changes: &[Change]) -> Result<()> {
    let targets = changes.iter().filter_map(|change| match &change.action {
        Action::Rename(to) => Some(to),
        _ => None,
    });
    let paths: Vec<&Path> = changes.iter().map(|change| &change.path).chain(targets).collect();
    for (position, path) in paths.iter().enumerate() {
        let earlier = paths.iter().take(position).find(|other| other.starts_with(path) || path.starts_with(other));
        if let Some(other) = earlier {
            let message = format!("the update changes {path} and {other}, which meet");
            return Err(refused(Refusal::ConflictingUpdate, message));
        }
    }
    Ok(())
}

/// Orders paths: positions by their number, names by their bytes.
fn compare_parts(left: &[Part], right: &[Part]) -> std::cmp::Ordering {
    let rank = |part: &Part| (part.index.is_none(), part.index, part.name.clone());
    left.iter().map(rank).cmp(right.iter().map(rank))
}

/// Moves a field; both paths lead through objects only, since the elements of arrays have no names.
fn rename(document: &mut Object, from: &Path, to: &Path, filling: &Filling) -> Result<()> {
    match place_of(document, from)? {
        Place::Found => {}
        Place::Missing | Place::BehindArray => return Ok(()),
        Place::Element => {
            return Err(refused(Refusal::BadValue, format!("$rename cannot take {from} out of an array")));
        }
    }
    if matches!(place_of(document, to)?, Place::Element | Place::BehindArray) {
        return Err(refused(Refusal::BadValue, format!("$rename cannot put {to} into an array")));
    }
    let mut moved = None;
    place::edit(document, from.parts(), Missing::Leave, &mut |value| {
        moved = value;
        Ok(Edit::Remove)
    })?;
    match moved {
        Some(value) => {
            place::edit(document, to.parts(), Missing::Create(filling), &mut |_replaced| Ok(Edit::Keep(value.clone())))
        }
        None => Ok(()),
    }
}

/// What is where a path leads that goes through objects by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Found,
    Missing,
    /// The path goes into an element of an array.
    Element,
    /// The path names a position behind the end of an array.
    BehindArray,
}

/// Follows a path; one that leads through a value without fields is refused.
fn place_of(document: &Object, path: &Path) -> Result<Place> {
    let mut object = document;
    let mut parts = path.parts().iter().peekable();
    while let Some(part) = parts.next() {
        let Some(value) = object.get(&part.name) else { return Ok(Place::Missing) };
        let Some(next) = parts.peek() else { break };
        object = match (value, next.index) {
            (Value::Object(inner), _) => inner,
            (Value::Array(elements), Some(index)) if index < elements.len() => return Ok(Place::Element),
            (Value::Array(_), Some(_)) => return Ok(Place::BehindArray),
            (other, _) => {
                let message = format!("there can be no field {:?} in {}", next.name, shown(other));
                return Err(refused(Refusal::PathNotViable, message));
            }
        };
    }
    Ok(Place::Found)
}
