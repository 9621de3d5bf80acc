//! The place in a document that a path of an update names.
//!
//! The path leads through objects by name and through arrays by position. With [`Missing::Create`] objects are made on the way, and an array
//! is filled up with null to the position; a value that has no fields is in the way and refused. With [`Missing::Leave`] a path
//! that leads nowhere changes nothing.

use std::cell::Cell;

use nedb_types::{Object, Result, Value};

use crate::mongo::{
    fault::{Refusal, refused, shown},
    path::Part,
};

/// Most elements by which the arrays of a document are filled up to reach positions: more is a slip, not an intention.
const FILLED_MAX: usize = 1_000_000;

/// How many elements an update may still fill up the arrays of a document with.
#[derive(Debug)]
pub(super) struct Filling(Cell<usize>);

impl Filling {
    pub(super) const fn new() -> Self {
        Self(Cell::new(FILLED_MAX))
    }

    /// Takes so many of them; false when they are too few.
    fn take(&self, elements: usize) -> bool {
        let left = self.0.get().checked_sub(elements);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// What happens on the way to a place that is not there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missing<'f> {
    Create(&'f Filling),
    Leave,
}

/// What becomes of a place.
pub(super) enum Edit {
    /// It has this value.
    Keep(Value),
    /// It is gone; in an array it is null.
    Remove,
}

/// What a change makes of the value at a place; `None` stands for a missing one.
pub(super) type Changer<'c> = dyn FnMut(Option<Value>) -> Result<Edit> + 'c;

/// Changes what a path leads to.
pub(super) fn edit(object: &mut Object, parts: &[Part], missing: Missing<'_>, change: &mut Changer<'_>) -> Result<()> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    let Some(place) = object.get_mut(&first.name) else {
        if matches!(missing, Missing::Create(_))
            && let Some(value) = made(rest, change)?
        {
            object.insert(first.name.as_str(), value);
        }
        return Ok(());
    };
    if !rest.is_empty() {
        return inside(place, rest, missing, change);
    }
    match change(Some(std::mem::take(place)))? {
        Edit::Keep(value) => *place = value,
        Edit::Remove => drop(object.remove(&first.name)),
    }
    Ok(())
}

/// What is put at a place that is not there: the value, inside an object for each part that is left.
fn made(parts: &[Part], change: &mut Changer<'_>) -> Result<Option<Value>> {
    let Edit::Keep(value) = change(None)? else { return Ok(None) };
    Ok(Some(parts.iter().rev().fold(value, |value, part| {
        let mut object = Object::new();
        object.insert(part.name.as_str(), value);
        Value::Object(object)
    })))
}

fn inside(place: &mut Value, parts: &[Part], missing: Missing<'_>, change: &mut Changer<'_>) -> Result<()> {
    match place {
        Value::Object(object) => edit(object, parts, missing, change),
        Value::Array(elements) => element(elements, parts, missing, change),
        _ if matches!(missing, Missing::Leave) => Ok(()),
        other => {
            let name = parts.first().map_or("", |part| part.name.as_str());
            let message = format!("there can be no field {name:?} in {}", shown(other));
            Err(refused(Refusal::PathNotViable, message))
        }
    }
}

fn element(elements: &mut Vec<Value>, parts: &[Part], missing: Missing<'_>, change: &mut Changer<'_>) -> Result<()> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    let Some(index) = first.index else {
        if matches!(missing, Missing::Leave) {
            return Ok(());
        }
        let message = format!("there can be no field {:?} in an array", first.name);
        return Err(refused(Refusal::PathNotViable, message));
    };
    match elements.get_mut(index) {
        Some(place) if rest.is_empty() => {
            *place = match change(Some(std::mem::take(place)))? {
                Edit::Keep(value) => value,
                Edit::Remove => Value::Null,
            };
        }
        Some(place) => inside(place, rest, missing, change)?,
        None => {
            let Missing::Create(filling) = missing else { return Ok(()) };
            if !filling.take(index.saturating_sub(elements.len())) {
                let message =
                    format!("the position {index} lies too far behind the end of an array of {}", elements.len());
                return Err(refused(Refusal::BadValue, message));
            }
            if let Some(value) = made(rest, change)? {
                elements.resize(index, Value::Null);
                elements.push(value);
            }
        }
    }
    Ok(())
}
