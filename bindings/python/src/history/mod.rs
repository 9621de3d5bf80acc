//! The history: operations, versions, changes, feeds, and checking proofs.

mod change_feed;
mod log_view;
mod op;

use std::borrow::Cow;

pub use change_feed::ChangeFeed;
pub use log_view::{LogView, OpIterator};
use nedb::{Object, Value, VerifierKey};
pub use op::Op;
use pyo3::{prelude::*, types::PyDict};

use crate::{
    argument::{Id, Moment, id_to_python, seq_or_before},
    convert,
    database::Nedb,
    failure::Raise,
};

/// A report of the engine, which is JSON everywhere, as Python objects.
pub fn from_json<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    let value = nedb_types::document::json_to_value(json.as_bytes()).or_raise()?;
    convert::value_to_python(py, &value)
}

/// Checks a text that `proof` made, without the database; returns what it shows.
///
/// With the verifier keys of the database the signature is checked too; without keys it is reported as unchecked.
#[pyfunction]
#[pyo3(signature = (text, keys=Vec::new()), text_signature = "(text, keys=())")]
pub fn check_proof<'py>(py: Python<'py>, text: Cow<'_, str>, keys: Vec<String>) -> PyResult<Bound<'py, PyAny>> {
    let keys: Vec<VerifierKey> = keys.iter().map(|key| key.parse()).collect::<nedb::Result<_>>().or_raise()?;
    let checked = py.detach(|| nedb::check_proof(&text, &keys)?.to_json()).or_raise()?;
    from_json(py, &checked)
}

/// Checks a text that `proof` made together with the bytes that its operation commits to; returns what both show.
///
/// Beside what `check_proof` returns there are `id`, `document`, `evidence` and `relation` of the content.
#[pyfunction(name = "_check_content")]
#[pyo3(signature = (text, payload, keys=Vec::new(), /), text_signature = "(text, payload, keys=(), /)")]
pub fn check_content<'py>(
    py: Python<'py>,
    text: Cow<'_, str>,
    payload: Cow<'_, [u8]>,
    keys: Vec<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let keys: Vec<VerifierKey> = keys.iter().map(|key| key.parse()).collect::<nedb::Result<_>>().or_raise()?;
    let (checked, content) = py
        .detach(|| {
            let proof = nedb::check_proof(&text, &keys)?;
            Ok::<_, nedb::Error>((proof.to_json()?, proof.check_payload(&payload)?))
        })
        .or_raise()?;
    let shown = from_json(py, &checked)?;
    shown.set_item("id", content.id.as_ref().map(|id| id_to_python(py, id)))?;
    let document = content.document.as_ref().map(|document| convert::dict_of(py, &document.as_document()));
    shown.set_item("document", document.transpose()?)?;
    shown.set_item("evidence", content.evidence)?;
    let relation = content.relation.map(|(relation, to, id)| (relation, format!("{to}:{id}")));
    shown.set_item("relation", relation)?;
    Ok(shown)
}

#[pymethods]
impl Nedb {
    /// The operations as a read-only sequence of `Op`.
    #[getter]
    fn log(slf: &Bound<'_, Self>) -> LogView {
        LogView::new(slf.clone().unbind())
    }

    /// All versions of a document, newest first: dicts with `seq kind ts client nonce document` and provenance.
    #[pyo3(signature = (coll, id, as_of=None))]
    fn history<'py>(
        &self,
        py: Python<'py>,
        coll: Cow<'_, str>,
        id: Id,
        as_of: Option<Moment>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let as_of = as_of.map_or(nedb::AsOf::Head, |moment| moment.0);
        let versions: Vec<Object> = self
            .call(py, |db| db.snapshot_at(as_of)?.history(&coll, &id)?.map(|version| version?.to_object()).collect())?;
        versions.into_iter().map(|version| convert::value_to_python(py, &Value::Object(version))).collect()
    }

    /// The documents that differ between two moments: dicts with `coll id change before after`.
    #[pyo3(signature = (a, b, coll=None))]
    fn diff<'py>(
        &self,
        py: Python<'py>,
        a: Moment,
        b: Moment,
        coll: Option<Cow<'_, str>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let changes: Vec<Object> =
            self.call(py, |db| db.diff(a.0, b.0, coll.as_deref())?.map(|change| change?.to_object()).collect())?;
        changes.into_iter().map(|change| convert::value_to_python(py, &Value::Object(change))).collect()
    }

    /// The operations after a seq that are durable by now; -1 gives all.
    #[pyo3(signature = (seq=None), text_signature = "($self, seq=-1)")]
    fn since(slf: &Bound<'_, Self>, seq: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Op>> {
        let after = seq.map(|seq| seq_or_before("seq", seq)).transpose()?.flatten();
        LogView::new(slf.clone().unbind()).read_from(slf.py(), after.map_or(0, |seq| seq + 1), None)
    }

    /// Follows the operations: an iterator, and an async iterator, that waits for what comes.
    ///
    /// It begins with the operation `from_seq` (-1: with the first one), or with what comes after this call; with `coll` it tells only of that
    /// collection. It tells what is durable, each operation once and in order, and ends when the database is closed.
    #[pyo3(signature = (coll=None, from_seq=None))]
    fn subscribe(
        slf: &Bound<'_, Self>,
        coll: Option<String>,
        from_seq: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ChangeFeed> {
        ChangeFeed::open(slf, coll, from_seq)
    }
}

/// A dict of named values.
fn dict_of<'py>(py: Python<'py>, pairs: &[(&str, Bound<'py, PyAny>)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in pairs {
        dict.set_item(*name, value)?;
    }
    Ok(dict)
}
