//! The Mongo face: calls as dicts, and cursors whose documents are taken as they are asked for.
//!
//! What users call is Python over these few functions (`nedb/mongo.py`); what a call means is in the crate `nedb-compat`.

use std::sync::{Mutex, PoisonError};

use nedb::{Database, DocumentBuf, Error, Object, QueryOptions, Value};
use nedb_compat::mongo;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

use crate::{convert, database::Nedb, interrupt::Interrupt};

/// Documents of a page at most: what is read at once without the interpreter lock.
const PAGE_DOCUMENTS_MAX: usize = 256;
/// A page ends with the document that reaches so many bytes.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// The documents of a find or a pipeline; an iterator.
#[pyclass(frozen, module = "nedb._native")]
pub struct MongoCursor {
    db: Py<Nedb>,
    documents: Mutex<Documents>,
    interrupt: Interrupt,
}

struct Documents {
    cursor: mongo::Cursor,
    /// Documents that were read ahead; an error behind them comes after them.
    ready: std::vec::IntoIter<nedb::Result<DocumentBuf>>,
    /// How many documents the next page has; who asks for few makes the engine read few.
    next_page_len: usize,
}

impl Documents {
    fn next(&mut self) -> nedb::Result<Option<DocumentBuf>> {
        if self.ready.len() == 0 {
            self.ready = self.page().into_iter();
        }
        self.ready.next().transpose()
    }

    fn page(&mut self) -> Vec<nedb::Result<DocumentBuf>> {
        let (mut page, mut bytes) = (Vec::with_capacity(self.next_page_len), 0);
        while page.len() < self.next_page_len && bytes < PAGE_BYTES_MAX {
            let Some(document) = self.cursor.next() else { break };
            let document = document.and_then(|document| DocumentBuf::from_object(&document));
            bytes += document.as_ref().map_or(0, |document| document.as_bytes().len());
            page.push(document);
        }
        self.next_page_len = (self.next_page_len * 2).min(PAGE_DOCUMENTS_MAX);
        page
    }
}

#[pymethods]
impl MongoCursor {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.db.get().check()?;
        let ready = self.documents.try_lock().ok().and_then(|mut documents| documents.ready.next());
        let document = match ready {
            Some(document) => document.map(Some),
            None => py.detach(|| self.documents.lock().unwrap_or_else(PoisonError::into_inner).next()),
        };
        self.interrupt.or_raise(document)?.map(|document| convert::dict_of(py, &document.as_document())).transpose()
    }
}

/// Does one call of the Mongo face.
#[pyfunction]
#[pyo3(name = "_mongo_run", signature = (db, call, /))]
pub fn mongo_run<'py>(db: &Bound<'py, Nedb>, call: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let call = object_of(call)?;
    let interrupt = Interrupt::of(db.get());
    let bounds = QueryOptions::new().cancel(interrupt.token());
    let answer = interrupt.call(db.py(), db.get(), |db| mongo::run_with(db, &call, &bounds))?;
    let made = PyDict::new(db.py());
    for (name, value) in answer.iter() {
        made.set_item(name, answer_to_python(db.py(), value)?)?;
    }
    Ok(made)
}

/// A field of an answer; each value in it may be as large and as deep as a document may be.
fn answer_to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Array(elements) => {
            let elements = elements.iter().map(|element| convert::value_to_python(py, element));
            Ok(PyList::new(py, elements.collect::<PyResult<Vec<_>>>()?)?.into_any())
        }
        value => convert::value_to_python(py, value),
    }
}

/// Begins a find or a pipeline of the Mongo face.
#[pyfunction]
#[pyo3(name = "_mongo_cursor", signature = (db, call, /))]
pub fn mongo_cursor(db: &Bound<'_, Nedb>, call: &Bound<'_, PyDict>) -> PyResult<MongoCursor> {
    let call = object_of(call)?;
    let interrupt = Interrupt::of(db.get());
    let bounds = QueryOptions::new().cancel(interrupt.token());
    let cursor = interrupt.call(db.py(), db.get(), |db| mongo::cursor_with(db, &call, &bounds))?;
    let documents = Mutex::new(Documents { cursor, ready: Vec::new().into_iter(), next_page_len: 1 });
    Ok(MongoCursor { db: db.clone().unbind(), documents, interrupt })
}

/// Inserts documents through the Mongo face and returns their ids; each may be as large as a document may be.
#[pyfunction]
#[pyo3(name = "_mongo_insert", signature = (db, coll, documents, /))]
pub fn mongo_insert<'py>(
    db: &Bound<'py, Nedb>,
    coll: String,
    documents: Vec<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let documents = documents.iter().map(object_of).collect::<PyResult<Vec<_>>>()?;
    let insert = |db: &Database| mongo::Client::new(db).collection(coll).insert_many(documents);
    let ids = db.get().call(db.py(), insert)?;
    let ids = ids.iter().map(|id| convert::value_to_python(db.py(), id));
    PyList::new(db.py(), ids.collect::<PyResult<Vec<_>>>()?)
}

fn object_of(dict: &Bound<'_, PyDict>) -> PyResult<Object> {
    match convert::value_of(dict.as_any())? {
        Value::Object(object) => Ok(object),
        other => {
            Err(crate::failure::raised(&Error::corrupt(format!("a dict became a value of type {}", other.type_name()))))
        }
    }
}
