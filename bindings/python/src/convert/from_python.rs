//! From Python objects to the stored form.
//!
//! Promises: the document is written as it is read, without a tree of values in between; an error says where the value is.

use std::cell::Cell;

use nedb::{DocumentBuf, Error, ErrorCode, Timestamp, Value, ValueRef};
use nedb_types::{BigInt, Decimal, Float, document::DocumentBuilder};
use pyo3::{
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple},
};

use super::{DAY_US, SECOND_US, python_types};
use crate::failure::Fault;

type Converted<T = ()> = Result<T, Fault>;

thread_local! {
    /// The buffers of the last document of this thread.
    static BUILDER: Cell<DocumentBuilder> = const { Cell::new(DocumentBuilder::new()) };
}

/// The stored form of a dict.
pub fn document_of(dict: &Bound<'_, PyDict>) -> PyResult<DocumentBuf> {
    with_builder(|builder| {
        object(builder, dict)?;
        Ok(builder.finish()?)
    })
}

/// A value outside a document, such as a parameter of a query.
pub fn value_of(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    with_builder(|builder| {
        any(builder, value)?;
        Ok(ValueRef::read(&builder.finish_value()?)?.to_value()?)
    })
}

/// The moment of an aware `datetime`; `None` when the object is none.
pub fn timestamp_of(value: &Bound<'_, PyAny>) -> PyResult<Option<Timestamp>> {
    if !value.is_instance(python_types::datetime(value.py())?)? {
        return Ok(None);
    }
    Ok(moment(value).map(Some)?)
}

/// Calls with this thread's builder. Conversion may run Python code that comes back here: that call gets a builder of its own.
fn with_builder<T>(write: impl FnOnce(&mut DocumentBuilder) -> Converted<T>) -> PyResult<T> {
    let mut builder = BUILDER.take();
    let written = write(&mut builder);
    builder.clear();
    BUILDER.set(builder);
    Ok(written?)
}

fn object(builder: &mut DocumentBuilder, dict: &Bound<'_, PyDict>) -> Converted {
    builder.begin_object()?;
    // Conversion may run Python code that changes the dict: what is written are the fields that it had.
    for field in dict.items() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = field.extract()?;
        let Ok(name) = key.cast::<PyString>() else {
            let message = format!("the key {} is no str", key.repr()?);
            return Err(Error::new(ErrorCode::InvalidValue, message).into());
        };
        let name = text(name)?;
        builder.key(&name)?;
        any(builder, &value).map_err(|fault| fault.under(|error| error.under_field(&name)))?;
    }
    Ok(builder.end()?)
}

fn array<'py>(builder: &mut DocumentBuilder, elements: impl Iterator<Item = Bound<'py, PyAny>>) -> Converted {
    builder.begin_array()?;
    for (position, element) in elements.enumerate() {
        any(builder, &element).map_err(|fault| fault.under(|error| error.under_index(position)))?;
    }
    Ok(builder.end()?)
}

/// The text of a `str`; a lone surrogate has no UTF-8 form.
fn text<'a>(value: &'a Bound<'_, PyString>) -> Converted<std::borrow::Cow<'a, str>> {
    value.to_cow().map_err(|error| {
        let message = format!("the text has no UTF-8 form: {error}");
        Error::new(ErrorCode::InvalidValue, message).into()
    })
}

fn any(builder: &mut DocumentBuilder, value: &Bound<'_, PyAny>) -> Converted {
    if let Ok(value) = value.cast::<PyString>() {
        builder.string(&text(value)?)?;
    } else if let Ok(value) = value.cast::<PyBool>() {
        builder.bool(value.is_true())?;
    } else if let Ok(value) = value.cast::<PyInt>() {
        integer(builder, value)?;
    } else if let Ok(value) = value.cast::<PyFloat>() {
        builder.float(Float::new(value.value())?)?;
    } else if value.is_none() {
        builder.null()?;
    } else if let Ok(value) = value.cast::<PyDict>() {
        object(builder, value)?;
    } else if let Ok(value) = value.cast::<PyList>() {
        array(builder, value.iter())?;
    } else if let Ok(value) = value.cast::<PyTuple>() {
        array(builder, value.iter())?;
    } else {
        rare(builder, value)?;
    }
    Ok(())
}

fn integer(builder: &mut DocumentBuilder, value: &Bound<'_, PyInt>) -> Converted {
    if let Ok(small) = value.extract::<i64>() {
        return Ok(builder.i64(small)?);
    }
    let bits: usize = value.call_method0("bit_length")?.extract()?;
    let signed = PyDict::new(value.py());
    signed.set_item("signed", true)?;
    // One bit more than the magnitude has, for the sign.
    let bytes = value.call_method("to_bytes", (bits / 8 + 1, "little"), Some(&signed))?;
    let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?;
    Ok(builder.integer(BigInt::from_signed_bytes_le(bytes.as_bytes()))?)
}

fn rare(builder: &mut DocumentBuilder, value: &Bound<'_, PyAny>) -> Converted {
    let py = value.py();
    if let Ok(value) = value.cast::<PyBytes>() {
        builder.bytes(value.as_bytes())?;
    } else if let Ok(value) = value.cast::<PyByteArray>() {
        builder.bytes(&value.to_vec())?;
    } else if value.is_instance_of::<PyMemoryView>() {
        builder.bytes(&value.call_method0("tobytes")?.extract::<Vec<u8>>()?)?;
    } else if value.is_instance(python_types::datetime(py)?)? {
        builder.date_time(moment(value)?)?;
    } else if value.is_instance(python_types::decimal(py)?)? {
        let text: String = value.str()?.extract()?;
        let refusal = || {
            Error::new(ErrorCode::InvalidValue, format!("the decimal {text} cannot be stored, only finite ones can"))
        };
        let decimal: Decimal = text.parse().map_err(|error: Error| refusal().with_source(error))?;
        builder.decimal(&decimal)?;
    } else if value.is_instance(python_types::uuid(py)?)? {
        builder.uuid(&value.getattr("bytes")?.extract::<[u8; 16]>()?)?;
    } else if value.is_instance(python_types::object_id(py)?)? {
        builder.object_id(&value.getattr("binary")?.extract::<[u8; 12]>()?)?;
    } else {
        let name = value.get_type().name()?;
        let message = format!("a value of the type {name} cannot be stored");
        return Err(Error::new(ErrorCode::InvalidValue, message).into());
    }
    Ok(())
}

/// The moment of a `datetime`; one without a time zone names none.
fn moment(value: &Bound<'_, PyAny>) -> Converted<Timestamp> {
    if value.call_method0("utcoffset")?.is_none() {
        let message = format!("the datetime {} has no time zone, and so names no moment", value.str()?);
        return Err(Error::new(ErrorCode::InvalidValue, message).into());
    }
    let since = value.sub(python_types::epoch(value.py())?)?;
    let part = |name: &str| -> PyResult<i64> { since.getattr(name)?.extract() };
    Ok(Timestamp::from_micros(part("days")? * DAY_US + part("seconds")? * SECOND_US + part("microseconds")?))
}
