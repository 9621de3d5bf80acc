//! UPDATE: a new version of each row that WHERE keeps, with some fields set.
//!
//! A row keeps its lifetime and its valid time; why it was written before is no reason for the new version.

use nedb::{Database, Expected, Op, Params, QueryOptions, QueryRow, RESERVED_FIELDS, WriteBatch};
use nedb_nql::{Arg, column_name};
use nedb_types::{Error, ErrorCode, FieldPath, Object, PathStep, Result, Timestamp, Value};
use sqlparser::ast::{Assignment, AssignmentTarget, Update};

use super::{id_of, seq_of, tables, write_matching};
use crate::{
    optimistic::add,
    sql::{
        answer::SqlWritten,
        params::Values,
        refusal::{refuse_if, unsupported, unsupported_but, unsupported_expr, wrong},
        scope::Scope,
        select::collection_query,
    },
};

/// Most columns of one SET: each is compared with the others, and looked for among the fields of each row.
const SQL_ASSIGNMENTS_MAX: usize = 4096;

/// What a field is set to.
enum Source {
    Value(Value),
    /// What the row has in another field.
    Column(FieldPath),
}

/// Runs an UPDATE.
pub(in crate::sql) fn update(
    db: &Database,
    update: &Update,
    values: &Values<'_>,
    options: &QueryOptions,
) -> Result<SqlWritten> {
    refuse_if(update.from.is_some(), "UPDATE ... FROM")?;
    refuse_if(update.or.is_some(), "UPDATE OR")?;
    refuse_if(update.returning.is_some() || update.output.is_some(), "RETURNING")?;
    refuse_if(!update.order_by.is_empty() || update.limit.is_some(), "ORDER BY or LIMIT in UPDATE")?;
    let tables = tables(std::slice::from_ref(&update.table), values)?;
    refuse_if(tables.scope.is_join(), "JOIN in UPDATE")?;
    refuse_if(tables.as_of.is_some(), "AS OF in UPDATE")?;
    let assignments = assignments(&update.assignments, &tables.scope, values)?;
    let plan = collection_query(&tables, update.selection.as_ref(), values)?.plan(&Params::new())?;
    let collection = plan.collection.as_str();
    write_matching(db, collection, |snapshot| {
        let mut batch = WriteBatch::new();
        for row in snapshot.execute(&plan, options)? {
            add(&mut batch, changed(&row?, collection, &assignments)?)?;
        }
        Ok(batch)
    })
}

fn assignments(written: &[Assignment], scope: &Scope, values: &Values<'_>) -> Result<Vec<(FieldPath, Source)>> {
    let (max, actual) = (SQL_ASSIGNMENTS_MAX as u64, written.len() as u64);
    if actual > max {
        let what = "number of columns that SET names";
        return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "SQL_ASSIGNMENTS_MAX", max, actual));
    }
    let mut assignments: Vec<(FieldPath, Source)> = Vec::with_capacity(written.len());
    for Assignment { target, value } in written {
        let path = target_path(target, scope)?;
        if assignments.iter().any(|(known, _)| *known == path) {
            return Err(wrong(format!("the column {} is set twice", column_name(&path))));
        }
        let source = match scope.column(value)? {
            Some(column) => Source::Column(column.path),
            None => match values.constant(value)? {
                Some(Arg::Given(value)) => Source::Value(value),
                Some(Arg::Param(_)) | None => return Err(unsupported_expr(value)),
            },
        };
        assignments.push((path, source));
    }
    Ok(assignments)
}

fn target_path(target: &AssignmentTarget, scope: &Scope) -> Result<FieldPath> {
    let AssignmentTarget::ColumnName(name) = target else { return Err(unsupported("SET of several columns at once")) };
    let steps = scope.target(name)?;
    if let Some(PathStep::Field(field)) = steps.first() {
        if field == "id" && steps.len() == 1 {
            return Err(unsupported_but("SET id", "an id stays: insert the row anew and delete the old one"));
        }
        if RESERVED_FIELDS.contains(&field.as_str()) {
            return Err(unsupported_but(&format!("SET {field}"), "the database makes it"));
        }
    }
    FieldPath::from_steps(steps)
}

/// The operation that writes the row with its fields set.
fn changed(row: &QueryRow, collection: &str, assignments: &[(FieldPath, Source)]) -> Result<Op> {
    let id = id_of(row)?;
    let Value::Object(before) = row.document().as_document().to_value()? else {
        return Err(Error::corrupt("a row of a collection is no object"));
    };
    let mut after = before.clone();
    for (path, source) in assignments {
        let value = match source {
            Source::Value(value) => value.clone(),
            Source::Column(column) => {
                row.document().as_document().get_path(column)?.map_or(Ok(Value::Null), |value| value.to_value())?
            }
        };
        set(&mut after, path.steps(), value).map_err(|error| error.context(format!("SET {path}")))?;
    }
    let text = |name: &str| before.get(name).and_then(Value::as_str);
    let mut op = Op::put(collection, id, after).if_seq(Expected::Seq(seq_of(row)?));
    if let Some(at) = text("_expires_at") {
        op = op.expires_at(Timestamp::parse(at)?);
    }
    if let Some(from) = text("_valid_from") {
        op = op.valid_from(from);
    }
    if let Some(to) = text("_valid_to") {
        op = op.valid_to(to);
    }
    Ok(op)
}

/// Sets a field; objects on the way are made where nothing is.
fn set(object: &mut Object, steps: &[PathStep], value: Value) -> Result<()> {
    let Some((PathStep::Field(name), rest)) = steps.split_first() else {
        return Err(unsupported("an element of an array on the left of SET"));
    };
    if rest.is_empty() {
        object.insert(name.as_str(), value);
        return Ok(());
    }
    if matches!(object.get(name), None | Some(Value::Null)) {
        object.insert(name.as_str(), Value::Object(Object::new()));
    }
    match object.get_mut(name) {
        Some(Value::Object(inner)) => set(inner, rest, value),
        _ => Err(wrong(format!("the field {name} of a row is no object, so that nothing can be set inside it"))),
    }
}
