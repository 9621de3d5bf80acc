//! `$eq $ne $gt $gte $lt $lte $in $nin`.
//!
//! Ordering compares values of one type only; null and a missing value are one. Equality of arrays is that of whole arrays, and of
//! objects that of their fields in their order.

use nedb_types::{Result, Value};

use super::condition::Condition;
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
        "$in" => members(name, operand).map(Condition::In),
        "$nin" => members(name, operand).map(|members| Condition::Not(vec![Condition::In(members)])),
        _ => return None,
    })
}

fn members(name: &str, operand: &Value) -> Result<Members> {
    let Value::Array(values) = operand else {
        return Err(refused(Refusal::BadValue, format!("{name} needs an array")));
    };
    let operator = values.iter().filter_map(Value::as_object).find_map(|object| {
        let first = object.keys().next()?;
        first.starts_with('$').then(|| first.to_owned())
    });
    match operator {
        Some(operator) => Err(unsupported(format!("the operator {operator} inside {name}"))),
        None => Ok(Members::new(values.clone())),
    }
}
