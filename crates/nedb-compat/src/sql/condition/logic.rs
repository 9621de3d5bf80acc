//! Conditions that always or never hold, and AND, OR and NOT around them.

use nedb_nql::Expr as Condition;

/// What holds always, or never.
pub(super) fn constant(holds: bool) -> Condition {
    if holds { Condition::And(Vec::new()) } else { Condition::Or(Vec::new()) }
}

fn is_constant(condition: &Condition, holds: bool) -> bool {
    *condition == constant(holds)
}

/// Joins with AND what does not always hold.
pub(in crate::sql) fn all(mut parts: Vec<Condition>) -> Condition {
    if parts.iter().any(|part| is_constant(part, false)) {
        return constant(false);
    }
    parts.retain(|part| !is_constant(part, true));
    Condition::all(parts)
}

/// Joins with OR what may hold.
pub(super) fn any(mut parts: Vec<Condition>) -> Condition {
    if parts.iter().any(|part| is_constant(part, true)) {
        return constant(true);
    }
    parts.retain(|part| !is_constant(part, false));
    Condition::any(parts)
}

pub(super) fn negated(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        condition if is_constant(&condition, true) => constant(false),
        condition if is_constant(&condition, false) => constant(true),
        condition => condition.negate(),
    }
}

/// The condition of a clause; none when it always holds.
pub(in crate::sql) fn unless_always(condition: Condition) -> Option<Condition> {
    (!is_constant(&condition, true)).then_some(condition)
}
