//! `$exists $type`.

use nedb_types::{Result, Value};

use super::condition::Condition;
use crate::mongo::{
    fault::{Refusal, refused, shown, unsupported},
    number::{is_true, whole},
};

/// A type that `$type` can ask for, in MongoDB's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mongo) enum TypeName {
    Double,
    String,
    Object,
    Array,
    Binary,
    ObjectId,
    Bool,
    Date,
    Null,
    Int,
    Long,
    Decimal,
    Number,
}

/// The names and numbers of the types that documents have here. `number` has no number of its own.
const TYPES: [(TypeName, &str, i64); 13] = [
    (TypeName::Double, "double", 1),
    (TypeName::String, "string", 2),
    (TypeName::Object, "object", 3),
    (TypeName::Array, "array", 4),
    (TypeName::Binary, "binData", 5),
    (TypeName::ObjectId, "objectId", 7),
    (TypeName::Bool, "bool", 8),
    (TypeName::Date, "date", 9),
    (TypeName::Null, "null", 10),
    (TypeName::Int, "int", 16),
    (TypeName::Long, "long", 18),
    (TypeName::Decimal, "decimal", 19),
    (TypeName::Number, "number", 0),
];

impl TypeName {
    fn new(given: &Value) -> Result<Self> {
        let found = match given {
            Value::String(name) => TYPES.iter().find(|(_, known, _)| known == name),
            number => {
                let wanted = whole(number, "the number of a $type")?;
                TYPES.iter().find(|(_, _, number)| *number == wanted && wanted != 0)
            }
        };
        found.map(|(name, _, _)| *name).ok_or_else(|| unsupported(format!("the $type {}", shown(given))))
    }

    /// Whether a value is of the type; integers are `int` up to 32 bits and `long` up to 64.
    pub(super) fn is_of(self, value: &Value) -> bool {
        match value {
            Value::Null => self == Self::Null,
            Value::Bool(_) => self == Self::Bool,
            Value::I64(number) => {
                let width = if i32::try_from(*number).is_ok() { Self::Int } else { Self::Long };
                self == width || self == Self::Number
            }
            Value::BigInt(_) => self == Self::Number,
            Value::F64(_) => matches!(self, Self::Double | Self::Number),
            Value::Decimal(_) => matches!(self, Self::Decimal | Self::Number),
            Value::String(_) => self == Self::String,
            Value::Bytes(_) | Value::Uuid(_) => self == Self::Binary,
            Value::DateTime(_) => self == Self::Date,
            Value::ObjectId(_) => self == Self::ObjectId,
            Value::Array(_) => self == Self::Array,
            Value::Object(_) => self == Self::Object,
        }
    }
}

/// Reads the operand of an operator on elements; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value) -> Option<Result<Condition>> {
    Some(match name {
        "$exists" if is_true(operand) => Ok(Condition::Exists),
        "$exists" => Ok(Condition::Not(vec![Condition::Exists])),
        "$type" => types(operand).map(Condition::Type),
        _ => return None,
    })
}

fn types(operand: &Value) -> Result<Vec<TypeName>> {
    match operand {
        Value::Array(names) if names.is_empty() => {
            Err(refused(Refusal::FailedToParse, "$type needs at least one type"))
        }
        Value::Array(names) => names.iter().map(TypeName::new).collect(),
        name => Ok(vec![TypeName::new(name)?]),
    }
}
