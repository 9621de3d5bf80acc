//! Many writes in flight to a daemon: the writer of `nedb-client`.
//!
//! Promises: a call waits without the interpreter lock, and ends when the handler of a signal raises; a writer that was opened before a fork refuses every call in the child. Leaves to
//! others: what is in flight, and what becomes of it (`nedb-client`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nedb::{Error, ErrorCode, Op, Receipt, Seq, WriteBatch};
use nedb_client::{Daemon, Options, Pending};
use pyo3::{
    exceptions::PyTimeoutError,
    prelude::*,
    types::{PyDict, PyList},
};

use crate::{
    argument::{Id, invalid, micros, number},
    convert,
    failure::raised,
    fork::{Birthplace, MadeOnce},
    said::{OF_OTHERS, OF_PUT, Said},
    write::operations,
};

/// How long a thread waits before it looks at Python's signals: soon enough for a person who waits.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// `nedb.client._errors.grouped`.
static GROUPED: MadeOnce = MadeOnce::new();

/// The exception of an error of a daemon, of the classes that `NedbClient` has.
#[cold]
fn told(py: Python<'_>, error: &Error) -> PyErr {
    let exception = raised(error);
    let grouped = GROUPED
        .get(py, || py.import("nedb.client._errors")?.getattr("grouped"))
        .and_then(|grouped| grouped.call1((exception.value(py),)));
    match grouped {
        Ok(_same) => exception,
        Err(failure) => failure,
    }
}

/// A connection on which many writes are in flight; `NedbClient.writer` opens it.
#[pyclass(frozen, module = "nedb")]
pub struct Writer {
    writer: Mutex<Option<Arc<nedb_client::Writer>>>,
    born: Birthplace,
}

impl Writer {
    fn writer(&self, py: Python<'_>) -> PyResult<Arc<nedb_client::Writer>> {
        self.born.check().map_err(|error| told(py, &error))?;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        writer.ok_or_else(|| told(py, &Error::new(ErrorCode::Closed, "the writer is closed")))
    }

    fn write(&self, py: Python<'_>, batch: WriteBatch) -> PyResult<PendingWrite> {
        let writer = self.writer(py)?;
        let pending = unless_raised(py, |goes_on| writer.write_while(batch, goes_on))?;
        Ok(PendingWrite { answer: Mutex::new(Answer::Awaited(pending)), born: self.born })
    }

    fn change(&self, py: Python<'_>, call: &str, op: Op, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<PendingWrite> {
        let batch = Said::of_call(call, OF_OTHERS, None, kwargs)?.batch(op);
        self.write(py, batch)
    }

    /// Closes it, and waits for what is in flight when somebody wants to know.
    fn end(&self, py: Python<'_>, is_heard: bool) -> PyResult<()> {
        self.born.check().map_err(|error| told(py, &error))?;
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        if !is_heard {
            return Ok(());
        }
        unless_raised(py, |goes_on| {
            let is_done = match Arc::try_unwrap(writer) {
                Ok(writer) => writer.close_while(goes_on)?,
                // Other threads are in the middle of calls, and the last of them closes it.
                Err(shared) => shared.flush_while(goes_on)?,
            };
            Ok(is_done.then_some(()))
        })
    }
}

/// Waits without the interpreter lock; raises what the handler of a signal raises meanwhile, with which the work ends without a result.
fn unless_raised<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&(dyn Fn() -> bool + Sync)) -> nedb::Result<Option<T>> + Send,
) -> PyResult<T> {
    let raised_meanwhile = Mutex::new(None);
    let goes_on = || {
        let signal = Python::attach(|py| py.check_signals().err());
        let goes_on = signal.is_none();
        *raised_meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = signal;
        goes_on
    };
    let done = py.detach(|| work(&goes_on));
    if let Some(signal) = raised_meanwhile.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(signal);
    }
    let done = done.map_err(|error| told(py, &error))?;
    done.ok_or_else(|| told(py, &Error::new(ErrorCode::Cancelled, "nobody waits for the call any more")))
}

/// The id of a document as text, which is what a daemon has.
fn text_id(py: Python<'_>, id: Id) -> PyResult<String> {
    String::from_utf8(id.0).map_err(|error| {
        let message = format!("the id {:?} is no text, and a daemon has ids of text alone", error.as_bytes());
        told(py, &Error::new(ErrorCode::Unsupported, message))
    })
}

#[pymethods]
impl Writer {
    #[new]
    /// `reach` is the seconds of silence, the retries, and the certificates to trust.
    #[pyo3(signature = (url, db, token, reach))]
    fn new(
        py: Python<'_>,
        url: &str,
        db: &str,
        token: Option<String>,
        reach: (f64, u32, Option<String>),
    ) -> PyResult<Self> {
        let (timeout, retries, ca_pem) = reach;
        let mut options =
            Options::new().retries(retries).silence_max(Duration::from_micros(micros(timeout, "a timeout")?));
        if let Some(token) = token {
            options = options.token(token);
        }
        if let Some(pem) = ca_pem {
            options = options.ca_pem(pem);
        }
        let open = || Daemon::at(url, options)?.database(db).writer();
        let writer = py.detach(open).map_err(|error| told(py, &error))?;
        Ok(Self { writer: Mutex::new(Some(Arc::new(writer))), born: Birthplace::here() })
    }

    /// Writes a new version of a document.
    #[pyo3(signature = (coll, id, doc, **kwargs), text_signature = "($self, coll, id, doc, *, client='local', \
        nonce=None, idem=None, ttl_s=None, caused_by=None, evidence=None, confidence=None, valid_from=None, \
        valid_to=None, if_seq=None)")]
    fn put(
        &self,
        py: Python<'_>,
        coll: &str,
        id: Id,
        doc: &Bound<'_, PyDict>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PendingWrite> {
        let mut said = Said::of_call("put", OF_PUT, None, kwargs)?;
        if said.wants_receipt {
            return Err(invalid(
                "receipt belongs to a put that is waited for: the result of this one is its receipt".to_owned(),
            ));
        }
        let op = Op::put(coll, text_id(py, id)?, convert::document_of(doc)?);
        self.write(py, said.batch(op))
    }

    /// Deletes a document.
    #[pyo3(signature = (coll, id, **kwargs), text_signature = "($self, coll, id, *, client='local', nonce=None, \
        idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn delete(&self, py: Python<'_>, coll: &str, id: Id, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<PendingWrite> {
        self.change(py, "delete", Op::delete(coll, text_id(py, id)?), kwargs)
    }

    /// Writes the content of an earlier version again.
    #[pyo3(signature = (coll, id, seq, **kwargs), text_signature = "($self, coll, id, seq, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn restore(
        &self,
        py: Python<'_>,
        coll: &str,
        id: Id,
        seq: &Bound<'_, PyAny>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PendingWrite> {
        self.change(py, "restore", Op::restore(coll, text_id(py, id)?, Seq::new(number("seq", seq)?)), kwargs)
    }

    /// Adds an edge between two nodes, each written `coll:id`.
    #[pyo3(signature = (frm, rel, to, **kwargs), text_signature = "($self, frm, rel, to, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn link(
        &self,
        py: Python<'_>,
        frm: &str,
        rel: &str,
        to: &str,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PendingWrite> {
        self.change(py, "link", Op::link(frm, rel, to), kwargs)
    }

    /// Removes an edge.
    #[pyo3(signature = (frm, rel, to, **kwargs), text_signature = "($self, frm, rel, to, *, client='local', \
        nonce=None, idem=None, if_seq=None, caused_by=None, evidence=None, confidence=None)")]
    fn unlink(
        &self,
        py: Python<'_>,
        frm: &str,
        rel: &str,
        to: &str,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PendingWrite> {
        self.change(py, "unlink", Op::unlink(frm, rel, to), kwargs)
    }

    /// Writes operations, all or none, as `NEDB.tx` takes them.
    #[pyo3(signature = (ops, client=None, idem=None), text_signature = "($self, ops, client=None, idem=None)")]
    fn tx(
        &self,
        py: Python<'_>,
        ops: &Bound<'_, PyAny>,
        client: Option<String>,
        idem: Option<String>,
    ) -> PyResult<PendingWrite> {
        let mut batch = operations(ops)?;
        if let Some(client) = client {
            batch = batch.client(client);
        }
        if let Some(idem) = idem {
            batch = batch.idempotency_key(idem);
        }
        self.write(py, batch)
    }

    /// Waits for everything that was handed over; raises the first error of a write whose pending one was thrown away.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        let writer = self.writer(py)?;
        unless_raised(py, |goes_on| Ok(writer.flush_while(goes_on)?.then_some(())))
    }

    /// Waits as `flush` does, and closes the connection.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.end(py, true)
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*reason))]
    fn __exit__(&self, py: Python<'_>, reason: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        let is_raising = reason.get_item(0).is_ok_and(|kind| !kind.is_none());
        self.end(py, !is_raising)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.born.is_here() {
            // Its threads and its connection are the parent's.
            std::mem::forget(self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

/// A write that was handed over: `result()` waits for its receipt.
#[pyclass(frozen, module = "nedb")]
pub struct PendingWrite {
    answer: Mutex<Answer>,
    born: Birthplace,
}

enum Answer {
    Awaited(Pending),
    Told(nedb::Result<Receipt>),
    /// Somebody else takes it just now.
    Taken,
}

impl Answer {
    /// Waits for a while; whether the answer is there.
    fn is_there_in(&mut self, time_max: Duration) -> bool {
        match std::mem::replace(self, Self::Taken) {
            Self::Awaited(pending) if pending.wait_for(time_max) => *self = Self::Told(pending.wait()),
            before => *self = before,
        }
        matches!(self, Self::Told(_))
    }
}

#[pymethods]
impl PendingWrite {
    /// Whether the result is there.
    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        self.born.check().map_err(|error| told(py, &error))?;
        // While somebody waits it is not there.
        Ok(self.answer.try_lock().is_ok_and(|mut answer| answer.is_there_in(Duration::ZERO)))
    }

    /// Waits for the receipt, `timeout` seconds at most: `{changed, seq, outcomes, size, head, ts, replayed}`. Raises what the server refused.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=None)")]
    fn result<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyDict>> {
        self.born.check().map_err(|error| told(py, &error))?;
        let mut left = match timeout {
            Some(seconds) => Some(Duration::from_micros(micros(seconds, "a timeout")?)),
            None => None,
        };
        loop {
            let time = left.map_or(ASK_EVERY, |left| left.min(ASK_EVERY));
            let told_now = py.detach(|| {
                let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
                if !answer.is_there_in(time) {
                    return None;
                }
                if let Answer::Told(result) = &*answer { Some(result.clone()) } else { None }
            });
            if let Some(result) = told_now {
                return receipt(py, &result.map_err(|error| told(py, &error))?);
            }
            py.check_signals()?;
            left = left.map(|left| left.saturating_sub(time));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(PyTimeoutError::new_err("the write is not acknowledged yet"));
            }
        }
    }
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        if !self.born.is_here() {
            let answer = self.answer.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(std::mem::replace(answer, Answer::Taken));
        }
    }
}

fn receipt<'py>(py: Python<'py>, receipt: &Receipt) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let outcomes = receipt.outcomes.iter().map(|outcome| {
        let one = PyDict::new(py);
        one.set_item("changed", outcome.changed)?;
        one.set_item("seq", Seq::number_of(outcome.seq))?;
        Ok(one)
    });
    dict.set_item("changed", receipt.changed())?;
    dict.set_item("seq", Seq::number_of(receipt.last_seq))?;
    dict.set_item("outcomes", PyList::new(py, outcomes.collect::<PyResult<Vec<_>>>()?)?)?;
    dict.set_item("size", receipt.size)?;
    dict.set_item("head", receipt.root.to_string())?;
    dict.set_item("ts", receipt.committed_at.to_string())?;
    dict.set_item("replayed", receipt.replayed)?;
    Ok(dict)
}
