//! Values between Python and the stored form, both ways, without a text in between.
//!
//! | Python | stored as | comes back as |
//! |---|---|---|
//! | `None`, `bool`, `str`, finite `float` | the same | the same |
//! | `int` of any size | integer | `int` |
//! | `dict` with `str` keys, `list`, `tuple` | object, array, array | `dict`, `list`, `list` |
//! | `bytes`, `bytearray`, `memoryview` | binary | `bytes` |
//! | aware `datetime` | moment in microseconds | aware `datetime` in UTC |
//! | `Decimal`, finite | decimal | `Decimal`; zero without a sign |
//! | `UUID` | UUID | `UUID` |
//! | `nedb.ObjectId` | object id | `nedb.ObjectId` |
//!
//! Promises: what is stored comes back equal; what cannot be stored is refused with its path.

mod from_python;
mod names;
mod python_types;
mod to_python;

pub use from_python::{Depth, document_at, document_of, measured_document_of, param_of, timestamp_of, value_of};
use pyo3::{prelude::*, types::PyString};
pub use to_python::{dict_of, pairs_of, stored_to_python, value_to_python};

use crate::fork::MadeOnce;

/// `_id`, as the one string that all documents share as a key.
pub fn id_name(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static NAME: MadeOnce = MadeOnce::new();
    NAME.get(py, || Ok(PyString::intern(py, "_id")))
}

/// Microseconds of a day and of a second: a `timedelta` has days, seconds and microseconds.
const DAY_US: i64 = 86_400_000_000;
const SECOND_US: i64 = 1_000_000;

/// The moments for which Python has a `datetime`, in microseconds: the years 1 to 9999.
const DATETIME_US: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
