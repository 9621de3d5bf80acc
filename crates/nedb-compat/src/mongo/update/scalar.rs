//! `$set $setOnInsert $unset $inc $mul $min $max`.

use nedb_types::{Object, Result, Value};

use super::{
    Occasion,
    place::{Edit, Filling, Missing, edit},
};
use crate::mongo::{
    fault::{Refusal, refused, shown},
    number::Arithmetic,
    order::{Class, compare},
    path::Path,
};

/// A change of one value.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Set(Value),
    SetOnInsert(Value),
    Unset,
    Calculate(Arithmetic, Value),
    Least(Value),
    Greatest(Value),
}

impl Scalar {
    /// Reads the operand of an operator; `None` for another operator.
    pub(super) fn new(operator: &str, operand: &Value) -> Option<Result<Self>> {
        let calculate = |arithmetic| match Class::of(operand) {
            Class::Number => Ok(Self::Calculate(arithmetic, operand.clone())),
            _ => Err(refused(Refusal::TypeMismatch, format!("{operator} needs a number, not {}", shown(operand)))),
        };
        Some(match operator {
            "$set" => Ok(Self::Set(operand.clone())),
            "$setOnInsert" => Ok(Self::SetOnInsert(operand.clone())),
            "$unset" => Ok(Self::Unset),
            "$inc" => calculate(Arithmetic::Add),
            "$mul" => calculate(Arithmetic::Multiply),
            "$min" => Ok(Self::Least(operand.clone())),
            "$max" => Ok(Self::Greatest(operand.clone())),
            _ => return None,
        })
    }

    /// Changes what the path leads to.
    pub(super) fn apply(
        &self,
        document: &mut Object,
        path: &Path,
        occasion: Occasion,
        filling: &Filling,
    ) -> Result<()> {
        let missing = match self {
            Self::Unset => Missing::Leave,
            Self::SetOnInsert(_) if occasion == Occasion::Update => return Ok(()),
            _ => Missing::Create(filling),
        };
        edit(document, path.parts(), missing, &mut |present| self.changed(present, path))
    }

    fn changed(&self, present: Option<Value>, path: &Path) -> Result<Edit> {
        Ok(Edit::Keep(match (self, present) {
            (Self::Unset, _) => return Ok(Edit::Remove),
            (Self::Calculate(arithmetic, number), present) => calculated(*arithmetic, number, present, path)?,
            (Self::Set(value) | Self::SetOnInsert(value), _) | (Self::Least(value) | Self::Greatest(value), None) => {
                value.clone()
            }
            (Self::Least(value), Some(present)) if compare(value, &present).is_lt() => value.clone(),
            (Self::Greatest(value), Some(present)) if compare(value, &present).is_gt() => value.clone(),
            (Self::Least(_) | Self::Greatest(_), Some(present)) => present,
        }))
    }
}

/// A missing value counts as 0 of the number's type.
fn calculated(arithmetic: Arithmetic, number: &Value, present: Option<Value>, path: &Path) -> Result<Value> {
    let Some(present) = present else {
        return match arithmetic {
            Arithmetic::Add => Ok(number.clone()),
            Arithmetic::Multiply => Arithmetic::Multiply.apply(number, &Value::from(0)).unwrap_or(Ok(Value::from(0))),
        };
    };
    let refusal = || {
        let message = format!("{path} is {}, which is no number to calculate with", shown(&present));
        refused(Refusal::TypeMismatch, message)
    };
    let result = arithmetic.apply(&present, number).ok_or_else(refusal)?;
    result.map_err(|error| {
        let message = format!("the result for {path} of {} and {} cannot be stored", shown(&present), shown(number));
        refused(Refusal::BadValue, message).with_source(error)
    })
}
