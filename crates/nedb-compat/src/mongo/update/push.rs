//! `$push` with its modifiers `$each $position $sort $slice`, which take effect in this order.

use nedb_types::{Object, Result, Value};

use super::array::array_of;
use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    number::whole,
    order::compare,
    sort::{Direction, SortKeys},
};

/// A `$push` that was read.
#[derive(Clone, Debug)]
pub(super) struct Push {
    values: Vec<Value>,
    position: Option<i64>,
    order: Option<PushOrder>,
    slice: Option<i64>,
}

/// The order that `$sort` gives an array.
#[derive(Clone, Debug)]
enum PushOrder {
    /// By the elements themselves.
    Elements(Direction),
    /// By fields of the elements; what is no object has none.
    Fields(SortKeys),
}

impl Push {
    /// Reads the operand of `$push`: a value, or an object with `$each`.
    pub(super) fn new(operand: &Value) -> Result<Self> {
        let mut push = Self { values: Vec::new(), position: None, order: None, slice: None };
        let Some(object) = operand.as_object().filter(|object| object.get("$each").is_some()) else {
            if let Some(name) = operand.as_object().and_then(|object| object.keys().find(|name| name.starts_with('$')))
            {
                return Err(refused(Refusal::BadValue, format!("{name} in $push needs $each beside it")));
            }
            push.values.push(operand.clone());
            return Ok(push);
        };
        for (name, value) in object.iter() {
            match name {
                "$each" => push.values = array_of(Some(value), "$each")?,
                "$position" => push.position = Some(whole(value, "$position")?),
                "$slice" => push.slice = Some(whole(value, "$slice")?),
                "$sort" => push.order = Some(order(value)?),
                other => return Err(unsupported(format!("{other} in $push"))),
            }
        }
        Ok(push)
    }

    pub(super) fn apply(&self, elements: &mut Vec<Value>) {
        let at = self.position.map_or(elements.len(), |position| place(position, elements.len()));
        elements.splice(at..at, self.values.iter().cloned());
        match &self.order {
            None => {}
            Some(PushOrder::Elements(direction)) => {
                elements.sort_by(|left, right| direction.apply(compare(left, right)));
            }
            Some(PushOrder::Fields(keys)) => {
                let nothing = Object::new();
                let rank = |element: &Value| keys.rank(element.as_object().unwrap_or(&nothing));
                elements.sort_by(|left, right| keys.compare(&rank(left), &rank(right)));
            }
        }
        match self.slice {
            None => {}
            Some(slice) if slice >= 0 => elements.truncate(usize::try_from(slice).unwrap_or(usize::MAX)),
            Some(slice) => drop(elements.drain(..place(slice, elements.len()))),
        }
    }
}

/// A position from the beginning, or when it is negative from the end, within a length.
fn place(position: i64, length: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

fn order(value: &Value) -> Result<PushOrder> {
    match value {
        Value::Object(keys) if !keys.keys().any(|name| name.starts_with('$')) => {
            SortKeys::new(keys).map(PushOrder::Fields)
        }
        direction => Direction::new(direction).map(PushOrder::Elements),
    }
}
