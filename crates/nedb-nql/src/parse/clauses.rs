//! The clauses of a query, in whatever order they were written.

use nedb_types::Result;

use super::cursor::Cursor;
use super::expression::condition;
use super::graph::{trace, traverse};
use super::lists::{aggregates, group_keys, order_keys, selection};
use super::values::{arg, collection, count, moment, search, timestamp};
use crate::ast::{Aggregate, Expr, Grouping, Query, StepKind};
use crate::check::{CLAUSE_WORDS, Clause, check};
use crate::syntax::{Span, nearest};

/// Collects the clauses as they come.
struct Draft {
    query: Query,
    aggregates: Vec<Aggregate>,
    having: Option<Expr>,
    seen: Vec<(Clause, Span)>,
}

/// Reads a query, whose FROM is at hand.
pub(super) fn query(cursor: &mut Cursor<'_>) -> Result<Query> {
    cursor.expect_word("FROM")?;
    let query = Query::all_of(collection(cursor)?);
    let mut draft = Draft { query, aggregates: Vec::new(), having: None, seen: Vec::new() };
    while clause(cursor, &mut draft)? {}
    draft.finish(cursor)
}

/// Reads one clause; says whether there was one.
fn clause(cursor: &mut Cursor<'_>, draft: &mut Draft) -> Result<bool> {
    let Some(found) = clause_at(cursor) else {
        return if *cursor.token() == crate::syntax::Token::End { Ok(false) } else { Err(unknown(cursor)) };
    };
    draft.note(cursor, found)?;
    if found != Clause::Aggregates {
        cursor.advance()?;
    }
    let query = &mut draft.query;
    match found {
        Clause::AsOf => {
            cursor.expect_word("OF")?;
            query.as_of = Some(arg(cursor, moment)?);
        }
        Clause::ValidAsOf => {
            cursor.expect_word("AS")?;
            cursor.expect_word("OF")?;
            query.valid_as_of = Some(arg(cursor, timestamp)?);
        }
        Clause::Where => {
            let expr = condition(cursor)?;
            match query.steps.last_mut() {
                Some(step) => step.filter = Some(expr),
                None => query.filter = Some(expr),
            }
        }
        Clause::Search => query.search = Some(arg(cursor, search)?),
        Clause::Traverse => query.steps.push(traverse(cursor)?),
        Clause::Trace => query.steps.push(trace(cursor)?),
        Clause::GroupBy => {
            cursor.expect_word("BY")?;
            let by = group_keys(cursor)?;
            query.grouping = Some(Grouping { by, aggregates: Vec::new(), having: None });
        }
        Clause::Aggregates => draft.aggregates = aggregates(cursor)?,
        Clause::Having => draft.having = Some(condition(cursor)?),
        Clause::OrderBy => {
            cursor.expect_word("BY")?;
            query.order = order_keys(cursor)?;
        }
        Clause::Limit => query.limit = Some(arg(cursor, count)?),
        Clause::Offset => query.offset = Some(arg(cursor, count)?),
        Clause::Select => query.select = selection(cursor)?,
    }
    Ok(true)
}

/// Returns which clause begins here.
fn clause_at(cursor: &Cursor<'_>) -> Option<Clause> {
    const FIRST_WORDS: &[(&str, Clause)] = &[
        ("AS", Clause::AsOf),
        ("VALID", Clause::ValidAsOf),
        ("WHERE", Clause::Where),
        ("SEARCH", Clause::Search),
        ("TRAVERSE", Clause::Traverse),
        ("TRACE", Clause::Trace),
        ("GROUP", Clause::GroupBy),
        ("COUNT", Clause::Aggregates),
        ("SUM", Clause::Aggregates),
        ("AVG", Clause::Aggregates),
        ("MIN", Clause::Aggregates),
        ("MAX", Clause::Aggregates),
        ("HAVING", Clause::Having),
        ("ORDER", Clause::OrderBy),
        ("LIMIT", Clause::Limit),
        ("OFFSET", Clause::Offset),
        ("SELECT", Clause::Select),
    ];
    FIRST_WORDS.iter().find(|(word, _)| cursor.is_word(word)).map(|(_, clause)| *clause)
}

fn unknown(cursor: &Cursor<'_>) -> nedb_types::Error {
    let hint = match cursor.token() {
        crate::syntax::Token::Word(word) => foreign(word).or_else(|| nearest(word, CLAUSE_WORDS)),
        _ => None,
    };
    cursor.trouble("a clause or the end").maybe_hint(hint).into_error()
}

/// Explains words that other query languages have here.
fn foreign(word: &str) -> Option<String> {
    let hint = match word.to_ascii_uppercase().as_str() {
        "AND" | "OR" | "NOT" => "a condition begins with WHERE",
        "JOIN" => "documents are joined by links: TRAVERSE follows them",
        "FILTER" => "did you mean WHERE?",
        "SORT" => "did you mean ORDER BY?",
        "SKIP" => "did you mean OFFSET?",
        "TAKE" | "TOP" => "did you mean LIMIT?",
        "ASC" | "DESC" => "a direction stands behind a key of ORDER BY",
        _ => return None,
    };
    Some(hint.to_owned())
}

impl Draft {
    /// Notes where a clause begins and refuses one that is there already.
    fn note(&mut self, cursor: &Cursor<'_>, clause: Clause) -> Result<()> {
        let scope_start = match clause {
            // A WHERE behind a graph step is a clause of that step.
            Clause::Where => {
                self.seen.iter().rposition(|(seen, _)| matches!(seen, Clause::Traverse | Clause::Trace)).unwrap_or(0)
            }
            _ => 0,
        };
        if self.seen.iter().skip(scope_start).any(|(seen, _)| *seen == clause) {
            let found = format!("a second {}", clause.words());
            let trouble = cursor.trouble(format!("one {}", clause.words())).found(found);
            let hint = match clause {
                Clause::Where => Some("join the conditions with AND"),
                Clause::Aggregates => Some("aggregates are divided by commas"),
                _ => None,
            };
            return Err(trouble.maybe_hint(hint.map(str::to_owned)).into_error());
        }
        let traced = self.query.steps.iter().any(|step| step.kind == StepKind::Trace);
        if clause == Clause::Traverse && traced {
            let trouble = cursor.trouble("TRAVERSE before TRACE").found("TRAVERSE after it");
            return Err(trouble.into_error());
        }
        self.seen.push((clause, cursor.span()));
        Ok(())
    }

    /// Puts the parts together and checks that they agree.
    fn finish(mut self, cursor: &Cursor<'_>) -> Result<Query> {
        if !self.aggregates.is_empty() {
            let empty = Grouping { by: Vec::new(), aggregates: Vec::new(), having: None };
            self.query.grouping.get_or_insert(empty).aggregates = self.aggregates;
        }
        if let Some(having) = self.having {
            let Some(grouping) = &mut self.query.grouping else {
                let span = span_of(&self.seen, Clause::Having);
                let trouble = cursor.trouble_at(span, "GROUP BY or an aggregate beside HAVING");
                return Err(trouble.hint("did you mean WHERE?").into_error());
            };
            grouping.having = Some(having);
        }
        match check(&self.query) {
            Ok(()) => Ok(self.query),
            Err(fault) => {
                let span = span_of(&self.seen, fault.clause);
                let trouble = cursor.trouble_at(span, fault.expected).found(fault.found);
                Err(trouble.into_error())
            }
        }
    }
}

fn span_of(seen: &[(Clause, Span)], clause: Clause) -> Span {
    seen.iter().find(|(found, _)| *found == clause).map_or(0..0, |(_, span)| span.clone())
}
