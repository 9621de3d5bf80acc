//! GROUP BY, aggregates, HAVING and DISTINCT.
//!
//! DISTINCT is a group by its columns without a figure. A plan's SUM of no number is 0; the mean stands beside it and tells
//! where SQL's is null. What a name means that is a column's and an alias's stands in `by`.

use std::collections::BTreeMap;

use nedb_nql::{Aggregate, Grouping, InList, OrderKey, Selection, column_name};
use nedb_types::{FieldPath, Result};
use sqlparser::ast::{Expr, OrderByExpr};

use super::{
    Clauses, Parts, by,
    items::{Item, figure},
    order,
};
use crate::sql::{
    condition::{Conditions, Effort, Subject, unless_always},
    params::Values,
    refusal::{unsupported, unsupported_expr, wrong},
    scope::Scope,
    shape::{Shape, Shown},
};

/// Everything behind the filter, with the shape of the rows.
pub(super) fn parts(
    clauses: &Clauses<'_>,
    scope: &Scope,
    items: &[Item],
    values: &Values<'_>,
) -> Result<(Parts, Shape)> {
    let mut groups = Groups::new(clauses, scope, items, values)?;
    let columns: Vec<Shown> = items.iter().map(|item| groups.shown(item)).collect::<Result<_>>()?;
    let having = match &clauses.select.having {
        Some(having) => groups.having(having)?,
        None => None,
    };
    let keys = clauses.order.iter().map(|written| groups.order_key(written)).collect::<Result<Vec<_>>>()?;
    let (select, shape) = groups.selection(columns, &keys);
    let Groups { by, aggregates, .. } = groups;
    let grouping = Grouping { by, aggregates: sorted_out(aggregates), having };
    check_columns(&grouping)?;
    let (limit, offset) = (clauses.limit.clone(), clauses.offset.clone());
    Ok((Parts { grouping: Some(grouping), order: keys, limit, offset, select }, shape))
}

/// A grouping while it is put together.
struct Groups<'g> {
    scope: &'g Scope,
    items: &'g [Item],
    values: &'g Values<'g>,
    by: Vec<FieldPath>,
    aggregates: Vec<Aggregate>,
}

impl<'g> Groups<'g> {
    fn new(clauses: &Clauses<'_>, scope: &'g Scope, items: &'g [Item], values: &'g Values<'g>) -> Result<Self> {
        let mut groups = Self { scope, items, values, by: Vec::new(), aggregates: Vec::new() };
        let has_figures = items.iter().any(|item| matches!(item, Item::Figure { .. }));
        if clauses.is_distinct {
            if has_figures || !clauses.group_by.is_empty() || clauses.select.having.is_some() {
                return Err(unsupported("DISTINCT beside GROUP BY, HAVING or an aggregate"));
            }
            for item in items {
                match item {
                    Item::Column { path, .. } => groups.by_column(path.clone()),
                    _ => return Err(unsupported("DISTINCT with a star")),
                }
            }
        }
        by::columns(clauses.group_by, scope, items)?.into_iter().for_each(|path| groups.by_column(path));
        Ok(groups)
    }

    fn by_column(&mut self, path: FieldPath) {
        if !self.by.contains(&path) {
            self.by.push(path);
        }
    }

    /// The column of an item.
    fn shown(&mut self, item: &Item) -> Result<Shown> {
        match item {
            Item::Everything | Item::EverythingOf(_) => {
                Err(wrong("a star cannot stand beside GROUP BY or an aggregate"))
            }
            Item::Column { name, path } => {
                self.check_grouped(path)?;
                Ok(Shown::Column { from: column_name(path), name: name.clone() })
            }
            Item::Figure { name, aggregate } => {
                Ok(Shown::Column { from: self.column_of(aggregate.clone()), name: name.clone() })
            }
        }
    }

    fn check_grouped(&self, path: &FieldPath) -> Result<()> {
        if self.by.contains(path) {
            return Ok(());
        }
        let name = column_name(path);
        Err(wrong(format!("the column {name} stands neither in GROUP BY nor in an aggregate")))
    }

    /// The name of the column of a figure, which is computed from now on.
    fn column_of(&mut self, aggregate: Aggregate) -> String {
        let column = aggregate.column();
        if let Aggregate::Sum(path) = &aggregate {
            let mean = Aggregate::Avg(path.clone());
            if !self.aggregates.contains(&mean) {
                self.aggregates.push(mean);
            }
        }
        if !self.aggregates.contains(&aggregate) {
            self.aggregates.push(aggregate);
        }
        column
    }

    /// What an expression of HAVING or ORDER BY leads to: a column of GROUP BY, else an alias.
    fn subject(&mut self, expr: &Expr) -> Result<Option<Subject>> {
        if let Some(path) = by::column(expr, self.scope)?
            && self.by.contains(&path)
        {
            return Ok(Some(Subject::plain(path)));
        }
        let aggregate = match (order::item_aliased(expr, self.items), expr) {
            (Some(Item::Figure { aggregate, .. }), _) => aggregate.clone(),
            (Some(Item::Column { path, .. }), _) => return self.grouped(path.clone()).map(Some),
            (_, Expr::Function(function)) => figure(function, self.scope, self.values)?.aggregate,
            (_, Expr::Nested(inner)) => return self.subject(inner),
            _ => {
                let Some(column) = self.scope.column(expr)? else { return Ok(None) };
                let path = self.scope.row_path(&column)?;
                return self.grouped(path).map(Some);
            }
        };
        let path = FieldPath::field(self.column_of(aggregate.clone()));
        let null_path = match aggregate {
            Aggregate::Sum(summed) => FieldPath::field(Aggregate::Avg(summed).column()),
            _ => path.clone(),
        };
        Ok(Some(Subject { path, null_path }))
    }

    fn grouped(&self, path: FieldPath) -> Result<Subject> {
        self.check_grouped(&path)?;
        Ok(Subject::plain(path))
    }

    fn having(&mut self, having: &Expr) -> Result<Option<nedb_nql::Expr>> {
        let values = self.values;
        // The translation asks for subjects while it walks; each may add a figure.
        let groups = std::cell::RefCell::new(self);
        let subject = |expr: &Expr| groups.borrow_mut().subject(expr);
        let kept = unless_always(Conditions { values, subject: &subject, effort: &Effort::default() }.is_true(having)?);
        Ok(match kept {
            Some(nedb_nql::Expr::Or(parts)) if parts.is_empty() => groups.into_inner().never(),
            kept => kept,
        })
    }

    /// The condition that no group satisfies, said of a column that groups have: a plain one would speak of `_id` in NQL.
    fn never(&self) -> Option<nedb_nql::Expr> {
        let figure = || self.aggregates.first().map(|aggregate| FieldPath::field(aggregate.column()));
        let path = self.by.first().cloned().or_else(figure)?;
        Some(nedb_nql::Expr::In { path, list: InList::Items(Vec::new()) })
    }

    fn order_key(&mut self, written: &OrderByExpr) -> Result<OrderKey> {
        let path = match order::item_named(&written.expr, self.items)? {
            Some(Item::Column { path, .. }) => self.grouped(path.clone())?.path,
            Some(Item::Figure { aggregate, .. }) => FieldPath::field(self.column_of(aggregate.clone())),
            _ => match self.subject(&written.expr)? {
                Some(subject) => subject.path,
                None => return Err(unsupported_expr(&written.expr)),
            },
        };
        order::key(written, path)
    }

    /// The columns that the plan gives, and how rows are made of them.
    fn selection(&self, columns: Vec<Shown>, keys: &[OrderKey]) -> (Selection, Shape) {
        let mut sums = BTreeMap::new();
        for aggregate in &self.aggregates {
            if let Aggregate::Sum(path) = aggregate {
                sums.insert(aggregate.column(), Aggregate::Avg(path.clone()).column());
            }
        }
        let mut needed: Vec<FieldPath> = Vec::new();
        let mut need = |path: FieldPath| {
            if !needed.iter().any(|known| column_name(known) == column_name(&path)) {
                needed.push(path);
            }
        };
        for shown in &columns {
            let (Shown::Column { from, .. } | Shown::Fields { from }) = shown;
            let key = self.by.iter().find(|path| column_name(path) == *from);
            need(key.cloned().unwrap_or_else(|| FieldPath::field(from.clone())));
        }
        keys.iter().filter(|key| sums.contains_key(&column_name(&key.path))).for_each(|key| need(key.path.clone()));
        let mut is_as_it_is = columns.iter().all(|shown| matches!(shown, Shown::Column { from, name } if from == name));
        is_as_it_is &= needed.len() == columns.len();
        let shown_sums: Vec<String> = needed.iter().filter_map(|path| sums.get(&column_name(path)).cloned()).collect();
        is_as_it_is &= shown_sums.is_empty();
        for mean in shown_sums {
            if !needed.iter().any(|known| column_name(known) == mean) {
                needed.push(FieldPath::field(mean));
            }
        }
        (Selection::Fields(needed), Shape { columns: (!is_as_it_is).then_some(columns), sums })
    }
}

/// COUNT first, then the others: the order in which the query language gives them.
fn sorted_out(mut aggregates: Vec<Aggregate>) -> Vec<Aggregate> {
    aggregates.sort_by_key(|aggregate| *aggregate != Aggregate::Count);
    aggregates
}

/// Refuses groups two of whose columns have one name, such as a field that is called count.
fn check_columns(grouping: &Grouping<Option<nedb_nql::Expr>>) -> Result<()> {
    let mut columns = grouping.columns();
    columns.sort_unstable();
    match columns.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        None => Ok(()),
        Some(name) => Err(unsupported(format!("a group with two columns {name}"))),
    }
}
