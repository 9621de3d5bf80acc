//! Whether the clauses of a query agree with each other; text and builder are held to the same rules.

use nedb_types::FieldPath;

use crate::ast::{Aggregate, Expr, GraphStep, Grouping, Query, Selection, StepKind};
use crate::print::{column_name, path_text};

/// Words that begin a clause.
pub(crate) const CLAUSE_WORDS: &[&str] = &[
    "AS", "VALID", "WHERE", "SEARCH", "TRAVERSE", "TRACE", "GROUP", "COUNT", "SUM", "AVG", "MIN", "MAX", "HAVING",
    "ORDER", "LIMIT", "OFFSET", "SELECT",
];

/// Names a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    AsOf,
    ValidAsOf,
    Where,
    Search,
    Traverse,
    Trace,
    GroupBy,
    Aggregates,
    Having,
    OrderBy,
    Limit,
    Offset,
    Select,
}

impl Clause {
    /// Returns the words by which people know it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::AsOf => "AS OF",
            Self::ValidAsOf => "VALID AS OF",
            Self::Where => "WHERE",
            Self::Search => "SEARCH",
            Self::Traverse => "TRAVERSE",
            Self::Trace => "TRACE",
            Self::GroupBy => "GROUP BY",
            Self::Aggregates => "list of aggregates",
            Self::Having => "HAVING",
            Self::OrderBy => "ORDER BY",
            Self::Limit => "LIMIT",
            Self::Offset => "OFFSET",
            Self::Select => "SELECT",
        }
    }
}

/// Says which clause disagrees with the others.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) clause: Clause,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Fault {
    fn new(clause: Clause, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { clause, expected: expected.into(), found: found.into() }
    }
}

/// Checks a query as a whole.
pub(crate) fn check(query: &Query) -> Result<(), Fault> {
    check_steps(&query.steps)?;
    if let Some(grouping) = &query.grouping {
        return check_columns(query, grouping);
    }
    let score = FieldPath::field("_score");
    if query.search.is_none() && query.order.iter().any(|key| key.path == score) {
        return Err(Fault::new(Clause::OrderBy, "SEARCH beside ORDER BY _score", "none"));
    }
    check_selection(&query.select)
}

/// Checks that no two different fields make one column, such as the name `a.b` in backquotes and the path a.b.
fn check_selection(select: &Selection) -> Result<(), Fault> {
    let (Selection::Fields(fields) | Selection::DocumentAnd(fields)) = select else { return Ok(()) };
    let mut columns: Vec<(String, &FieldPath)> = fields.iter().map(|path| (column_name(path), path)).collect();
    columns.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    let is_clash = |pair: &&[(String, &FieldPath)]| match pair {
        [left, right] => left.0 == right.0 && left.1 != right.1,
        _ => false,
    };
    match columns.windows(2).find(is_clash).and_then(|pair| pair.first()) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Fault::new(Clause::Select, "one field for each column", format!("two for the column {name}")))
        }
    }
}

/// Checks that there is at most one traversal, and at most one trace after it.
fn check_steps(steps: &[GraphStep<Option<Expr>>]) -> Result<(), Fault> {
    let mut kinds = steps.iter().map(|step| matches!(step.kind, StepKind::Trace));
    match (kinds.next(), kinds.next(), kinds.next()) {
        (None, ..) | (Some(_), None, _) | (Some(false), Some(true), None) => Ok(()),
        _ => Err(Fault::new(Clause::Trace, "at most one TRAVERSE and one TRACE after it", "more")),
    }
}

/// Checks that what stands behind a grouping speaks of its columns.
fn check_columns(query: &Query, grouping: &Grouping<Option<Expr>>) -> Result<(), Fault> {
    let columns = grouping.columns();
    if columns.is_empty() {
        return Err(Fault::new(Clause::GroupBy, "a field or an aggregate", "none"));
    }
    let counts = grouping.aggregates.iter().filter(|aggregate| **aggregate == Aggregate::Count).count();
    if counts > 1 {
        return Err(Fault::new(Clause::Aggregates, "each column once", "the column count twice"));
    }
    let mut sorted = columns.clone();
    sorted.sort_unstable();
    if let Some(name) = sorted.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        let clause = if grouping.aggregates.is_empty() { Clause::GroupBy } else { Clause::Aggregates };
        return Err(Fault::new(clause, "each column once", format!("the column {name} twice")));
    }
    let is_column = |path: &FieldPath| sorted.binary_search(&column_name(path)).is_ok();
    let mut used = Vec::new();
    if let Some(having) = &grouping.having {
        having.for_each_path(&mut |path| used.push((Clause::Having, path)));
    }
    used.extend(query.order.iter().map(|key| (Clause::OrderBy, &key.path)));
    if let Selection::Fields(fields) | Selection::DocumentAnd(fields) = &query.select {
        used.extend(fields.iter().map(|path| (Clause::Select, path)));
    }
    match used.into_iter().find(|(_, path)| !is_column(path)) {
        None => Ok(()),
        Some((clause, path)) => {
            let expected = format!("a column of the groups ({}) in {}", columns.join(", "), clause.words());
            Err(Fault::new(clause, expected, format!("the field {}", path_text(path))))
        }
    }
}

impl Expr {
    /// Shows every path of the condition to a visitor.
    fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a FieldPath)) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.for_each_path(visit);
                }
            }
            Self::Not(inner) => inner.for_each_path(visit),
            Self::Compare { path, .. }
            | Self::In { path, .. }
            | Self::Between { path, .. }
            | Self::Like { path, .. }
            | Self::IsNull { path }
            | Self::Exists { path }
            | Self::Contains { path, .. } => visit(path),
        }
    }
}
