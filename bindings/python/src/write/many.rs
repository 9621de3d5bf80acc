//! `put_many`: many documents in few transactions.

use std::borrow::Cow;

use nedb::{DocumentBuf, Op, WriteBatch};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use super::refused;
use crate::{
    argument::{GivenId, number},
    convert,
    database::Nedb,
    interrupt,
};

/// Documents of one transaction unless the caller says otherwise: large enough that a sync does not count.
const BATCH_DOCUMENTS: usize = 4096;

/// Bytes of one transaction: a frame takes 32 MiB, and an operation is a little more than its document.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// Documents that are converted and not yet written.
struct Pending<'a> {
    coll: &'a str,
    client: Option<&'a str>,
    batch: WriteBatch,
    bytes: usize,
}

impl Pending<'_> {
    fn push(&mut self, id: &GivenId<'_>, document: DocumentBuf) {
        self.bytes += document.as_bytes().len();
        self.batch.push(Op::put(self.coll, id, document));
    }

    /// Writes what there is.
    fn write(&mut self, py: Python<'_>, db: &Nedb) -> PyResult<u64> {
        let mut batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(0);
        }
        if let Some(client) = self.client {
            batch = batch.client(client);
        }
        let count = batch.len() as u64;
        interrupt::check(py)?;
        self.batch = WriteBatch::with_capacity(batch.len());
        db.call(py, move |db| db.write(batch))?;
        Ok(count)
    }
}

#[pymethods]
impl Nedb {
    /// Writes many documents of one collection and returns how many: the quick way to load data.
    ///
    /// `docs` gives dicts that have their id in `_id`, or pairs `(id, dict)`. They are written in transactions of at most
    /// `batch` documents, each as a whole; when one fails, those before it stay.
    #[pyo3(signature = (coll, docs, *, batch=None, client=None),
        text_signature = "($self, coll, docs, *, batch=4096, client=None)")]
    fn put_many(
        &self,
        py: Python<'_>,
        coll: Cow<'_, str>,
        docs: &Bound<'_, PyAny>,
        batch: Option<&Bound<'_, PyAny>>,
        client: Option<Cow<'_, str>>,
    ) -> PyResult<u64> {
        let documents_max: usize = batch.map_or(Ok(BATCH_DOCUMENTS), |batch| number("batch", batch))?;
        let mut pending = Pending { coll: &coll, client: client.as_deref(), batch: WriteBatch::new(), bytes: 0 };
        let mut count = 0;
        for (position, given) in docs.try_iter()?.enumerate() {
            let (id, document) = identified(position, &given?)?;
            let id: GivenId<'_> = id.extract()?;
            pending.push(&id, convert::document_at(position, &document)?);
            if pending.batch.len() >= documents_max || pending.bytes >= BATCH_BYTES_MAX {
                count += pending.write(py, self)?;
            }
        }
        Ok(count + pending.write(py, self)?)
    }
}

/// The id that was given for a document, and the document.
fn identified<'py>(position: usize, given: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyDict>)> {
    if let Ok(document) = given.cast::<PyDict>() {
        let id = document.get_item("_id")?;
        let id = id.ok_or_else(|| refused(format!("document {position} has no \"_id\"")))?;
        return Ok((id, document.clone()));
    }
    match given.cast::<PyTuple>() {
        Ok(pair) if pair.len() == 2 => Ok((pair.get_item(0)?, pair.get_item(1)?.cast_into::<PyDict>()?)),
        _ => Err(refused(format!("document {position} is neither a dict nor a pair of id and dict"))),
    }
}
