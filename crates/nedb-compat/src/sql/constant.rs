//! Literals and placeholders: what a statement gives as a value.
//!
//! Types are kept: an integer stays an integer of any size, a number with a point or an exponent is a float, text is text,
//! `X'00'` is binary, `TIMESTAMP '...'` is a moment.

use nedb_nql::{Arg, CompareOp, Moment, ValueClass};
use nedb_types::{Decimal, Result, Seq, Timestamp, Value, hex};
use sqlparser::ast::{DataType, Expr, UnaryOperator, Value as Literal, ValueWithSpan};

use super::{
    params::Values,
    refusal::{unsupported, unsupported_expr, wrong, wrong_value},
};

impl Values<'_> {
    /// The value of an expression that is one; `None` when it is something else.
    pub(super) fn constant(&self, expr: &Expr) -> Result<Option<Arg<Value>>> {
        match expr {
            Expr::Nested(inner) => self.constant(inner),
            Expr::Value(ValueWithSpan { value: Literal::Placeholder(name), .. }) => self.of(name).map(Some),
            Expr::Value(literal) => value_of(&literal.value, "").map(Arg::Given).map(Some),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                signed(expr, "-", "the sign - of anything but a number")
            }
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => signed(expr, "", "the sign + of anything but a number"),
            Expr::TypedString(typed) => match (&typed.data_type, &typed.value.value) {
                (DataType::Timestamp(..) | DataType::Datetime(_), Literal::SingleQuotedString(text)) => {
                    timestamp(text).map(|at| Some(Arg::Given(Value::DateTime(at))))
                }
                _ => Err(unsupported_expr(expr)),
            },
            _ => Ok(None),
        }
    }

    /// The value of an expression that must be one.
    pub(super) fn expect_constant(&self, expr: &Expr) -> Result<Arg<Value>> {
        match self.constant(expr)? {
            Some(value) => Ok(value),
            None => match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => {
                    Err(unsupported(format!("the column {expr} where a value is needed")))
                }
                other => Err(unsupported_expr(other)),
            },
        }
    }

    /// A number of rows.
    pub(super) fn count(&self, expr: &Expr, clause: &str) -> Result<Arg<u64>> {
        match self.expect_constant(expr)? {
            Arg::Param(name) => Ok(Arg::Param(name)),
            Arg::Given(value) => match value.as_i64().and_then(|number| u64::try_from(number).ok()) {
                Some(count) => Ok(Arg::Given(count)),
                None => Err(wrong_value(format!("{clause} takes an integer of 0 or more"))),
            },
        }
    }

    /// A moment of the history: a seq, or a time.
    pub(super) fn moment(&self, expr: &Expr) -> Result<Arg<Moment>> {
        let moment = match self.expect_constant(expr)? {
            Arg::Param(name) => return Ok(Arg::Param(name)),
            Arg::Given(Value::I64(-1)) => Moment::Empty,
            Arg::Given(Value::I64(seq)) if seq >= 0 => Moment::Seq(Seq::new(seq.cast_unsigned())),
            Arg::Given(Value::DateTime(at)) => Moment::Time(at),
            Arg::Given(Value::String(text)) => Moment::Time(timestamp(&text)?),
            Arg::Given(_) => {
                return Err(wrong_value("AS OF takes a seq, -1, or a time such as '2026-01-31T12:00:00Z'"));
            }
        };
        Ok(Arg::Given(moment))
    }
}

fn timestamp(text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).map_err(|error| wrong(format!("{text:?} is no ISO 8601 time")).with_source(error))
}

fn signed(expr: &Expr, sign: &str, refused: &str) -> Result<Option<Arg<Value>>> {
    match expr {
        Expr::Value(ValueWithSpan { value: literal @ Literal::Number(..), .. }) => {
            value_of(literal, sign).map(Arg::Given).map(Some)
        }
        _ => Err(unsupported(refused)),
    }
}

fn value_of(literal: &Literal, sign: &str) -> Result<Value> {
    match literal {
        Literal::Number(digits, _) => number(&format!("{sign}{digits}")),
        Literal::SingleQuotedString(text) => Ok(Value::from(text.as_str())),
        Literal::Boolean(value) => Ok(Value::from(*value)),
        Literal::Null => Ok(Value::Null),
        Literal::HexStringLiteral(digits) => {
            let odd = || wrong(format!("X'{digits}' is not made of pairs of hexadecimal digits"));
            hex::decode(digits).map(Value::Bytes).ok_or_else(odd)
        }
        other => Err(unsupported(format!("the literal {other}"))),
    }
}

fn number(digits: &str) -> Result<Value> {
    if let Ok(small) = digits.parse::<i64>() {
        return Ok(Value::I64(small));
    }
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let value = if is_integer {
        // The parser of decimals bounds the number of digits, and with it the time of this.
        digits.parse::<Decimal>().map(|wide| Value::integer(wide.coefficient().clone()))
    } else {
        Value::float(digits.parse().map_err(|error| wrong(format!("{digits} is no number")).with_source(error))?)
    };
    value.map_err(|error| wrong(format!("the number {digits} cannot be stored")).with_source(error))
}

/// Compares two values as SQL does; `None` is unknown: null on a side, or an order between different types.
pub(super) fn compare(op: CompareOp, left: &Value, right: &Value) -> Option<bool> {
    if *left == Value::Null || *right == Value::Null {
        return None;
    }
    let (order, is_same_class) = (left.cmp_total(right), ValueClass::of(left) == ValueClass::of(right));
    match op {
        CompareOp::Equal => Some(order.is_eq()),
        CompareOp::NotEqual => Some(order.is_ne()),
        _ if !is_same_class => None,
        CompareOp::Less => Some(order.is_lt()),
        CompareOp::LessOrEqual => Some(order.is_le()),
        CompareOp::Greater => Some(order.is_gt()),
        CompareOp::GreaterOrEqual => Some(order.is_ge()),
    }
}
