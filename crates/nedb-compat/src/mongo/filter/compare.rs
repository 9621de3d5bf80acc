//! `$eq $ne $gt $gte $lt $lte $in $nin`.
//!
//! Ordering compares values of one type only; null and a missing value are one. Equality of arrays is that of whole arrays, and of
//! objects that of their fields in their order.

use nedb_types::{Result, Value};

use super::{condition::Condition, text};
use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    order::{Class, Members, compare},
};

/// The side of a value on which others stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mongo) enum Side {
    Above,
    AtOrAbove,
    Below,
    AtOrBelow,
}

/// Asks on which side of a bound a value stands.
#[derive(Clone, Debug)]
pub(in crate::mongo) struct OrderTest {
    pub(in crate::mongo) side: Side,
    pub(in crate::mongo) bound: Value,
}

impl OrderTest {
    pub(super) fn holds(&self, value: &Value) -> bool {
        if Class::of(value) != Class::of(&self.bound) {
            return false;
        }
        let order = compare(value, &self.bound);
        match self.side {
            Side::Above => order.is_gt(),
            Side::AtOrAbove => order.is_ge(),
            Side::Below => order.is_lt(),
            Side::AtOrBelow => order.is_le(),
        }
    }
}

/// Reads the operand of an operator that compares; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value) -> Option<Result<Condition>> {
    let ordered = |side| Ok(Condition::Order(OrderTest { side, bound: operand.clone() }));
    Some(match name {
        "$eq" => Ok(Condition::Equals(operand.clone())),
        "$ne" => Ok(Condition::Not(vec![Condition::Equals(operand.clone())])),
        "$gt" => ordered(Side::Above),
        "$gte" => ordered(Side::AtOrAbove),
        "$lt" => ordered(Side::Below),
        "$lte" => ordered(Side::AtOrBelow),
        "$in" => one_of(name, operand),
        "$nin" => one_of(name, operand).map(|condition| Condition::Not(vec![condition])),
        _ => return None,
    })
}

/// Asks for one of the values; an object `{$regex, $options}` among them stands for a regular expression.
fn one_of(name: &str, operand: &Value) -> Result<Condition> {
    let Value::Array(given) = operand else {
        return Err(refused(Refusal::BadValue, format!("{name} needs an array")));
    };
    let (mut values, mut conditions) = (Vec::with_capacity(given.len()), Vec::new());
    for value in given {
        let object = value.as_object();
        if let Some(pattern) = object.and_then(text::pattern_of) {
            conditions.push(Condition::Matches(pattern?));
        } else if let Some(operator) = object.and_then(|object| object.keys().next()).filter(|key| key.starts_with('$'))
        {
            return Err(unsupported(format!("the operator {operator} inside {name}")));
        } else {
            values.push(value.clone());
        }
    }
    let members = Condition::In(Members::new(values));
    if conditions.is_empty() {
        return Ok(members);
    }
    conditions.push(members);
    Ok(Condition::OneOf(conditions))
}
