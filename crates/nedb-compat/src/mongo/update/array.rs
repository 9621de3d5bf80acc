//! The operators on arrays: `$push $addToSet $pull $pop`.

use std::collections::BTreeSet;

use nedb_types::{Object, Result, Value};

use super::{
    place::{Edit, Filling, Missing, edit},
    pull::Pull,
    push::Push,
};
use crate::mongo::{
    fault::{Refusal, refused, shown, unsupported},
    number::whole,
    order::Ordered,
    path::Path,
};

/// A change of one array.
#[derive(Clone, Debug)]
pub(super) enum ArrayChange {
    Push(Push),
    AddToSet(Vec<Value>),
    Pull(Pull),
    Pop(End),
}

/// The end of an array from which `$pop` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

impl ArrayChange {
    /// Reads the operand of an operator; `None` for another operator.
    pub(super) fn new(operator: &str, operand: &Value) -> Option<Result<Self>> {
        Some(match operator {
            "$push" => Push::new(operand).map(Self::Push),
            "$addToSet" => each(operand).map(Self::AddToSet),
            "$pull" => Pull::new(operand).map(Self::Pull),
            "$pop" => end(operand).map(Self::Pop),
            _ => return None,
        })
    }

    /// Changes the array that the path leads to; what adds makes an array where there is none.
    pub(super) fn apply(&self, document: &mut Object, path: &Path, filling: &Filling) -> Result<()> {
        let missing = match self {
            Self::Push(_) | Self::AddToSet(_) => Missing::Create(filling),
            Self::Pull(_) | Self::Pop(_) => Missing::Leave,
        };
        edit(document, path.parts(), missing, &mut |present| {
            let mut elements = match present {
                Some(Value::Array(elements)) => elements,
                None => Vec::new(),
                Some(other) => return Err(self.not_an_array(path, &other)),
            };
            self.change(&mut elements);
            Ok(Edit::Keep(Value::Array(elements)))
        })
    }

    fn change(&self, elements: &mut Vec<Value>) {
        match self {
            Self::Push(push) => push.apply(elements),
            Self::AddToSet(values) => {
                let mut present: BTreeSet<Ordered> = elements.iter().cloned().map(Ordered).collect();
                for value in values {
                    if present.insert(Ordered(value.clone())) {
                        elements.push(value.clone());
                    }
                }
            }
            Self::Pull(pull) => elements.retain(|element| !pull.takes(element)),
            Self::Pop(End::Last) => drop(elements.pop()),
            Self::Pop(End::First) => drop(elements.drain(..elements.len().min(1))),
        }
    }

    fn not_an_array(&self, path: &Path, other: &Value) -> nedb_types::Error {
        let refusal = if matches!(self, Self::Pop(_)) { Refusal::TypeMismatch } else { Refusal::BadValue };
        refused(refusal, format!("{path} is {}, not an array", shown(other)))
    }
}

/// The values of `$addToSet`: one, or those of `$each`.
fn each(operand: &Value) -> Result<Vec<Value>> {
    let Some(object) = operand.as_object().filter(|object| object.get("$each").is_some()) else {
        return Ok(vec![operand.clone()]);
    };
    if let Some(other) = object.keys().find(|name| *name != "$each") {
        return Err(unsupported(format!("{other} in $addToSet")));
    }
    array_of(object.get("$each"), "$each")
}

/// An array that a modifier needs.
pub(super) fn array_of(given: Option<&Value>, name: &str) -> Result<Vec<Value>> {
    match given {
        Some(Value::Array(values)) => Ok(values.clone()),
        _ => Err(refused(Refusal::TypeMismatch, format!("{name} needs an array"))),
    }
}

fn end(operand: &Value) -> Result<End> {
    match whole(operand, "the operand of $pop")? {
        1 => Ok(End::Last),
        -1 => Ok(End::First),
        other => Err(refused(Refusal::FailedToParse, format!("$pop takes 1 or -1, not {other}"))),
    }
}
