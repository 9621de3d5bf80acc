//! The order of values that are equal but written differently, such as 1 and 1.0.
//!
//! Where one of them must stand for all, the choice must not depend on which came first.

use std::cmp::Ordering;

use nedb_types::{Result, Value, document::encode_value};

/// Orders the forms of values that sort alike: integers before floats before decimals, then as they are written.
///
/// # Errors
///
/// `invalid_value` for a value that cannot be stored.
///
/// # Examples
///
/// ```
/// use nedb_nql::aggregate::compare_forms;
/// use nedb_types::Value;
///
/// assert!(compare_forms(&Value::from(1), &Value::float(1.0)?)?.is_lt());
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn compare_forms(a: &Value, b: &Value) -> Result<Ordering> {
    match (a, b) {
        (Value::I64(_), Value::I64(_)) | (Value::String(_), Value::String(_)) => Ok(Ordering::Equal),
        (Value::F64(a), Value::F64(b)) => Ok(a.get().total_cmp(&b.get())),
        (Value::Decimal(a), Value::Decimal(b)) => Ok(a.to_string().cmp(&b.to_string())),
        // The tags of stored values put integers before floats before decimals.
        _ => Ok(encode_value(a)?.cmp(&encode_value(b)?)),
    }
}
