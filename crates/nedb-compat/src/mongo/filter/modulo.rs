//! `$mod`.

use nedb_types::{Result, Value};

use super::condition::Condition;
use crate::mongo::{
    fault::{Refusal, refused},
    number::truncated,
};

/// Asks for the remainder of a division.
#[derive(Clone, Copy, Debug)]
pub(in crate::mongo) struct Modulo {
    divisor: i64,
    remainder: i64,
}

impl Modulo {
    /// Numbers lose what stands behind their point; the remainder has the sign of the dividend.
    pub(super) fn holds(self, value: &Value) -> bool {
        truncated(value).is_some_and(|number| number.wrapping_rem(self.divisor) == self.remainder)
    }
}

/// Reads the operand of `$mod`; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value) -> Option<Result<Condition>> {
    (name == "$mod").then(|| modulo(operand).map(Condition::Modulo))
}

fn modulo(operand: &Value) -> Result<Modulo> {
    let refusal = |what: &str| refused(Refusal::BadValue, format!("$mod needs [divisor, remainder]: {what}"));
    let Some([divisor, remainder]) = operand.as_array() else { return Err(refusal("it takes two numbers")) };
    match (truncated(divisor), truncated(remainder)) {
        (Some(0), _) => Err(refusal("the divisor is 0")),
        (Some(divisor), Some(remainder)) => Ok(Modulo { divisor, remainder }),
        _ => Err(refusal("both are numbers of at most 64 bits")),
    }
}
