//! Binds a condition and brings it into normal form in one walk.

use nedb_types::limits::QUERY_NESTING_MAX;
use nedb_types::{Error, ErrorCode, FieldPath, Result, Value};

use super::index_use::sort_values;
use super::{Cut, FieldRange, FieldTest, Polarity, Predicate, Test, ValueClass};
use crate::ast::{CompareOp, Expr, InList};
use crate::evaluate::LikePattern;
use crate::params::Binder;

/// Each level of the text can make three of the tree: a NOT, an OR and an AND.
const LEVELS_MAX: usize = 3 * (QUERY_NESTING_MAX + 1);

/// Makes the normal form of a condition.
pub(super) fn predicate(expr: &Expr, binder: &mut Binder<'_>) -> Result<Predicate> {
    Normaliser { binder, levels_left: LEVELS_MAX }.normalise(expr, Polarity::Holds)
}

struct Normaliser<'a, 'b> {
    binder: &'a mut Binder<'b>,
    levels_left: usize,
}

impl Normaliser<'_, '_> {
    fn normalise(&mut self, expr: &Expr, polarity: Polarity) -> Result<Predicate> {
        let Some(left) = self.levels_left.checked_sub(1) else {
            let (max, actual) = (LEVELS_MAX as u64, LEVELS_MAX as u64 + 1);
            let what = "nesting of the condition";
            return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "QUERY_NESTING_MAX", max, actual));
        };
        self.levels_left = left;
        let normal = match (expr, polarity) {
            (Expr::Not(inner), _) => self.normalise(inner, polarity.reverse()),
            (Expr::And(parts), Polarity::Holds) | (Expr::Or(parts), Polarity::Fails) => {
                self.list(parts, polarity).map(all)
            }
            (Expr::Or(parts), Polarity::Holds) | (Expr::And(parts), Polarity::Fails) => {
                self.list(parts, polarity).map(any)
            }
            (test, _) => self.test(test, polarity),
        };
        self.levels_left += 1;
        normal
    }

    fn list(&mut self, parts: &[Expr], polarity: Polarity) -> Result<Vec<Predicate>> {
        parts.iter().map(|part| self.normalise(part, polarity)).collect()
    }

    fn test(&mut self, expr: &Expr, polarity: Polarity) -> Result<Predicate> {
        let (path, test, is_reversed) = match expr {
            Expr::Compare { path, op, value } => {
                let value = self.binder.value(value)?;
                (path, compare_test(*op, value), *op == CompareOp::NotEqual)
            }
            Expr::In { path, list } => (path, one_of(self.values(list)?), false),
            Expr::Between { path, low, high } => {
                let (low, high) = (self.binder.value(low)?, self.binder.value(high)?);
                (path, between(low, high), false)
            }
            Expr::Like { path, pattern, case } => {
                let pattern = self.binder.text(pattern)?;
                (path, Some(Test::Like(LikePattern::new(&pattern, *case))), false)
            }
            Expr::IsNull { path } => (path, Some(Test::Equals(Value::Null)), false),
            Expr::Exists { path } => (path, Some(Test::Exists), false),
            Expr::Contains { path, value } => (path, Some(Test::Contains(self.binder.value(value)?)), false),
            Expr::And(_) | Expr::Or(_) | Expr::Not(_) => return self.normalise(expr, polarity),
        };
        let polarity = if is_reversed { polarity.reverse() } else { polarity };
        Ok(field_test(path, test, polarity))
    }

    fn values(&mut self, list: &InList) -> Result<Vec<Value>> {
        match list {
            InList::Items(items) => items.iter().map(|item| self.binder.value(item)).collect(),
            InList::Param(name) => match self.binder.param(name)? {
                Value::Array(values) => Ok(values.clone()),
                other => {
                    let message = format!("the parameter {name} must be an array, not this {}", other.type_name());
                    Err(Error::new(ErrorCode::QueryParameter, message))
                }
            },
        }
    }
}

/// Makes a condition of a test; a test that never holds has none.
fn field_test(path: &FieldPath, test: Option<Test>, polarity: Polarity) -> Predicate {
    match (test, polarity) {
        (Some(test), _) => Predicate::Field(FieldTest { path: path.clone(), test, polarity }),
        (None, Polarity::Holds) => Predicate::NEVER,
        (None, Polarity::Fails) => Predicate::ALWAYS,
    }
}

/// Makes the test of a comparison; ordering against null never holds.
fn compare_test(op: CompareOp, value: Value) -> Option<Test> {
    let class = ValueClass::of(&value);
    let range = match op {
        CompareOp::Equal | CompareOp::NotEqual => return Some(Test::Equals(value)),
        CompareOp::Less => FieldRange { low: Cut::Class(class), high: Cut::Before(value) },
        CompareOp::LessOrEqual => FieldRange { low: Cut::Class(class), high: Cut::After(value) },
        CompareOp::Greater => FieldRange { low: Cut::After(value), high: class.end() },
        CompareOp::GreaterOrEqual => FieldRange { low: Cut::Before(value), high: class.end() },
    };
    (class != ValueClass::Null).then_some(Test::Within(range))
}

fn between(low: Value, high: Value) -> Option<Test> {
    let class = ValueClass::of(&low);
    let is_possible = class == ValueClass::of(&high) && class != ValueClass::Null;
    let range = FieldRange { low: Cut::Before(low), high: Cut::After(high) };
    (is_possible && !range.is_empty()).then_some(Test::Within(range))
}

fn one_of(mut values: Vec<Value>) -> Option<Test> {
    sort_values(&mut values);
    match values.len() {
        0 => None,
        1 => values.pop().map(Test::Equals),
        _ => Some(Test::OneOf(values)),
    }
}

/// Joins conditions with AND: one that always holds falls away, one that never does decides.
fn all(parts: Vec<Predicate>) -> Predicate {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Predicate::All(inner) => flat.extend(inner),
            part if part.is_never() => return Predicate::NEVER,
            part => flat.push(part),
        }
    }
    only(&mut flat).unwrap_or(Predicate::All(flat))
}

/// Joins conditions with OR; equalities on one field become one look-up when nothing else is there.
fn any(parts: Vec<Predicate>) -> Predicate {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Predicate::Any(inner) => flat.extend(inner),
            part if part.is_always() => return Predicate::ALWAYS,
            part => flat.push(part),
        }
    }
    match only(&mut flat) {
        Some(part) => part,
        None => merge_equalities(flat),
    }
}

fn merge_equalities(parts: Vec<Predicate>) -> Predicate {
    let path = match parts.first() {
        Some(Predicate::Field(first)) => first.path.clone(),
        _ => return Predicate::Any(parts),
    };
    let is_equality = |part: &Predicate| {
        matches!(part, Predicate::Field(FieldTest { path: found, test: Test::Equals(_) | Test::OneOf(_), polarity: Polarity::Holds })
            if *found == path)
    };
    if !parts.iter().all(is_equality) {
        return Predicate::Any(parts);
    }
    let mut values = Vec::new();
    for part in parts {
        match part {
            Predicate::Field(FieldTest { test: Test::Equals(value), .. }) => values.push(value),
            Predicate::Field(FieldTest { test: Test::OneOf(several), .. }) => values.extend(several),
            _ => {}
        }
    }
    field_test(&path, one_of(values), Polarity::Holds)
}

/// Takes the one condition out of a list that has just one.
fn only(parts: &mut Vec<Predicate>) -> Option<Predicate> {
    if parts.len() == 1 { parts.pop() } else { None }
}
