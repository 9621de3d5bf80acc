//! What a condition tests, and the comparisons of it with a value.

use nedb_nql::{Arg, CompareOp, Expr as Condition};
use nedb_types::{FieldPath, Value};
use sqlparser::ast::BinaryOperator;

use super::logic::{all, constant};

/// What a condition tests: a column of a row or of a group.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Subject {
    pub(in crate::sql) path: FieldPath,
    /// The column that is null when this one is null in SQL: that of AVG for a SUM, which is 0 of nothing in a plan.
    pub(in crate::sql) null_path: FieldPath,
}

impl Subject {
    /// A column that tells by itself when it is null.
    pub(in crate::sql) fn plain(path: FieldPath) -> Self {
        Self { null_path: path.clone(), path }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.path == self.null_path
    }

    pub(super) fn is_null(&self) -> Condition {
        Condition::IsNull { path: self.null_path.clone() }
    }

    pub(super) fn is_not_null(&self) -> Condition {
        self.is_null().negate()
    }
}

/// The test that a comparison is true; with null it never is.
pub(super) fn test(subject: &Subject, op: CompareOp, value: Arg<Value>) -> Condition {
    if value == Arg::Given(Value::Null) {
        return constant(false);
    }
    let compared = compared(subject, op, value);
    if op == CompareOp::NotEqual || !subject.is_plain() { all(vec![compared, subject.is_not_null()]) } else { compared }
}

pub(super) fn compared(subject: &Subject, op: CompareOp, value: Arg<Value>) -> Condition {
    Condition::Compare { path: subject.path.clone(), op, value }
}

pub(super) const fn compare_op(op: &BinaryOperator) -> Option<CompareOp> {
    Some(match op {
        BinaryOperator::Eq => CompareOp::Equal,
        BinaryOperator::NotEq => CompareOp::NotEqual,
        BinaryOperator::Lt => CompareOp::Less,
        BinaryOperator::LtEq => CompareOp::LessOrEqual,
        BinaryOperator::Gt => CompareOp::Greater,
        BinaryOperator::GtEq => CompareOp::GreaterOrEqual,
        _ => return None,
    })
}

/// The comparison that is true when this one is false.
pub(super) const fn complement(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterOrEqual,
        CompareOp::LessOrEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessOrEqual,
        CompareOp::GreaterOrEqual => CompareOp::Less,
    }
}

/// The comparison with its sides exchanged.
pub(super) const fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
        other => other,
    }
}
