//! `rebuild`: everything that follows from the log of a database that nobody has open, made of the log again.

use std::path::PathBuf;

use nedb::Options;
use pyo3::prelude::*;

use crate::{failure::Raise, history::from_json};

/// Makes all indexes and checkpoints of a database of its log again and throws away what was stored of them.
///
/// Nobody may have the database open for writing. The log is read and never changed; damage of it is refused with its place.
/// Returns `{size, head, documents, indexes, duration_us}`.
#[pyfunction]
#[pyo3(signature = (path))]
pub fn rebuild(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    // What has expired stays until somebody uses the database: this call writes no operation.
    let options = Options::new().sweep_interval_us(0);
    let report = py.detach(|| nedb::rebuild(path, options)?.to_json()).or_raise()?;
    from_json(py, &report)
}
