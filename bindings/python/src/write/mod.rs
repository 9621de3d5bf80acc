//! Writes: single operations, transactions, and many documents at once.

mod many;
mod transaction;

pub use transaction::operations;

use std::borrow::Cow;

use nedb::{AsOf, Database, Op, Receipt, Result, Row, Seq, Version};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    argument::{GivenId, Id, micros, number, shown_id},
    convert::{self, Depth},
    database::{Nedb, row_to_python},
    failure::{Raise, raised},
    said::{OF_OTHERS, OF_PUT, Said},
};

/// A version that a write made, as it is read back for the answer.
pub enum Stored {
    /// As a read sees it.
    Visible(Row),
    /// It was over as soon as it was written.
    Expired(Vec<u8>, Version),
}

impl Stored {
    /// Reads back the version that an operation wrote.
    pub fn read(db: &Database, collection: &str, id: &[u8], seq: Seq) -> Result<Self> {
        let snapshot = db.snapshot_at(AsOf::Seq(seq))?;
        if let Some(row) = snapshot.get(collection, id)? {
            return Ok(Self::Visible(row));
        }
        match snapshot.history(collection, id)?.next().transpose()? {
            Some(version) => Ok(Self::Expired(id.to_vec(), version)),
            None => Err(nedb::Error::corrupt(format!("seq {seq} was written, and the document has no version"))),
        }
    }

    /// The document as a fresh dict.
    pub fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match self {
            Self::Visible(row) => row_to_python(py, row),
            Self::Expired(id, version) => {
                let dict = match &version.document {
                    Some(document) => convert::dict_of(py, &document.as_document())?,
                    None => PyDict::new(py),
                };
                convert::pairs_of(py, &dict, &version.mirror(id).or_raise()?)?;
                Ok(dict)
            }
        }
    }
}

/// The seq of a write that always has one.
fn seq_of(receipt: &Receipt) -> Result<Seq> {
    receipt.seq().ok_or_else(|| nedb::Error::corrupt("a write of a document was given no seq"))
}

#[pymethods]
impl Nedb {
    /// Writes a new version of a document and returns it as it was stored, with `_id` and what was said about the write.
    ///
    /// Reserved fields (`_id`, `_seq`, `_caused_by` and their kin) in the given dict are dropped and made anew. The checks
    /// come in this order: a known `idem` returns the first result; a `nonce` not above the client's last is a `ReplayError`;
    /// `if_seq` is the seq that the newest version must have (-1: there must be none). `caused_by` names one seq or
    /// several. With `receipt=True` the answer is `(document, seq, head)`.
    #[pyo3(signature = (coll, id, doc, *args, **kwargs), text_signature = "($self, coll, id, doc, client='local', \
        nonce=None, idem=None, ttl_s=None, caused_by=None, evidence=None, confidence=None, valid_from=None, \
        valid_to=None, if_seq=None, *, receipt=False)")]
    fn put<'py>(
        &self,
        coll: Cow<'_, str>,
        id: &Bound<'py, PyAny>,
        doc: &Bound<'py, PyDict>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (given, id): (_, GivenId<'_>) = (id, id.extract()?);
        let bytes = id.as_ref();
        let mut said = Said::of_call("put", OF_PUT, Some(args), kwargs)?;
        let (body, depth) = convert::measured_document_of(doc)?;
        // A copy that is made before the write shows what was written, whatever other threads do to the dict.
        let known = if depth == Depth::Flat && said.leaves_document() { Some(doc.copy()?) } else { None };
        let batch = said.batch(Op::put(&*coll, bytes, body));
        let (document, receipt) = if let Some(copy) = known {
            let receipt = self.call(doc.py(), move |db| db.write(batch))?;
            copy.set_item(convert::id_name(doc.py())?, shown_id(given, bytes))?;
            (copy, receipt)
        } else {
            let (stored, receipt) = self.call(doc.py(), move |db| {
                let receipt = db.write(batch)?;
                Ok((Stored::read(db, &coll, bytes, seq_of(&receipt)?)?, receipt))
            })?;
            (stored.to_python(doc.py())?, receipt)
        };
        if !said.wants_receipt {
            return Ok(document.into_any());
        }
        let seq = seq_of(&receipt).or_raise()?.get();
        Ok((document, seq, receipt.root.to_string()).into_pyobject(doc.py())?.into_any())
    }

    /// Deletes a document; False, and nothing is written, when there is none.
    #[pyo3(signature = (coll, id, **kwargs), text_signature = "($self, coll, id, *, client='local', nonce=None, \
        idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn delete(&self, py: Python<'_>, coll: String, id: Id, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<bool> {
        self.change(py, "delete", Op::delete(coll, id), kwargs)
    }

    /// Lets a document expire so many seconds from now, or never with None; False when there is none.
    #[pyo3(signature = (coll, id, ttl_s, **kwargs), text_signature = "($self, coll, id, ttl_s, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn expire(
        &self,
        py: Python<'_>,
        coll: String,
        id: Id,
        ttl_s: Option<f64>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<bool> {
        let mut op = Op::expire(coll, id);
        if let Some(ttl_s) = ttl_s {
            op = op.ttl_us(micros(ttl_s, "a lifetime")?);
        }
        self.change(py, "expire", op, kwargs)
    }

    /// Writes the content of an earlier version again, as a new version, and returns it.
    #[pyo3(signature = (coll, id, seq, **kwargs), text_signature = "($self, coll, id, seq, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn restore<'py>(
        &self,
        py: Python<'py>,
        coll: Cow<'_, str>,
        id: Id,
        seq: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let op = Op::restore(coll.as_ref(), &id, Seq::new(number("seq", seq)?));
        let batch = Said::of_call("restore", OF_OTHERS, None, kwargs)?.batch(op);
        let stored = self.call(py, move |db| {
            let receipt = db.write(batch)?;
            Stored::read(db, &coll, id.as_ref(), seq_of(&receipt)?)
        })?;
        stored.to_python(py)
    }

    /// Adds an edge between two nodes, each written `coll:id`; False, and nothing is written, when it is there.
    #[pyo3(signature = (frm, rel, to, **kwargs), text_signature = "($self, frm, rel, to, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn link(
        &self,
        py: Python<'_>,
        frm: String,
        rel: String,
        to: String,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<bool> {
        self.change(py, "link", Op::link(frm, rel, to), kwargs)
    }

    /// Removes an edge; False, and nothing is written, when there is none.
    #[pyo3(signature = (frm, rel, to, **kwargs), text_signature = "($self, frm, rel, to, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn unlink(
        &self,
        py: Python<'_>,
        frm: String,
        rel: String,
        to: String,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<bool> {
        self.change(py, "unlink", Op::unlink(frm, rel, to), kwargs)
    }

    /// Deletes every document that a collection has now, and returns how many; their history stays.
    fn drop_collection(&self, py: Python<'_>, coll: Cow<'_, str>) -> PyResult<u64> {
        self.call(py, |db| db.drop_collection(&coll))
    }

    /// Deletes the documents whose lifetime has ended, and returns how many. The database does so by itself as well.
    fn sweep(&self, py: Python<'_>) -> PyResult<u64> {
        self.call(py, Database::sweep)
    }
}

impl Nedb {
    /// Writes one operation whose answer is whether it changed anything.
    fn change(&self, py: Python<'_>, call: &str, op: Op, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<bool> {
        let batch = Said::of_call(call, OF_OTHERS, None, kwargs)?.batch(op);
        self.call(py, move |db| db.write(batch).map(|receipt| receipt.changed()))
    }
}

/// The refusal of something in the given operations.
fn refused(message: String) -> PyErr {
    raised(&nedb::Error::new(nedb::ErrorCode::InvalidArgument, message))
}
