//! Errors of the engine as exceptions of the package.
//!
//! The classes are in `nedb/errors.py`, which is generated from the error table. Promises: the code decides the class, and
//! what a program may read of an error is an attribute. Leaves to others: the texts.

use nedb::{Detail, Error};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::fork::MadeOnce;

/// `nedb.errors.error_of`.
static ERROR_OF: MadeOnce = MadeOnce::new();

/// What can go wrong while values are converted: on this side, or on the side of Python.
pub enum Fault {
    /// The engine refuses something.
    Engine(Error),
    /// Python raised an exception.
    Python(PyErr),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Engine(error) => raised(&error),
            Fault::Python(error) => error,
        }
    }
}

impl Fault {
    /// Adds a step to the path of a value that cannot be stored.
    pub fn under(self, step: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Engine(error) => Self::Engine(step(error)),
            Self::Python(error) => Self::Python(error),
        }
    }
}

/// Turns results of the engine into those of Python.
pub trait Raise<T> {
    /// Makes an exception of the error.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> Raise<T> for nedb::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| raised(&error))
    }
}

/// The exception of an error.
#[cold]
pub fn raised(error: &Error) -> PyErr {
    Python::attach(|py| match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    })
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let error_of = ERROR_OF.get(py, || py.import("nedb.errors")?.getattr("error_of"))?;
    error_of.call1((error.code().as_str(), error.to_string(), details(py, error)?))
}

fn details<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let details = PyDict::new(py);
    if let Some(place) = error.place() {
        details.set_item("place", place.to_string())?;
    }
    match error.detail() {
        Detail::StaleNonce { last } => details.set_item("last", last)?,
        Detail::Path(path) => details.set_item("path", path)?,
        Detail::Line { line, column } => {
            details.set_item("lineno", line)?;
            details.set_item("offset", column)?;
        }
        Detail::Syntax { line, column, hint, .. } => {
            details.set_item("lineno", line)?;
            details.set_item("offset", column)?;
            details.set_item("hint", hint.as_deref())?;
        }
        Detail::ForeignCode { number } => details.set_item("code", number)?,
        Detail::Limit { name, max, actual } => details.set_item("limit", (name.as_ref(), max, actual))?,
        Detail::Preconditions(failures) => {
            let failures = failures.iter().map(|failure| {
                let fields = PyDict::new(py);
                fields.set_item("index", failure.index)?;
                fields.set_item("coll", &failure.collection)?;
                match &failure.id_bytes {
                    Some(bytes) => fields.set_item("id", PyBytes::new(py, bytes))?,
                    None => fields.set_item("id", &failure.id)?,
                }
                fields.set_item("expected", failure.expected)?;
                fields.set_item("actual", failure.actual)?;
                Ok(fields)
            });
            details.set_item("failures", failures.collect::<PyResult<Vec<_>>>()?)?;
        }
        _ => {}
    }
    Ok(details)
}
