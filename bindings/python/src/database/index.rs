//! Indexes on fields, and figures about the database.

use std::borrow::Cow;

use nedb::{IndexInfo, IndexKind};
use pyo3::prelude::*;

use super::Nedb;
use crate::{failure::Raise, history::from_json};

#[pymethods]
impl Nedb {
    /// Makes an index on a field; it is built in the background, or before this call returns with `wait=True`.
    ///
    /// The kind is `eq`, `ordered` (also `sorted`, `range`), `search` or `search:LANGUAGE`; the field is a path such as
    /// `address.city`. Returns what `indexes` tells about it.
    #[pyo3(signature = (coll, field, kind="eq".into(), *, wait=false),
        text_signature = "($self, coll, field, kind='eq', *, wait=False)")]
    fn create_index<'py>(
        &self,
        py: Python<'py>,
        coll: Cow<'_, str>,
        field: Cow<'_, str>,
        kind: Cow<'_, str>,
        wait: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind: IndexKind = kind.parse().or_raise()?;
        let info = self.call(py, |db| {
            let info = db.create_index(&coll, &field, kind)?;
            if wait { db.wait_for_index(&coll, &field, kind, &mut |_| ()) } else { Ok(info) }
        })?;
        from_json(py, &info.to_json().or_raise()?)
    }

    /// Waits until an index is ready, and helps to build it; returns what `indexes` tells about it.
    #[pyo3(signature = (coll, field, kind="eq".into()), text_signature = "($self, coll, field, kind='eq')")]
    fn wait_for_index<'py>(
        &self,
        py: Python<'py>,
        coll: Cow<'_, str>,
        field: Cow<'_, str>,
        kind: Cow<'_, str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind: IndexKind = kind.parse().or_raise()?;
        let info = self.call(py, |db| db.wait_for_index(&coll, &field, kind, &mut |_| ()))?;
        from_json(py, &info.to_json().or_raise()?)
    }

    /// Drops the indexes on a field, or only those that answer for one kind; tells whether there were any.
    #[pyo3(signature = (coll, field, kind=None))]
    fn drop_index(
        &self,
        py: Python<'_>,
        coll: Cow<'_, str>,
        field: Cow<'_, str>,
        kind: Option<Cow<'_, str>>,
    ) -> PyResult<bool> {
        let kind: Option<IndexKind> = kind.map(|kind| kind.parse()).transpose().or_raise()?;
        self.call(py, |db| db.drop_index(&coll, &field, kind))
    }

    /// The indexes by collection and field, automatic ones and those being built included.
    fn indexes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let infos: Vec<String> = self.call(py, |db| db.indexes().iter().map(IndexInfo::to_json).collect())?;
        infos.iter().map(|info| from_json(py, info)).collect()
    }

    /// Sizes and state of the database: what `nedb stats --json` prints.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let stats = self.call(py, |db| db.stats()?.to_json())?;
        from_json(py, &stats)
    }
}
