//! Reads of documents and relations, now and as of any moment.

use std::borrow::Cow;

use nedb::{AsOf, Direction, Neighbor, Row, Seq};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

use super::Nedb;
use crate::{
    argument::{GivenId, Id, Moment, shown_id},
    convert,
    failure::Raise,
};

/// A row as a fresh dict: the document's fields, `_id`, and what the write said about itself.
pub fn row_to_python<'py>(py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyDict>> {
    let dict = convert::dict_of(py, &row.document().or_raise()?)?;
    convert::pairs_of(py, &dict, &row.mirror().or_raise()?)?;
    Ok(dict)
}

/// The same, for a caller that gave the id.
fn named_row_to_python<'py>(given: &Bound<'py, PyAny>, id: &[u8], row: &Row) -> PyResult<Bound<'py, PyDict>> {
    if row.provenance().is_some() || row.expires_at().is_some() {
        return row_to_python(given.py(), row);
    }
    let dict = convert::dict_of(given.py(), &row.document().or_raise()?)?;
    dict.set_item(convert::id_name(given.py())?, shown_id(given, id))?;
    Ok(dict)
}

/// The names of nodes, in their order.
pub fn node_names(neighbors: Vec<Neighbor>) -> Vec<String> {
    neighbors.into_iter().map(|neighbor| neighbor.node.to_string()).collect()
}

/// The moment of a call; the head unless one is named.
fn or_head(as_of: Option<Moment>) -> AsOf {
    as_of.map_or(AsOf::Head, |moment| moment.0)
}

#[pymethods]
impl Nedb {
    /// The document, or None when it does not exist, was deleted or has expired.
    #[pyo3(signature = (coll, id, as_of=None))]
    fn get<'py>(
        &self,
        coll: Cow<'_, str>,
        id: &Bound<'py, PyAny>,
        as_of: Option<Moment>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let (given, id): (_, GivenId<'_>) = (id, id.extract()?);
        let bytes = id.as_ref();
        let row = self.call(given.py(), |db| match as_of {
            None => db.get(&coll, bytes),
            Some(Moment(as_of)) => db.get_at(&coll, bytes, as_of),
        })?;
        row.map(|row| named_row_to_python(given, bytes, &row)).transpose()
    }

    /// Many documents of one collection, in the order of the ids; None where there is none. Cheaper than single reads.
    #[pyo3(signature = (coll, ids, as_of=None))]
    fn get_many<'py>(
        &self,
        py: Python<'py>,
        coll: Cow<'_, str>,
        ids: Vec<Id>,
        as_of: Option<Moment>,
    ) -> PyResult<Bound<'py, PyList>> {
        let rows = self.call(py, |db| db.snapshot_at(or_head(as_of))?.multi_get(&coll, &ids))?;
        let documents = rows.iter().map(|row| row.as_ref().map(|row| row_to_python(py, row)).transpose());
        PyList::new(py, documents.collect::<PyResult<Vec<_>>>()?)
    }

    /// The seq of the version that a read sees; -1 when there is no document, which is what `if_seq` takes for that.
    fn last_seq(&self, py: Python<'_>, coll: Cow<'_, str>, id: Id) -> PyResult<i64> {
        self.call(py, |db| db.snapshot().last_seq(&coll, &id).map(Seq::number_of))
    }

    /// The collections with their numbers of documents.
    #[pyo3(signature = (as_of=None))]
    fn collections<'py>(&self, py: Python<'py>, as_of: Option<Moment>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.call(py, |db| db.snapshot_at(or_head(as_of))?.collections())?;
        let collections = PyDict::new(py);
        for info in &found {
            collections.set_item(info.name.as_str(), info.documents)?;
        }
        Ok(collections)
    }

    /// The nodes that links of this relation lead to, in the order in which the links were made.
    #[pyo3(signature = (frm, rel, as_of=None))]
    fn neighbors(
        &self,
        py: Python<'_>,
        frm: Cow<'_, str>,
        rel: Cow<'_, str>,
        as_of: Option<Moment>,
    ) -> PyResult<Vec<String>> {
        self.nodes(py, (&frm, &rel), Direction::Outbound, or_head(as_of))
    }

    /// The nodes from which links of this relation lead here, in the order in which the links were made.
    #[pyo3(signature = (to, rel, as_of=None))]
    fn inbound(
        &self,
        py: Python<'_>,
        to: Cow<'_, str>,
        rel: Cow<'_, str>,
        as_of: Option<Moment>,
    ) -> PyResult<Vec<String>> {
        self.nodes(py, (&to, &rel), Direction::Inbound, or_head(as_of))
    }
}

impl Nedb {
    fn nodes(
        &self,
        py: Python<'_>,
        (node, relation): (&str, &str),
        direction: Direction,
        as_of: AsOf,
    ) -> PyResult<Vec<String>> {
        self.call(py, |db| db.snapshot_at(as_of)?.neighbors(node, relation, direction)).map(node_names)
    }
}
