//! From the stored form to Python objects.

use nedb::{DocumentRef, Error, Timestamp, Value, ValueRef};
use nedb_types::{
    BigInt,
    document::{ArrayRef, ObjectRef},
    limits::NESTING_MAX,
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyInt, PyList, PyString},
};

use super::{DATETIME_US, DAY_US, SECOND_US, names::Names, python_types};
use crate::failure::{Raise, raised};

/// The fields of a document as a fresh dict.
pub fn dict_of<'py>(py: Python<'py>, document: &DocumentRef<'_>) -> PyResult<Bound<'py, PyDict>> {
    Names::with(|names| object(py, names, &document.root(), 1))
}

/// A value in stored form.
pub fn stored_to_python<'py>(py: Python<'py>, value: &ValueRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    Names::with(|names| any(py, names, value, 1))
}

/// A value that is not in stored form.
pub fn value_to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let stored = nedb_types::document::encode_value(value).or_raise()?;
    let value = ValueRef::read(&stored).or_raise()?;
    Names::with(|names| any(py, names, &value, 1))
}

/// Named values as a dict behind what it has already.
pub fn pairs_of(py: Python<'_>, dict: &Bound<'_, PyDict>, pairs: &[(&'static str, Value)]) -> PyResult<()> {
    for (name, value) in pairs {
        let value = match value {
            Value::String(text) => PyString::new(py, text).into_any(),
            other => value_to_python(py, other)?,
        };
        Names::with(|names| names.set(dict, name, value))?;
    }
    Ok(())
}

fn object<'py>(
    py: Python<'py>,
    names: &mut Names,
    object: &ObjectRef<'_>,
    level: usize,
) -> PyResult<Bound<'py, PyDict>> {
    check_level(level)?;
    let dict = PyDict::new(py);
    for field in object.iter() {
        let (name, value) = field.or_raise()?;
        let value = any(py, names, &value, level + 1)?;
        names.set(&dict, name, value)?;
    }
    Ok(dict)
}

fn array<'py>(py: Python<'py>, names: &mut Names, array: &ArrayRef<'_>, level: usize) -> PyResult<Bound<'py, PyList>> {
    check_level(level)?;
    let list = PyList::empty(py);
    for element in array.iter() {
        list.append(any(py, names, &element.or_raise()?, level + 1)?)?;
    }
    Ok(list)
}

/// Refuses nesting that no writer produces, before the stack is at its end.
fn check_level(level: usize) -> PyResult<()> {
    if level > NESTING_MAX {
        return Err(raised(&Error::corrupt(format!("value: it nests deeper than {NESTING_MAX}"))));
    }
    Ok(())
}

fn any<'py>(py: Python<'py>, names: &mut Names, value: &ValueRef<'_>, level: usize) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        ValueRef::Null => py.None().into_bound(py),
        ValueRef::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        ValueRef::I64(integer) => integer.into_pyobject(py)?.into_any(),
        ValueRef::BigInt(integer) => wide_integer(py, integer.get())?,
        ValueRef::F64(float) => float.get().into_pyobject(py)?.into_any(),
        ValueRef::Decimal(decimal) => python_types::decimal(py)?.call1((decimal.to_string(),))?,
        ValueRef::String(text) => PyString::new(py, text).into_any(),
        ValueRef::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
        ValueRef::DateTime(moment) => datetime(py, *moment)?,
        ValueRef::Uuid(bytes) => python_types::uuid(py)?.call1((py.None(), PyBytes::new(py, bytes.as_slice())))?,
        ValueRef::ObjectId(bytes) => python_types::object_id(py)?.call1((PyBytes::new(py, bytes.as_slice()),))?,
        ValueRef::Array(elements) => array(py, names, elements, level)?.into_any(),
        ValueRef::Object(fields) => object(py, names, fields, level)?.into_any(),
    })
}

fn wide_integer<'py>(py: Python<'py>, integer: &BigInt) -> PyResult<Bound<'py, PyAny>> {
    let bytes = integer.to_signed_bytes_le();
    let signed = PyDict::new(py);
    signed.set_item("signed", true)?;
    py.get_type::<PyInt>().call_method("from_bytes", (PyBytes::new(py, &bytes), "little"), Some(&signed))
}

/// The moment as an aware `datetime`; as its text where Python has none, so that such a document can be read.
fn datetime(py: Python<'_>, moment: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let micros = moment.as_micros();
    if !DATETIME_US.contains(&micros) {
        return Ok(PyString::new(py, &moment.to_string()).into_any());
    }
    let (days, rest) = (micros.div_euclid(DAY_US), micros.rem_euclid(DAY_US));
    let delta = python_types::timedelta(py)?.call1((days, rest / SECOND_US, rest % SECOND_US))?;
    python_types::epoch(py)?.add(delta)
}
