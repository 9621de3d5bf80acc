//! Conditions as text, with parentheses only where the meaning needs them.

use std::fmt::{self, Display};

use nedb_types::FieldPath;

use super::names::{Path, write_arg, write_list};
use super::values::{Literal, Text};
use crate::ast::{Arg, CaseRule, Expr, InList};

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) | Self::Or(parts) if parts.is_empty() => {
                // The grammar has no words for always and never; a list without values says the same.
                f.write_str(if matches!(self, Self::And(_)) { "_id NOT IN ()" } else { "_id IN ()" })
            }
            Self::And(parts) => write_parts(f, parts, " AND ", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => write_parts(f, parts, " OR ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => write_not(f, inner),
            test => write_test(f, test, ""),
        }
    }
}

fn write_parts(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    word: &str,
    needs_parentheses: impl Fn(&Expr) -> bool,
) -> fmt::Result {
    let mut separator = "";
    for part in parts {
        f.write_str(separator)?;
        let is_inner_list = matches!(part, Expr::And(inner) | Expr::Or(inner) if !inner.is_empty());
        let is_wrapped = is_inner_list && needs_parentheses(part);
        if is_wrapped { write!(f, "({part})") } else { part.fmt(f) }?;
        separator = word;
    }
    Ok(())
}

fn write_not(f: &mut fmt::Formatter<'_>, inner: &Expr) -> fmt::Result {
    match inner {
        Expr::And(_) | Expr::Or(_) => write!(f, "NOT ({inner})"),
        Expr::In { .. } | Expr::Between { .. } | Expr::Like { .. } | Expr::IsNull { .. } => {
            write_test(f, inner, "NOT ")
        }
        other => write!(f, "NOT {other}"),
    }
}

/// Writes a test of one field, with a NOT before its word where that is given.
fn write_test(f: &mut fmt::Formatter<'_>, test: &Expr, not: &str) -> fmt::Result {
    let literal = |f: &mut fmt::Formatter<'_>, value: &Arg<_>| write_arg(f, value, |f, value| Literal(value).fmt(f));
    match test {
        Expr::Compare { path, op, value } => {
            write!(f, "{} {} ", Path::new(path), op.as_str())?;
            literal(f, value)
        }
        Expr::In { path, list } => write_in(f, path, list, not),
        Expr::Between { path, low, high } => {
            write!(f, "{} {not}BETWEEN ", Path::new(path))?;
            literal(f, low)?;
            f.write_str(" AND ")?;
            literal(f, high)
        }
        Expr::Like { path, pattern, case } => {
            let word = if *case == CaseRule::Exact { "LIKE" } else { "ILIKE" };
            write!(f, "{} {not}{word} ", Path::new(path))?;
            write_arg(f, pattern, |f, pattern| Text(pattern).fmt(f))
        }
        Expr::IsNull { path } => write!(f, "{} IS {not}NULL", Path::new(path)),
        Expr::Exists { path } => write!(f, "EXISTS({})", Path::new(path)),
        Expr::Contains { path, value } => {
            write!(f, "{} CONTAINS ", Path::new(path))?;
            literal(f, value)
        }
        list => list.fmt(f),
    }
}

fn write_in(f: &mut fmt::Formatter<'_>, path: &FieldPath, list: &InList, not: &str) -> fmt::Result {
    write!(f, "{} {not}IN ", Path::new(path))?;
    match list {
        InList::Param(name) => write!(f, "{name}"),
        InList::Items(items) => {
            f.write_str("(")?;
            write_list(f, items.iter().map(Item))?;
            f.write_str(")")
        }
    }
}

/// Writes one item of a list.
struct Item<'a>(&'a Arg<nedb_types::Value>);

impl Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_arg(f, self.0, |f, value| Literal(value).fmt(f))
    }
}
