//! FROM: the tables of a SELECT, how they are joined, and the moment at which they are read.
//!
//! A moment holds for the whole statement, behind whichever table it stands; two different ones are refused.

use nedb_nql::{Arg, Moment};
use nedb_types::{Collection, Result};
use sqlparser::ast::{Expr, Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableVersion, TableWithJoins};

use super::super::{
    params::Values,
    refusal::{refuse_if, unsupported, unsupported_but, unsupported_text},
    scope::{Scope, Table, single_name},
};
use nedb::JoinKind;

/// The tables of a statement.
pub(in crate::sql) struct Tables<'q> {
    pub(in crate::sql) scope: Scope,
    pub(in crate::sql) as_of: Option<Arg<Moment>>,
    /// How the second table and those behind it are joined.
    pub(in crate::sql) joins: Vec<(JoinKind, &'q JoinConstraint)>,
}

/// Reads FROM.
pub(in crate::sql) fn tables<'q>(from: &'q [TableWithJoins], values: &Values<'_>) -> Result<Tables<'q>> {
    let from = match from {
        [from] => from,
        [] => return Err(unsupported("a SELECT without FROM")),
        _ => return Err(unsupported_but("a list of tables with commas", "write JOIN ... ON")),
    };
    let (mut named, mut as_of) = (Vec::new(), None);
    named.push(table(&from.relation, values, &mut as_of)?);
    let mut joins = Vec::with_capacity(from.joins.len());
    for join in &from.joins {
        refuse_if(join.global, "GLOBAL JOIN")?;
        joins.push(kind(join)?);
        named.push(table(&join.relation, values, &mut as_of)?);
    }
    Ok(Tables { scope: Scope::new(named)?, as_of, joins })
}

fn kind(join: &Join) -> Result<(JoinKind, &JoinConstraint)> {
    match &join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => Ok((JoinKind::Inner, constraint)),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => Ok((JoinKind::Left, constraint)),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => {
            Err(unsupported_but("RIGHT JOIN", "exchange the tables and write LEFT JOIN"))
        }
        JoinOperator::FullOuter(_) => Err(unsupported("FULL JOIN")),
        JoinOperator::CrossJoin(_) => Err(unsupported_but("CROSS JOIN", "a join needs equal fields: JOIN ... ON")),
        _ => Err(unsupported_text(join)),
    }
}

fn table(factor: &TableFactor, values: &Values<'_>, as_of: &mut Option<Arg<Moment>>) -> Result<Table> {
    let (name, alias, version) = match factor {
        TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version,
            with_ordinality: false,
            partitions,
            json_path: None,
            sample: None,
            index_hints,
        } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => (name, alias, version),
        TableFactor::Derived { .. } => return Err(unsupported("a subquery in FROM")),
        TableFactor::NestedJoin { .. } => return Err(unsupported("parentheses around tables")),
        TableFactor::Table { args: Some(_), .. } | TableFactor::TableFunction { .. } | TableFactor::Function { .. } => {
            return Err(unsupported("a function in FROM"));
        }
        TableFactor::Table { .. } => return Err(unsupported("a hint, sample or partition of a table")),
        other => return Err(unsupported_text(other)),
    };
    match version {
        None => {}
        Some(TableVersion::ForSystemTimeAsOf(moment)) => note_moment(moment, values, as_of)?,
        Some(TableVersion::TimestampAsOf(_) | TableVersion::VersionAsOf(_)) => {
            return Err(unsupported_but("TIMESTAMP AS OF or VERSION AS OF", "write AS OF and a seq or a time"));
        }
        Some(_) => return Err(unsupported_but("this way to name a moment", "write AS OF and a seq or a time")),
    }
    let (collection, name) = (Collection::new(single_name(name)?)?, alias_of(alias.as_ref())?);
    Ok(Table { name: name.unwrap_or_else(|| collection.as_str().to_owned()), collection })
}

fn note_moment(moment: &Expr, values: &Values<'_>, as_of: &mut Option<Arg<Moment>>) -> Result<()> {
    let moment = values.moment(moment)?;
    match as_of {
        Some(known) if *known != moment => Err(unsupported("a join of tables as of different moments")),
        _ => {
            *as_of = Some(moment);
            Ok(())
        }
    }
}

fn alias_of(alias: Option<&TableAlias>) -> Result<Option<String>> {
    let Some(alias) = alias else { return Ok(None) };
    refuse_if(!alias.columns.is_empty(), "an alias of a table with columns")?;
    refuse_if(alias.at.is_some(), "AT behind an alias")?;
    Ok(Some(alias.name.value.clone()))
}
