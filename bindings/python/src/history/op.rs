//! One operation of the history, as the class `Op`.

use nedb::{Entry, EntryKind, Seq};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString},
};

use super::dict_of;
use crate::{argument::id_to_python, convert, database::Nedb};

/// Microseconds of a second, in which Python counts time.
const SECOND_US: f64 = 1_000_000.0;

/// One operation of the history.
///
/// `op` is put, delete, expire, link, unlink or noop; `payload` says on what. `hash` is its leaf in the Merkle tree and
/// `prev_hash` the root before it; both are looked up when they are asked for.
#[pyclass(frozen, module = "nedb")]
pub struct Op {
    db: Py<Nedb>,
    entry: Entry,
}

impl Op {
    pub fn new(db: Py<Nedb>, entry: Entry) -> Self {
        Self { db, entry }
    }

    /// Where it stands in the log of its database.
    pub fn position(&self) -> u64 {
        self.entry.seq.get()
    }
}

#[pymethods]
impl Op {
    /// Its number, from 0.
    #[getter]
    fn seq(&self) -> u64 {
        self.entry.seq.get()
    }

    /// Who wrote it.
    #[getter]
    fn client(&self) -> &str {
        self.entry.client.as_str()
    }

    /// The writer's number for it.
    #[getter]
    fn nonce(&self) -> u64 {
        self.entry.nonce
    }

    /// What it did.
    #[getter]
    fn op(&self) -> &'static str {
        self.entry.kind.as_str()
    }

    /// On what: `key coll id` and the document, or the ends of the edge.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let entry = &self.entry;
        let node = PyString::new(py, &format!("{}:{}", entry.collection, entry.id)).into_any();
        let text = |text: &str| PyString::new(py, text).into_any();
        if let EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } = &entry.kind {
            return dict_of(py, &[("frm", node), ("rel", text(relation.as_str())), ("to", text(&to.to_string()))]);
        }
        let payload = dict_of(
            py,
            &[("key", node), ("coll", text(entry.collection.as_str())), ("id", id_to_python(py, &entry.id))],
        )?;
        match &entry.kind {
            EntryKind::Put(document) => payload.set_item("doc", convert::dict_of(py, &document.as_document())?)?,
            EntryKind::Expire { content } => {
                payload.set_item("content", content.get())?;
                payload.set_item("expires_at", entry.expires_at.map(|at| at.to_string()))?;
            }
            _ => {}
        }
        Ok(payload)
    }

    /// When it was committed, in seconds since 1970.
    #[getter]
    #[allow(
        clippy::cast_precision_loss,
        reason = "Python's times are floats, exact to the microsecond until the year 2255"
    )]
    fn ts(&self) -> f64 {
        self.entry.committed_at.as_micros() as f64 / SECOND_US
    }

    /// The digest of its idempotency key in hexadecimal digits; the log keeps no more of the key.
    #[getter]
    fn idem(&self) -> Option<String> {
        self.entry.idempotency.map(|digest| digest.to_string())
    }

    /// The operations that caused it; None when the write named none.
    #[getter]
    fn caused_by(&self) -> Option<Vec<u64>> {
        let causes = &self.entry.provenance.causes;
        (!causes.is_empty()).then(|| causes.iter().copied().map(Seq::get).collect())
    }

    /// What the write rests on.
    #[getter]
    fn evidence(&self) -> Option<&str> {
        self.entry.provenance.evidence.as_deref()
    }

    /// How certain the writer was.
    #[getter]
    fn confidence(&self) -> Option<f64> {
        self.entry.provenance.confidence
    }

    /// From when on the content holds.
    #[getter]
    fn valid_from(&self) -> Option<&str> {
        self.entry.provenance.valid_from.as_deref()
    }

    /// Until when the content holds.
    #[getter]
    fn valid_to(&self) -> Option<&str> {
        self.entry.provenance.valid_to.as_deref()
    }

    /// The hash of its entry, which is its leaf in the Merkle tree.
    #[getter]
    fn hash(&self, py: Python<'_>) -> PyResult<String> {
        let seq = self.entry.seq;
        self.db.get().call(py, |db| db.inclusion_proof(seq, Some(seq.get() + 1)).map(|proof| proof.leaf.to_string()))
    }

    /// The root of the tree before it; zeros for the first operation.
    #[getter]
    fn prev_hash(&self, py: Python<'_>) -> PyResult<String> {
        let size = self.entry.seq.get();
        self.db.get().call(py, |db| match size.checked_sub(1) {
            Some(last) => db.inclusion_proof(Seq::new(last), Some(size)).map(|proof| proof.root.to_string()),
            None => Ok(nedb::Head { size: 0, ..db.head() }.hex()),
        })
    }

    /// Whether the other one is the same operation: that of the same number, with all that it says.
    pub fn __eq__(&self, other: &Self) -> bool {
        self.entry == other.entry
    }

    fn __hash__(&self) -> u64 {
        self.entry.seq.get()
    }

    /// Everything as a dict; what the write did not say is left out.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("seq", self.seq())?;
        dict.set_item("client", self.client())?;
        dict.set_item("nonce", self.nonce())?;
        dict.set_item("op", self.op())?;
        dict.set_item("payload", self.payload(py)?)?;
        dict.set_item("ts", self.ts())?;
        dict.set_item("idem", self.idem())?;
        dict.set_item("prev_hash", self.prev_hash(py)?)?;
        dict.set_item("hash", self.hash(py)?)?;
        if let Some(causes) = self.caused_by() {
            dict.set_item("caused_by", PyList::new(py, causes)?)?;
        }
        if let Some(confidence) = self.confidence() {
            dict.set_item("confidence", confidence)?;
        }
        for (name, text) in
            [("evidence", self.evidence()), ("valid_from", self.valid_from()), ("valid_to", self.valid_to())]
        {
            if let Some(text) = text {
                dict.set_item(name, text)?;
            }
        }
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let entry = &self.entry;
        format!("<Op {} {} {}:{}>", entry.seq, entry.kind.as_str(), entry.collection, entry.id)
    }
}
