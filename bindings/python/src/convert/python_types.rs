//! Types of Python's library that values have, imported when the first such value is met.

use pyo3::prelude::*;

use crate::fork::MadeOnce;

/// 1970-01-01 in UTC, from which moments are counted.
pub fn epoch(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: MadeOnce = MadeOnce::new();
    EPOCH.get(py, || {
        let datetime = py.import("datetime")?;
        let utc = datetime.getattr("timezone")?.getattr("utc")?;
        datetime.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))
    })
}

macro_rules! imported {
    ($($(#[$doc:meta])+ $name:ident $module:literal $class:literal;)+) => {
        $($(#[$doc])+
        pub fn $name(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
            static CLASS: MadeOnce = MadeOnce::new();
            CLASS.get(py, || py.import($module)?.getattr($class))
        })+
    };
}

imported! {
    /// `datetime.datetime`.
    datetime "datetime" "datetime";
    /// `datetime.timedelta`.
    timedelta "datetime" "timedelta";
    /// `decimal.Decimal`.
    decimal "decimal" "Decimal";
    /// `uuid.UUID`.
    uuid "uuid" "UUID";
    /// `nedb.ObjectId`.
    object_id "nedb.objectid" "ObjectId";
}
