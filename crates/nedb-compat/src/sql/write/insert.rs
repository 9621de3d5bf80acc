//! INSERT: one document for each row of VALUES.
//!
//! The id is the value of `_id`, else of `id`, else a new one. `_id` is no field of the document; `id` stays one, with its type.

use std::collections::BTreeSet;

use nedb::{Database, Detail, ErrorCode, Expected, Op, RESERVED_FIELDS, WriteBatch};
use nedb_nql::Arg;
use nedb_types::{Collection, DocId, Error, Object, Result, Value, hex};
use sqlparser::ast::{Expr, Insert, SetExpr, SqliteOnConflict, TableObject};

use crate::sql::{
    answer::SqlWritten,
    params::Values,
    refusal::{refuse_if, unsupported, unsupported_body, unsupported_but, unsupported_expr, wrong, wrong_value},
    scope::{column_to_insert, single_name},
    select::refuse_query_parts,
};

/// Runs an INSERT.
pub(in crate::sql) fn insert(db: &Database, insert: &Insert, values: &Values<'_>) -> Result<SqlWritten> {
    refuse_parts(insert)?;
    let TableObject::TableName(name) = &insert.table else {
        return Err(unsupported("INSERT into something but a table"));
    };
    let collection = Collection::new(single_name(name)?)?;
    let columns = columns(insert)?;
    let is_replacing = match &insert.or {
        None => false,
        Some(SqliteOnConflict::Replace) => true,
        Some(other) => return Err(unsupported(format!("INSERT {other}"))),
    };
    let (mut batch, mut ids) = (WriteBatch::with_capacity(columns.rows.len()), Vec::with_capacity(columns.rows.len()));
    let mut known = BTreeSet::new();
    for row in &columns.rows {
        let (id, document) = document(db, &columns.names, row, values)?;
        if !is_replacing && !known.insert(id.clone()) {
            return Err(duplicate(&collection, &id.to_string()));
        }
        let op = Op::put(collection.as_str(), &id, document);
        batch.push(if is_replacing { op } else { op.if_seq(Expected::Missing) });
        ids.push(id);
    }
    let rowcount = batch.len() as u64;
    let receipt = db.write(batch).map_err(|error| explained(&collection, error))?;
    Ok(SqlWritten { rowcount, seq: receipt.last_seq, ids })
}

/// The names of the columns and the rows of values.
struct Columns<'i> {
    names: Vec<&'i str>,
    rows: Vec<&'i [Expr]>,
}

fn columns(insert: &Insert) -> Result<Columns<'_>> {
    if insert.columns.is_empty() {
        return Err(unsupported_but("INSERT without a list of columns", "a collection has none of its own"));
    }
    let names: Vec<&str> = insert.columns.iter().map(column_to_insert).collect::<Result<_>>()?;
    for (position, name) in names.iter().enumerate() {
        if names.iter().take(position).any(|before| before == name) {
            return Err(wrong(format!("INSERT names the column {name} twice")));
        }
        if *name != "_id" && RESERVED_FIELDS.contains(name) {
            return Err(unsupported_but(&format!("INSERT of the column {name}"), "the database makes it"));
        }
    }
    let Some(source) = &insert.source else { return Err(unsupported("INSERT without VALUES")) };
    refuse_query_parts(source)?;
    refuse_if(source.order_by.is_some(), "ORDER BY in INSERT")?;
    refuse_if(source.limit_clause.is_some(), "LIMIT or OFFSET in INSERT")?;
    let rows = match source.body.as_ref() {
        SetExpr::Values(rows) => &rows.rows,
        SetExpr::Select(_) => return Err(unsupported("INSERT ... SELECT")),
        other => return Err(unsupported_body(other)),
    };
    let rows: Vec<&[Expr]> = rows.iter().map(|row| row.content.as_slice()).collect();
    match rows.iter().find(|row| row.len() != names.len()) {
        None => Ok(Columns { names, rows }),
        Some(row) => Err(wrong(format!("INSERT has {} columns, but a row of {} values", names.len(), row.len()))),
    }
}

fn document(db: &Database, names: &[&str], row: &[Expr], values: &Values<'_>) -> Result<(DocId, Object)> {
    let mut document = Object::new();
    let (mut own_id, mut id) = (Value::Null, Value::Null);
    for (name, expr) in names.iter().zip(row) {
        let Arg::Given(value) = values.expect_constant(expr)? else { return Err(unsupported_expr(expr)) };
        match *name {
            "_id" => own_id = value,
            "id" if value == Value::Null => {}
            "id" => {
                document.insert("id", value.clone());
                id = value;
            }
            name => {
                document.insert(name, value);
            }
        }
    }
    let deciding = if own_id == Value::Null { &id } else { &own_id };
    let id = match id_of(deciding)? {
        Some(id) => id,
        None => generated_id(db)?,
    };
    Ok((id, document))
}

/// An object id as 24 hexadecimal digits.
fn generated_id(db: &Database) -> Result<DocId> {
    DocId::new(hex::encode(&db.new_object_id()))
}

/// The id that a value is; none for null.
fn id_of(value: &Value) -> Result<Option<DocId>> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::I64(number) => number.to_string(),
        Value::Bytes(bytes) => return DocId::new(bytes).map(Some),
        Value::Uuid(uuid) => hex::encode_uuid(uuid),
        Value::ObjectId(id) => hex::encode(id),
        other => {
            return Err(wrong_value(format!(
                "an id is text, an integer, a UUID or bytes, not this {}",
                other.type_name()
            )));
        }
    };
    DocId::new(text).map(Some)
}

/// An id that is taken is told as such.
fn explained(collection: &Collection, error: Error) -> Error {
    if error.code() != ErrorCode::PreconditionFailed {
        return error;
    }
    match error.detail() {
        Detail::Preconditions(failures) => match failures.first() {
            Some(failure) => duplicate(collection, &failure.id).with_source(error),
            None => error,
        },
        _ => error,
    }
}

#[cold]
fn duplicate(collection: &Collection, id: &str) -> Error {
    Error::new(ErrorCode::SqlDuplicateKey, format!("{collection} has a row with the id {id:?} already"))
}

fn refuse_parts(insert: &Insert) -> Result<()> {
    refuse_if(insert.returning.is_some() || insert.output.is_some(), "RETURNING")?;
    refuse_if(insert.on.is_some(), "ON CONFLICT or ON DUPLICATE KEY")?;
    refuse_if(insert.ignore, "INSERT IGNORE")?;
    refuse_if(insert.overwrite || insert.has_table_keyword, "INSERT OVERWRITE or INSERT INTO TABLE")?;
    refuse_if(insert.table_alias.is_some() || insert.insert_alias.is_some(), "an alias in INSERT")?;
    refuse_if(!insert.assignments.is_empty(), "INSERT ... SET")?;
    refuse_if(insert.partitioned.is_some() || !insert.after_columns.is_empty(), "PARTITION in INSERT")?;
    refuse_if(insert.priority.is_some(), "a priority of INSERT")?;
    refuse_if(insert.settings.is_some() || insert.format_clause.is_some(), "SETTINGS or FORMAT")?;
    refuse_if(insert.multi_table_insert_type.is_some(), "INSERT into several tables")
}
