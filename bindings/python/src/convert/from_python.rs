//! From Python objects to the stored form.
//!
//! Promises: the document is written as it is read, without a tree of values in between; an error says where the value is.

use std::{
    cell::{Cell, RefCell},
    fmt::Display,
};

use nedb::{DocumentBuf, Error, ErrorCode, Timestamp, Value, ValueRef};
use nedb_types::{BigInt, Decimal, Float, document::DocumentBuilder};
use pyo3::{
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple},
};

use super::{DATETIME_US, DAY_US, SECOND_US, python_types};
use crate::failure::Fault;

type Converted<T = ()> = Result<T, Fault>;

thread_local! {
    /// The buffers of the last document of this thread.
    static BUILDER: Cell<DocumentBuilder> = const { Cell::new(DocumentBuilder::new()) };
}

/// Whether a read would give what a copy of the dict gives, but for the fields that reads add.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The fields have names and plain values that nothing can be changed in.
    Flat,
    /// Anything else.
    Deep,
}

/// The stored form of a dict.
pub fn document_of(dict: &Bound<'_, PyDict>) -> PyResult<DocumentBuf> {
    measured_document_of(dict).map(|(document, _)| document)
}

/// The stored form of one dict of many; an error's path begins with its position.
pub fn document_at(position: usize, dict: &Bound<'_, PyDict>) -> PyResult<DocumentBuf> {
    let written = with_builder(|builder| {
        let written = object(builder, dict).and_then(|_depth| Ok(builder.finish()?));
        written.map_err(|fault| fault.under(|error| error.under_index(position)))
    });
    Ok(written?)
}

/// The stored form of a dict, and whether its copy would be what a read gives.
pub fn measured_document_of(dict: &Bound<'_, PyDict>) -> PyResult<(DocumentBuf, Depth)> {
    let written = with_builder(|builder| {
        let depth = object(builder, dict)?;
        Ok((builder.finish()?, depth))
    });
    Ok(written?)
}

/// A value outside a document.
pub fn value_of(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    Ok(converted(value)?)
}

/// The value that a statement is given for a parameter; when it cannot be one, the error names the parameter.
pub fn param_of(value: &Bound<'_, PyAny>, name: std::fmt::Arguments<'_>) -> PyResult<Value> {
    Ok(converted(value).map_err(|fault| fault.under(|error| error.context(format_args!("the value of {name}"))))?)
}

fn converted(value: &Bound<'_, PyAny>) -> Converted<Value> {
    with_builder(|builder| {
        any(builder, value)?;
        Ok(ValueRef::read(&builder.finish_value()?)?.to_value()?)
    })
}

/// The moment of an aware `datetime`; `None` when the object is none.
pub fn timestamp_of(value: &Bound<'_, PyAny>) -> PyResult<Option<Timestamp>> {
    if !value.is_instance(&python_types::datetime(value.py())?)? {
        return Ok(None);
    }
    Ok(moment(value).map(Some)?)
}

/// Calls with this thread's builder. Conversion may run Python code that comes back here: that call gets a builder of its own.
fn with_builder<T>(write: impl FnOnce(&mut DocumentBuilder) -> Converted<T>) -> Converted<T> {
    let mut builder = BUILDER.take();
    let written = write(&mut builder);
    builder.clear();
    BUILDER.set(builder);
    written
}

fn object(builder: &mut DocumentBuilder, dict: &Bound<'_, PyDict>) -> Converted<Depth> {
    builder.begin_object()?;
    let mut is_flat = dict.is_exact_instance_of::<PyDict>();
    for (key, value) in fields_of(dict)? {
        let Ok(name) = key.cast::<PyString>() else {
            let message = format!("the key {} is no str", key.repr()?);
            return Err(Error::new(ErrorCode::InvalidValue, message).into());
        };
        let text = name.to_cow().map_err(|error| no_utf8(&error))?;
        builder.key(&text)?;
        is_flat &= !text.starts_with('_') && is_plain(&key) && is_plain(&value);
        any(builder, &value).map_err(|fault| {
            let name = name.to_string_lossy();
            fault.under(|error| error.under_field(&name))
        })?;
    }
    builder.end()?;
    Ok(if is_flat { Depth::Flat } else { Depth::Deep })
}

/// The fields that a dict has now: conversion may run Python code that changes it.
fn fields_of<'py>(dict: &Bound<'py, PyDict>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    let fields = RefCell::new(Vec::with_capacity(dict.len()));
    dict.locked_for_each(|key, value| {
        fields.borrow_mut().push((key, value));
        Ok(())
    })?;
    Ok(fields.into_inner())
}

/// Whether a value is of a plain type and nothing else, so that a read gives an equal one of the same type.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_none()
}

fn array<'py>(builder: &mut DocumentBuilder, elements: impl Iterator<Item = Bound<'py, PyAny>>) -> Converted {
    builder.begin_array()?;
    for (position, element) in elements.enumerate() {
        any(builder, &element).map_err(|fault| fault.under(|error| error.under_index(position)))?;
    }
    Ok(builder.end()?)
}

/// Writes a `str`; a lone surrogate has no UTF-8 form.
fn string(builder: &mut DocumentBuilder, value: &Bound<'_, PyString>) -> Converted {
    Ok(builder.string(&value.to_cow().map_err(|error| no_utf8(&error))?)?)
}

fn no_utf8(error: &impl Display) -> Error {
    Error::new(ErrorCode::InvalidValue, format!("the text has no UTF-8 form: {error}"))
}

fn any(builder: &mut DocumentBuilder, value: &Bound<'_, PyAny>) -> Converted {
    if let Ok(value) = value.cast::<PyString>() {
        string(builder, value)?;
    } else if let Ok(value) = value.cast::<PyBool>() {
        builder.bool(value.is_true())?;
    } else if let Ok(value) = value.cast::<PyInt>() {
        integer(builder, value)?;
    } else if let Ok(value) = value.cast::<PyFloat>() {
        builder.float(Float::new(value.value())?)?;
    } else if value.is_none() {
        builder.null()?;
    } else if let Ok(value) = value.cast::<PyDict>() {
        let _depth_of_the_inside = object(builder, value)?;
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
    } else if value.is_instance(&python_types::datetime(py)?)? {
        builder.date_time(moment(value)?)?;
    } else if value.is_instance(&python_types::decimal(py)?)? {
        let text: String = value.str()?.extract()?;
        let refusal = || {
            Error::new(ErrorCode::InvalidValue, format!("the decimal {text} cannot be stored, only finite ones can"))
        };
        let decimal: Decimal = text.parse().map_err(|error: Error| refusal().with_source(error))?;
        builder.decimal(&decimal)?;
    } else if value.is_instance(&python_types::uuid(py)?)? {
        builder.uuid(&value.getattr("bytes")?.extract::<[u8; 16]>()?)?;
    } else if value.is_instance(&python_types::object_id(py)?)? {
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
    let micros = part("days")? * DAY_US + part("seconds")? * SECOND_US + part("microseconds")?;
    if !DATETIME_US.contains(&micros) {
        let message = format!("the datetime {} lies outside of the years 1 to 9999 in UTC", value.str()?);
        return Err(Error::new(ErrorCode::InvalidValue, message).into());
    }
    Ok(Timestamp::from_micros(micros))
}
