//! DELETE.

use nedb::{Database, Expected, Op, Params, QueryOptions, WriteBatch};
use nedb_nql::Selection;
use nedb_types::{FieldPath, Result};
use sqlparser::ast::{Delete, FromTable};

use super::{id_of, seq_of, tables, write_matching};
use crate::{
    optimistic::add,
    sql::{
        answer::SqlWritten,
        params::Values,
        refusal::{refuse_if, unsupported},
        select::collection_query,
    },
};

/// Runs a DELETE.
pub(in crate::sql) fn delete(
    db: &Database,
    delete: &Delete,
    values: &Values<'_>,
    options: &QueryOptions,
) -> Result<SqlWritten> {
    refuse_if(!delete.tables.is_empty() || delete.using.is_some(), "DELETE of several tables")?;
    refuse_if(delete.returning.is_some() || delete.output.is_some(), "RETURNING")?;
    refuse_if(!delete.order_by.is_empty() || delete.limit.is_some(), "ORDER BY or LIMIT in DELETE")?;
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let tables = tables(from, values)?;
    refuse_if(tables.scope.is_join(), "JOIN in DELETE")?;
    if tables.as_of.is_some() {
        return Err(unsupported("AS OF in DELETE"));
    }
    let mut query = collection_query(&tables, delete.selection.as_ref(), values)?;
    query.select = Selection::Fields(vec![FieldPath::field("_id")]);
    let plan = query.plan(&Params::new())?;
    let collection = plan.collection.as_str();
    write_matching(db, collection, |snapshot| {
        let mut batch = WriteBatch::new();
        for row in snapshot.execute(&plan, options)? {
            let row = row?;
            add(&mut batch, Op::delete(collection, id_of(&row)?).if_seq(Expected::Seq(seq_of(&row)?)))?;
        }
        Ok(batch)
    })
}
