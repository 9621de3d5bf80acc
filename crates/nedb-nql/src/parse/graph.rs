//! TRAVERSE and TRACE.

use nedb_types::limits::TRAVERSE_HOPS_MAX;
use nedb_types::{Relation, Result, Value};

use super::cursor::Cursor;
use super::paths::name;
use crate::ast::{Direction, Expr, GraphStep, Hops, StepKind};
use crate::syntax::{Symbol, Token};

/// Reads what follows TRAVERSE.
pub(super) fn traverse(cursor: &mut Cursor<'_>) -> Result<GraphStep<Option<Expr>>> {
    let span = cursor.span();
    let name = name(cursor, "the name of a relation")?;
    let relation = Relation::new(&name).map_err(|error| cursor.place(span, "the name of a relation", &error))?;
    let hops = if cursor.skip_symbol(Symbol::Star)? { hops(cursor)? } else { Hops::ONE };
    step(cursor, StepKind::Traverse { relation, hops })
}

/// Reads what follows TRACE.
pub(super) fn trace(cursor: &mut Cursor<'_>) -> Result<GraphStep<Option<Expr>>> {
    cursor.expect_word("caused_by")?;
    step(cursor, StepKind::Trace)
}

fn step(cursor: &mut Cursor<'_>, kind: StepKind) -> Result<GraphStep<Option<Expr>>> {
    let direction = if cursor.skip_word("REVERSE")? { Direction::Reverse } else { Direction::Forward };
    Ok(GraphStep { kind, direction, filter: None })
}

/// Reads what follows the `*` of a traversal.
fn hops(cursor: &mut Cursor<'_>) -> Result<Hops> {
    let span = cursor.span();
    let source = cursor.source();
    let min = hop_count(cursor)?;
    if !cursor.skip_symbol(Symbol::Range)? {
        let hint = format!("write *1..{source} or *{source}..{source}");
        return Err(cursor.trouble("`..` and the greatest number of hops").hint(hint).into_error());
    }
    let max = hop_count(cursor)?;
    Hops::new(min, max).map_err(|error| cursor.place(span, "bounds that do not cross", &error))
}

fn hop_count(cursor: &mut Cursor<'_>) -> Result<u32> {
    let expected = format!("a number of hops up to {TRAVERSE_HOPS_MAX} (TRAVERSE_HOPS_MAX)");
    let number = match cursor.token() {
        Token::Number(Value::I64(number)) if *number >= 0 => *number,
        _ => return Err(cursor.trouble(expected).into_error()),
    };
    let Some(hops) = u32::try_from(number).ok().filter(|hops| *hops <= TRAVERSE_HOPS_MAX) else {
        return Err(cursor.trouble(expected).too_large().into_error());
    };
    cursor.advance()?;
    Ok(hops)
}
