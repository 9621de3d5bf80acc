//! Documents as JSON text: `NedbCore`, the small interface of the earlier native core, and the two directions alone.

use std::{borrow::Cow, path::PathBuf};

use nedb::{AsOf, Body, Database, Direction, Error, ErrorCode, IndexKind, Options, QueryOptions, Seq};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    argument::{self, Id},
    convert,
    database::node_names,
    failure::{Raise, raised},
    fork::Birthplace,
};

/// A database whose documents go in and out as JSON text; `nedb.NEDB` is the whole interface.
#[pyclass(frozen, module = "nedb._native")]
pub struct NedbCore {
    /// Taken only by the drop.
    db: Option<Database>,
    birthplace: Birthplace,
}

impl Drop for NedbCore {
    fn drop(&mut self) {
        self.birthplace.end(self.db.take().map(std::sync::Arc::new));
    }
}

impl NedbCore {
    fn call<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Database) -> nedb::Result<T> + Send) -> PyResult<T> {
        self.birthplace.check().or_raise()?;
        let Some(db) = &self.db else {
            return Err(raised(&Error::new(ErrorCode::Closed, "the database was closed")));
        };
        py.detach(|| work(db)).or_raise()
    }

    fn nodes(&self, py: Python<'_>, (node, rel): (&str, &str), direction: Direction) -> PyResult<Vec<String>> {
        self.call(py, |db| db.neighbors(node, rel, direction)).map(node_names)
    }
}

/// The JSON text of a dict, in which types that JSON lacks are objects such as `{"$bytes": ..}`; checked as a document is.
#[pyfunction(name = "_to_json")]
pub fn to_json(document: &Bound<'_, PyDict>) -> PyResult<String> {
    convert::document_of(document)?.as_document().to_json().or_raise()
}

/// The dict of such a text.
#[pyfunction(name = "_from_json")]
pub fn from_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyDict>> {
    let document = nedb_types::document::json_to_document(text.as_bytes()).or_raise()?;
    convert::dict_of(py, &document.as_document())
}

#[pymethods]
impl NedbCore {
    /// Opens or creates the database in a directory.
    #[staticmethod]
    #[pyo3(signature = (path, tmk=None))]
    fn open(py: Python<'_>, path: PathBuf, tmk: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        argument::refuse_key(tmk.as_ref())?;
        let db = py.detach(|| Database::open(path, Options::new())).or_raise()?;
        Ok(Self { db: Some(db), birthplace: Birthplace::here() })
    }

    /// Writes a document given as JSON and returns it as stored.
    fn put(&self, py: Python<'_>, coll: Cow<'_, str>, id: Id, json: String) -> PyResult<String> {
        self.call(py, |db| {
            let receipt = db.put(&coll, &id, Body::json(json))?;
            let row = db.get_at(&coll, &id, receipt.seq().map_or(AsOf::Head, AsOf::Seq))?;
            row.map_or_else(|| Ok("null".to_owned()), |row| row.mirrored()?.as_document().to_json())
        })
    }

    /// A document as JSON, or None.
    fn get(&self, py: Python<'_>, coll: Cow<'_, str>, id: Id) -> PyResult<Option<String>> {
        self.call(py, |db| db.get(&coll, &id)?.map(|row| row.mirrored()?.as_document().to_json()).transpose())
    }

    /// Deletes a document; False when there is none.
    fn delete(&self, py: Python<'_>, coll: Cow<'_, str>, id: Id) -> PyResult<bool> {
        self.call(py, |db| db.delete(&coll, &id).map(|receipt| receipt.changed()))
    }

    /// Answers a query with a JSON array of its rows.
    fn query(&self, py: Python<'_>, nql: Cow<'_, str>) -> PyResult<String> {
        let rows: Vec<String> =
            self.call(py, |db| db.query_with(&nql, &QueryOptions::new())?.map(|row| row?.to_json()).collect())?;
        Ok(format!("[{}]", rows.join(",")))
    }

    /// Makes an index on a field.
    #[pyo3(signature = (coll, field, kind="eq".into()), text_signature = "($self, coll, field, kind='eq')")]
    fn create_index(
        &self,
        py: Python<'_>,
        coll: Cow<'_, str>,
        field: Cow<'_, str>,
        kind: Cow<'_, str>,
    ) -> PyResult<()> {
        let kind: IndexKind = kind.parse().or_raise()?;
        self.call(py, |db| db.create_index(&coll, &field, kind).map(drop))
    }

    /// Adds an edge.
    fn link(&self, py: Python<'_>, frm: Cow<'_, str>, rel: Cow<'_, str>, to: Cow<'_, str>) -> PyResult<bool> {
        self.call(py, |db| db.link(&frm, &rel, &to).map(|receipt| receipt.changed()))
    }

    /// Removes an edge.
    fn unlink(&self, py: Python<'_>, frm: Cow<'_, str>, rel: Cow<'_, str>, to: Cow<'_, str>) -> PyResult<bool> {
        self.call(py, |db| db.unlink(&frm, &rel, &to).map(|receipt| receipt.changed()))
    }

    /// The nodes that links lead to.
    fn neighbors(&self, py: Python<'_>, frm: Cow<'_, str>, rel: Cow<'_, str>) -> PyResult<Vec<String>> {
        self.nodes(py, (&frm, &rel), Direction::Outbound)
    }

    /// The nodes from which links lead here.
    fn inbound(&self, py: Python<'_>, to: Cow<'_, str>, rel: Cow<'_, str>) -> PyResult<Vec<String>> {
        self.nodes(py, (&to, &rel), Direction::Inbound)
    }

    /// Whether the whole history checks.
    fn verify(&self, py: Python<'_>) -> PyResult<bool> {
        self.call(py, |db| db.verify().map(|report| report.is_ok()))
    }

    /// The root of the Merkle tree; zeros when there are no operations.
    fn head(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |db| Ok(db.head().hex()))
    }

    /// The seq of the last operation; -1 when there is none.
    fn seq(&self, py: Python<'_>) -> PyResult<i64> {
        self.call(py, |db| Ok(Seq::number_of(db.head().seq())))
    }

    /// Makes everything durable.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |db| db.flush().map(drop))
    }
}
