//! Rows as JSON, with every sample, for programs that compare runs.

use nedb::{Object, Result, Value};
use nedb_types::document::value_to_json;

use crate::{Row, Sample, Series, Unit};

/// All rows as a JSON array.
pub fn json(rows: &[Row]) -> Result<String> {
    let rows: Result<Vec<Value>> = rows.iter().map(row).collect();
    value_to_json(&Value::Array(rows?))
}

fn row(row: &Row) -> Result<Value> {
    let mut object = Object::new();
    object.insert("operation", row.operation);
    object.insert("target", row.target);
    object.insert("unit", unit(row.unit));
    object.insert("nedb", series(&row.nedb)?);
    let peers: Result<Vec<Value>> = row.peers.iter().map(series).collect();
    object.insert("peers", Value::Array(peers?));
    if let Some(ratio) = row.ratio_to_best_peer() {
        object.insert("ratio_to_best_peer", number(ratio)?);
    }
    if let Some(limit) = &row.limit {
        object.insert("limit", series(limit)?);
    }
    object.insert("note", row.note.as_str());
    Ok(Value::Object(object))
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "ns",
        Unit::PerSecond => "per_second",
        Unit::Bytes => "bytes",
    }
}

fn series(series: &Series) -> Result<Value> {
    let mut object = Object::new();
    object.insert("name", series.name);
    object.insert("median", number(series.median())?);
    let samples: Result<Vec<Value>> = series.samples.iter().map(sample).collect();
    object.insert("samples", Value::Array(samples?));
    Ok(Value::Object(object))
}

fn sample(sample: &Sample) -> Result<Value> {
    let mut object = Object::new();
    object.insert("value", number(sample.value)?);
    if let Some(cpu_ns) = sample.cpu_ns {
        object.insert("cpu_ns", number(cpu_ns)?);
    }
    if let Some(flushes) = sample.flushes {
        object.insert("flushes", number(flushes)?);
    }
    Ok(Value::Object(object))
}

/// A number that JSON can hold; a rate over no time is shown as null.
fn number(value: f64) -> Result<Value> {
    if value.is_finite() { Value::float(value) } else { Ok(Value::Null) }
}
