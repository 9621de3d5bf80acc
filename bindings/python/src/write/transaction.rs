//! `tx`: operations that happen as a whole or not at all, given as dicts.
//!
//! ```text
//! {"op": "put", "coll": c, "id": i, "doc": {..}}      put delete expire restore: coll id, and doc, ttl_s or seq
//! {"op": "link", "frm": n, "rel": r, "to": m}         link unlink
//! ```
//!
//! Each may have `if_seq`, `nonce` and provenance as well. Promises: a name that an operation does not take is refused.

use nedb::{Op, Outcome, Receipt, Seq, WriteBatch};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString},
};

use super::{Stored, refused};
use crate::{
    argument::{Id, micros, number},
    convert,
    database::Nedb,
    said::{OF_BATCH, OF_OTHERS, OF_PUT, Said},
};

/// What an operation writes, to be read back for the answer.
type Written = Option<(String, Vec<u8>)>;

/// The entries of one operation, each taken once; what is left over is not known.
struct Entries<'py> {
    position: usize,
    left: Bound<'py, PyDict>,
}

impl<'py> Entries<'py> {
    fn new(position: usize, given: &Bound<'py, PyAny>) -> PyResult<Self> {
        match given.cast::<PyDict>() {
            Ok(given) => Ok(Self { position, left: given.copy()? }),
            Err(_other) => Err(refused(format!("operation {position} is a {}, not a dict", given.get_type().name()?))),
        }
    }

    fn maybe(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.left.get_item(name)?;
        if value.is_some() {
            self.left.del_item(name)?;
        }
        Ok(value)
    }

    fn take(&self, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.maybe(name)?.ok_or_else(|| refused(format!("operation {} has no {name:?}", self.position)))
    }

    fn text(&self, name: &str) -> PyResult<String> {
        self.take(name)?.extract()
    }

    fn key(&self) -> PyResult<(String, Id)> {
        Ok((self.text("coll")?, self.take("id")?.extract()?))
    }
}

fn operation(position: usize, given: &Bound<'_, PyAny>) -> PyResult<(Op, Written)> {
    let entries = Entries::new(position, given)?;
    let kind = entries.text("op")?;
    let mut names = OF_OTHERS;
    let (op, written) = match kind.as_str() {
        "put" => {
            names = OF_PUT;
            let (coll, id) = entries.key()?;
            let document = entries.take("doc")?;
            let body = convert::document_at(position, document.cast::<PyDict>()?)?;
            (Op::put(&coll, &id, body), Some((coll, id.0)))
        }
        "restore" => {
            let (coll, id) = entries.key()?;
            let seq = Seq::new(number("seq", &entries.take("seq")?)?);
            (Op::restore(&coll, &id, seq), Some((coll, id.0)))
        }
        "delete" => entries.key().map(|(coll, id)| (Op::delete(coll, id), None))?,
        "expire" => {
            let (coll, id) = entries.key()?;
            let mut op = Op::expire(coll, id);
            if let Some(ttl_s) = entries.take("ttl_s")?.extract::<Option<f64>>()? {
                op = op.ttl_us(micros(ttl_s, "a lifetime")?);
            }
            (op, None)
        }
        "link" => (Op::link(entries.text("frm")?, entries.text("rel")?, entries.text("to")?), None),
        "unlink" => (Op::unlink(entries.text("frm")?, entries.text("rel")?, entries.text("to")?), None),
        other => return Err(refused(format!("operation {position}: there is no {other:?}"))),
    };
    let mut said = Said::default();
    for (name, value) in entries.left.iter() {
        let name = name.cast::<PyString>()?.to_cow()?.into_owned();
        if !names.contains(&name.as_str()) || OF_BATCH.contains(&name.as_str()) {
            return Err(refused(format!("operation {position}: {kind} takes no {name:?}")));
        }
        said.set(&name, &value)?;
    }
    Ok((said.about(op), written))
}

/// The batch of operations whose results nobody reads back.
pub fn operations(ops: &Bound<'_, PyAny>) -> PyResult<WriteBatch> {
    let mut batch = WriteBatch::new();
    for (position, given) in ops.try_iter()?.enumerate() {
        batch.push(operation(position, &given?)?.0);
    }
    Ok(batch)
}

#[pymethods]
impl Nedb {
    /// Writes operations as a whole or not at all: `[{"op": "put", "coll": .., "id": .., "doc": .., "if_seq": ..}, ..]`.
    ///
    /// Operations are put, delete, expire, restore, link and unlink. `PreconditionFailed.failures` lists every condition that
    /// failed. Returns `{"results": [..], "count": n, "seq": last}`; a put or restore gives the stored document, the others
    /// whether they changed anything.
    #[pyo3(signature = (ops, client=None, idem=None), text_signature = "($self, ops, client=None, idem=None)")]
    fn tx<'py>(
        &self,
        py: Python<'py>,
        ops: &Bound<'py, PyAny>,
        client: Option<String>,
        idem: Option<String>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (mut batch, mut written) = (WriteBatch::new(), Vec::new());
        for (position, given) in ops.try_iter()?.enumerate() {
            let (op, key) = operation(position, &given?)?;
            batch.push(op);
            written.push(key);
        }
        if let Some(client) = client {
            batch = batch.client(client);
        }
        if let Some(idem) = idem {
            batch = batch.idempotency_key(idem);
        }
        let (receipt, stored) = self.call(py, move |db| {
            let receipt = db.write(batch)?;
            let read = |(key, outcome): (Written, &Outcome)| match (key, outcome.seq) {
                (Some((coll, id)), Some(seq)) => Stored::read(db, &coll, &id, seq).map(Some),
                _ => Ok(None),
            };
            let stored = written.into_iter().zip(&receipt.outcomes).map(read).collect::<nedb::Result<Vec<_>>>()?;
            Ok((receipt, stored))
        })?;
        answer(py, &receipt, &stored)
    }
}

fn answer<'py>(py: Python<'py>, receipt: &Receipt, stored: &[Option<Stored>]) -> PyResult<Bound<'py, PyDict>> {
    let results = PyList::empty(py);
    for (outcome, stored) in receipt.outcomes.iter().zip(stored) {
        match stored {
            Some(stored) => results.append(stored.to_python(py)?)?,
            None => results.append(outcome.changed)?,
        }
    }
    let answer = PyDict::new(py);
    answer.set_item("count", results.len())?;
    answer.set_item("results", results)?;
    answer.set_item("seq", Seq::number_of(receipt.last_seq))?;
    Ok(answer)
}
