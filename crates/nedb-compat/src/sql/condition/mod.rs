//! Conditions: SQL's logic of three values said in the two values of the plan.
//!
//! A comparison with null is neither true nor false but unknown; NOT leaves unknown unknown; WHERE keeps what is true. A plan
//! knows tests that hold or do not. So a condition is translated for what is asked of it, being true or being false, and NOT
//! asks its inside for the other one:
//!
//! ```text
//! is x = 1 true?    x = 1                       is x = 1 false?    x != 1 AND x IS NOT NULL
//! is x < 1 true?    x < 1                       is x < 1 false?    x >= 1
//! ```
//! What is unknown answers no to both. An order between values of different types is unknown as well, and so is LIKE of what is
//! no text.

mod effort;
mod logic;
mod subject;

use nedb_nql::{Arg, CaseRule, CompareOp, Expr as Condition, InList};
use nedb_types::{Result, Value};
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

pub(super) use self::{
    effort::Effort,
    logic::{all, unless_always},
    subject::Subject,
};
use self::{
    logic::{any, constant, negated},
    subject::{compare_op, compared, complement, mirrored, test},
};
use super::{
    constant::compare,
    like::with_backslash,
    params::Values,
    refusal::{unsupported, unsupported_expr, wrong_value},
};

/// What is asked of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    True,
    False,
}

impl Truth {
    const fn opposite(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
        }
    }

    /// The same, or with a NOT the other one.
    const fn turned(self, is_negated: bool) -> Self {
        if is_negated { self.opposite() } else { self }
    }
}

/// Translates conditions.
pub(super) struct Conditions<'c> {
    pub(super) values: &'c Values<'c>,
    /// Finds the subject that an expression is.
    pub(super) subject: &'c dyn Fn(&Expr) -> Result<Option<Subject>>,
    pub(super) effort: &'c Effort,
}

impl Conditions<'_> {
    /// The test that holds exactly when a condition is true.
    pub(super) fn is_true(&self, expr: &Expr) -> Result<Condition> {
        self.is(expr, Truth::True)
    }

    fn is(&self, expr: &Expr, truth: Truth) -> Result<Condition> {
        self.effort.deeper(|| self.logical(expr, truth))
    }

    /// What joins or turns conditions.
    fn logical(&self, expr: &Expr, truth: Truth) -> Result<Condition> {
        match expr {
            Expr::Nested(inner) => self.is(inner, truth),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.is(expr, truth.opposite()),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let parts = chain(expr, op).into_iter().map(|part| self.is(part, truth)).collect::<Result<_>>()?;
                let joins_all = (*op == BinaryOperator::And) == (truth == Truth::True);
                Ok(if joins_all { all(parts) } else { any(parts) })
            }
            Expr::IsTrue(inner) => self.settled(inner, Truth::True, truth),
            Expr::IsNotTrue(inner) => self.settled(inner, Truth::True, truth.opposite()),
            Expr::IsFalse(inner) => self.settled(inner, Truth::False, truth),
            Expr::IsNotFalse(inner) => self.settled(inner, Truth::False, truth.opposite()),
            Expr::IsUnknown(inner) => self.unknown(inner, truth),
            Expr::IsNotUnknown(inner) => self.unknown(inner, truth.opposite()),
            test => self.test(test, truth),
        }
    }

    /// What has a truth of its own.
    fn test(&self, expr: &Expr, truth: Truth) -> Result<Condition> {
        self.effort.test()?;
        match expr {
            Expr::BinaryOp { left, op, right } => match compare_op(op) {
                Some(op) => self.comparison(left, op, right, truth),
                None => Err(unsupported_expr(expr)),
            },
            Expr::IsNull(inner) => self.null(inner, truth),
            Expr::IsNotNull(inner) => self.null(inner, truth.opposite()),
            Expr::IsDistinctFrom(left, right) => self.distinct(left, right, truth),
            Expr::IsNotDistinctFrom(left, right) => self.distinct(left, right, truth.opposite()),
            Expr::InList { expr, list, negated } => self.one_of(expr, list, truth.turned(*negated)),
            Expr::Between { expr, negated, low, high } => self.between(expr, low, high, truth.turned(*negated)),
            Expr::Like { any: false, negated, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), CaseRule::Exact, truth.turned(*negated))
            }
            Expr::ILike { any: false, negated, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), CaseRule::Folded, truth.turned(*negated))
            }
            other => self.boolean(other, truth),
        }
    }

    /// A column or a constant in the place of a condition.
    fn boolean(&self, expr: &Expr, truth: Truth) -> Result<Condition> {
        let wanted = truth == Truth::True;
        if let Some(subject) = (self.subject)(expr)? {
            return Ok(test(&subject, CompareOp::Equal, Arg::Given(Value::from(wanted))));
        }
        match self.values.constant(expr)? {
            Some(Arg::Given(Value::Bool(value))) => Ok(constant(value == wanted)),
            Some(Arg::Given(Value::Null)) => Ok(constant(false)),
            Some(_) => Err(unsupported("a value that is not TRUE, FALSE or NULL in the place of a condition")),
            None => Err(unsupported_expr(expr)),
        }
    }

    fn comparison(&self, left: &Expr, op: CompareOp, right: &Expr, truth: Truth) -> Result<Condition> {
        let op = if truth == Truth::True { op } else { complement(op) };
        match ((self.subject)(left)?, (self.subject)(right)?) {
            (Some(_), Some(_)) => Err(unsupported("a comparison of two columns")),
            (Some(subject), None) => Ok(test(&subject, op, self.values.expect_constant(right)?)),
            (None, Some(subject)) => Ok(test(&subject, mirrored(op), self.values.expect_constant(left)?)),
            (None, None) => match (self.values.expect_constant(left)?, self.values.expect_constant(right)?) {
                (Arg::Given(left), Arg::Given(right)) => Ok(constant(compare(op, &left, &right) == Some(true))),
                _ => Err(unsupported("a comparison of two placeholders in a translation")),
            },
        }
    }

    /// Whether a condition has a truth: a question that is never unknown.
    fn settled(&self, inner: &Expr, of: Truth, truth: Truth) -> Result<Condition> {
        let holds = self.is(inner, of)?;
        Ok(if truth == Truth::True { holds } else { negated(holds) })
    }

    fn unknown(&self, inner: &Expr, truth: Truth) -> Result<Condition> {
        let known = any(vec![self.is(inner, Truth::True)?, self.is(inner, Truth::False)?]);
        Ok(if truth == Truth::True { negated(known) } else { known })
    }

    fn null(&self, inner: &Expr, truth: Truth) -> Result<Condition> {
        let is_null = match (self.subject)(inner)? {
            Some(subject) => subject.is_null(),
            None => match self.values.expect_constant(inner)? {
                Arg::Given(value) => constant(value == Value::Null),
                Arg::Param(_) => return Err(unsupported("IS NULL of a placeholder in a translation")),
            },
        };
        Ok(if truth == Truth::True { is_null } else { negated(is_null) })
    }

    /// `IS DISTINCT FROM`: inequality in which null is a value like others.
    fn distinct(&self, left: &Expr, right: &Expr, truth: Truth) -> Result<Condition> {
        let (subject, value) = match ((self.subject)(left)?, (self.subject)(right)?) {
            (Some(subject), None) => (subject, self.values.expect_constant(right)?),
            (None, Some(subject)) => (subject, self.values.expect_constant(left)?),
            _ => return Err(unsupported("IS DISTINCT FROM without one column and one value")),
        };
        let is_same = match value {
            Arg::Given(Value::Null) => subject.is_null(),
            value => {
                let is_equal = compared(&subject, CompareOp::Equal, value);
                if subject.is_plain() { is_equal } else { all(vec![is_equal, subject.is_not_null()]) }
            }
        };
        Ok(if truth == Truth::True { negated(is_same) } else { is_same })
    }

    fn one_of(&self, expr: &Expr, list: &[Expr], truth: Truth) -> Result<Condition> {
        let subject = self.expect_subject(expr, "IN")?;
        if list.is_empty() {
            return Ok(constant(truth == Truth::False));
        }
        let mut items = Vec::with_capacity(list.len());
        let mut has_null = false;
        for item in list {
            match self.values.expect_constant(item)? {
                Arg::Given(Value::Null) => has_null = true,
                item => items.push(item),
            }
        }
        if has_null && truth == Truth::False {
            return Ok(constant(false));
        }
        let is_in = Condition::In { path: subject.path.clone(), list: InList::Items(items) };
        Ok(match truth {
            Truth::True if subject.is_plain() => is_in,
            Truth::True => all(vec![is_in, subject.is_not_null()]),
            Truth::False => all(vec![is_in.negate(), subject.is_not_null()]),
        })
    }

    fn between(&self, expr: &Expr, low: &Expr, high: &Expr, truth: Truth) -> Result<Condition> {
        let subject = self.expect_subject(expr, "BETWEEN")?;
        let (low, high) = (self.values.expect_constant(low)?, self.values.expect_constant(high)?);
        let is_null = |value: &Arg<Value>| *value == Arg::Given(Value::Null);
        Ok(match truth {
            Truth::False => any(vec![test(&subject, CompareOp::Less, low), test(&subject, CompareOp::Greater, high)]),
            Truth::True if is_null(&low) || is_null(&high) => constant(false),
            Truth::True => {
                let between = Condition::Between { path: subject.path.clone(), low, high };
                if subject.is_plain() { between } else { all(vec![between, subject.is_not_null()]) }
            }
        })
    }

    fn like(
        &self,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        case: CaseRule,
        truth: Truth,
    ) -> Result<Condition> {
        let subject = self.expect_subject(expr, "LIKE")?;
        let pattern = match self.values.expect_constant(pattern)? {
            Arg::Given(Value::Null) => return Ok(constant(false)),
            Arg::Given(Value::String(text)) => Arg::Given(self.with_escape(text, escape)?),
            Arg::Given(other) => {
                return Err(wrong_value(format!("the pattern of LIKE is text, not this {}", other.type_name())));
            }
            Arg::Param(_) if escape.is_some() => {
                return Err(unsupported("ESCAPE beside a placeholder in a translation"));
            }
            Arg::Param(name) => Arg::Param(name),
        };
        let is_like = Condition::Like { path: subject.path.clone(), pattern, case };
        Ok(match truth {
            Truth::True => is_like,
            Truth::False => all(vec![is_like.negate(), is_text(&subject)]),
        })
    }

    /// A pattern with the escape character that ESCAPE chooses.
    fn with_escape(&self, pattern: String, escape: Option<&Expr>) -> Result<String> {
        let Some(escape) = escape else { return Ok(pattern) };
        match self.values.expect_constant(escape)? {
            Arg::Given(Value::String(escape)) => with_backslash(&pattern, &escape),
            _ => Err(wrong_value("ESCAPE takes one character")),
        }
    }

    fn expect_subject(&self, expr: &Expr, before: &str) -> Result<Subject> {
        match (self.subject)(expr)? {
            Some(subject) => Ok(subject),
            None => match self.values.constant(expr)? {
                Some(_) => Err(unsupported(format!("a value before {before}"))),
                None => Err(unsupported_expr(expr)),
            },
        }
    }
}

/// Whether a column has text: LIKE says of other values neither that they match nor that they do not.
fn is_text(subject: &Subject) -> Condition {
    Condition::Like { path: subject.path.clone(), pattern: Arg::Given("%".to_owned()), case: CaseRule::Exact }
}

/// The parts that one operator joins, first to last; walks along the chain instead of into it.
pub(super) fn chain<'e>(expr: &'e Expr, joint: &BinaryOperator) -> Vec<&'e Expr> {
    let (mut parts, mut rest) = (Vec::new(), vec![expr]);
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::BinaryOp { left, op, right } if op == joint => rest.extend([right.as_ref(), left.as_ref()]),
            part => parts.push(part),
        }
    }
    parts
}
