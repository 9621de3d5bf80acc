//! Statements and clauses as text.

use std::fmt::{self, Display};

use super::names::{Name, Path, write_arg, write_list};
use super::values::Text;
use crate::ast::{
    Aggregate, Arg, Direction, Expr, GraphStep, Grouping, Hops, Moment, OrderKey, Query, Selection, SortDirection,
    Statement, StepKind,
};
use crate::check::CLAUSE_WORDS;

/// Words that end the fields of GROUP BY when they follow a comma.
const AGGREGATE_WORDS: &[&str] = &["COUNT", "SUM", "AVG", "MIN", "MAX"];

impl Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(query) => query.fmt(f),
            Self::Explain(query) => write!(f, "EXPLAIN {query}"),
            Self::History { collection, id } => {
                write!(f, "HISTORY {} ", Name(collection.as_str()))?;
                write_arg(f, id, |f, id| Text(&id.to_string()).fmt(f))
            }
            Self::Diff { collection, from, to } => {
                write!(f, "DIFF {} FROM ", Name(collection.as_str()))?;
                write_arg(f, from, |f, moment| moment.fmt(f))?;
                f.write_str(" TO ")?;
                write_arg(f, to, |f, moment| moment.fmt(f))
            }
        }
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FROM {}", Name(self.collection.as_str()))?;
        clause(f, "AS OF", self.as_of.as_ref(), |f, moment| moment.fmt(f))?;
        clause(f, "VALID AS OF", self.valid_as_of.as_ref(), |f, at| Text(&at.to_string()).fmt(f))?;
        write_filter(f, "WHERE", self.filter.as_ref())?;
        clause(f, "SEARCH", self.search.as_ref(), |f, search| Text(&search.to_string()).fmt(f))?;
        for step in &self.steps {
            write_step(f, step)?;
        }
        if let Some(grouping) = &self.grouping {
            write_grouping(f, grouping)?;
        }
        if !self.order.is_empty() {
            f.write_str(" ORDER BY ")?;
            write_list(f, &self.order)?;
        }
        clause(f, "LIMIT", self.limit.as_ref(), |f, limit| limit.fmt(f))?;
        clause(f, "OFFSET", self.offset.as_ref(), |f, offset| offset.fmt(f))?;
        match &self.select {
            Selection::Default => Ok(()),
            select => write!(f, " SELECT {select}"),
        }
    }
}

fn clause<T>(
    f: &mut fmt::Formatter<'_>,
    words: &str,
    arg: Option<&Arg<T>>,
    write_given: impl FnOnce(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    match arg {
        None => Ok(()),
        Some(arg) => {
            write!(f, " {words} ")?;
            write_arg(f, arg, write_given)
        }
    }
}

fn write_filter(f: &mut fmt::Formatter<'_>, word: &str, filter: Option<&Expr>) -> fmt::Result {
    filter.map_or(Ok(()), |filter| write!(f, " {word} {filter}"))
}

fn write_step(f: &mut fmt::Formatter<'_>, step: &GraphStep<Option<Expr>>) -> fmt::Result {
    match &step.kind {
        StepKind::Traverse { relation, hops } => {
            write!(f, " TRAVERSE {}", Name(relation.as_str()))?;
            if *hops != Hops::ONE {
                write!(f, " *{}..{}", hops.min(), hops.max())?;
            }
        }
        StepKind::Trace => f.write_str(" TRACE caused_by")?,
    }
    if step.direction == Direction::Reverse {
        f.write_str(" REVERSE")?;
    }
    write_filter(f, "WHERE", step.filter.as_ref())
}

fn write_grouping(f: &mut fmt::Formatter<'_>, grouping: &Grouping<Option<Expr>>) -> fmt::Result {
    if !grouping.by.is_empty() {
        f.write_str(" GROUP BY ")?;
        write_list(f, grouping.by.iter().map(|path| Path { path, taken: AGGREGATE_WORDS }))?;
    }
    if !grouping.aggregates.is_empty() {
        f.write_str(" ")?;
        write_list(f, &grouping.aggregates)?;
    }
    write_filter(f, "HAVING", grouping.having.as_ref())
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            // A clause may follow COUNT, so that its words are no fields here.
            Self::CountOf(path) => write!(f, " {}", Path { path, taken: CLAUSE_WORDS }),
            other => other.path().map_or(Ok(()), |path| write!(f, " {}", Path::new(path))),
        }
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("-1"),
            Self::Seq(seq) => seq.fmt(f),
            Self::Time(at) => write!(f, "TIMESTAMP \"{at}\""),
        }
    }
}

impl Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Path::new(&self.path).fmt(f)?;
        if self.direction == SortDirection::Descending { f.write_str(" DESC") } else { Ok(()) }
    }
}

impl Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::DocumentAnd(fields) => {
                f.write_str("*")?;
                fields.iter().try_for_each(|path| write!(f, ", {}", Path::new(path)))
            }
            Self::Fields(fields) => write_list(f, fields.iter().map(Path::new)),
        }
    }
}
