//! What a write says beside its content: client, nonce, idempotency key, condition, lifetime and provenance.
//!
//! Calls take these as keyword arguments, transactions as entries of each operation; both end here. A name that is not known
//! is refused.

use nedb::{Cause, Expected, Op, Seq, WriteBatch};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyDict, PyInt, PyString, PyTuple},
};

use crate::argument::{invalid, micros, number, seq_or_before};

/// The names of a put's arguments behind the document, in the order in which they may be given without a name.
pub const OF_PUT: &[&str] =
    &["client", "nonce", "idem", "ttl_s", "caused_by", "evidence", "confidence", "valid_from", "valid_to", "if_seq"];

/// The names that every other write takes.
pub const OF_OTHERS: &[&str] = &["client", "nonce", "idem", "if_seq", "caused_by", "evidence", "confidence"];

/// The names that belong to the whole of a transaction.
pub const OF_BATCH: &[&str] = &["client", "idem"];

/// The name by which a put asks for its receipt.
pub const RECEIPT: &str = "receipt";

/// What was said.
#[derive(Default)]
pub struct Said {
    client: Option<String>,
    nonce: Option<u64>,
    idem: Option<String>,
    ttl_us: Option<u64>,
    causes: Vec<Cause>,
    evidence: Option<String>,
    confidence: Option<f64>,
    valid_from: Option<String>,
    valid_to: Option<String>,
    expected: Option<Expected>,
    /// Whether the answer is wanted with its seq and head.
    pub wants_receipt: bool,
}

impl Said {
    /// Reads the arguments of a call, as Python would: `args` in the order of the names, then those by name.
    pub fn of_call(
        call: &str,
        names: &[&str],
        args: Option<&Bound<'_, PyTuple>>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut said = Self::default();
        let given = args.map_or(0, PyTupleMethods::len);
        if given > names.len() {
            let message = format!("{call}() takes at most {} further arguments, {given} were given", names.len());
            return Err(PyTypeError::new_err(message));
        }
        for (name, value) in names.iter().zip(args.into_iter().flat_map(PyTupleMethods::iter)) {
            said.set(name, &value)?;
        }
        for (name, value) in kwargs.into_iter().flat_map(PyDictMethods::iter) {
            let name = name.cast::<PyString>()?.to_cow()?.into_owned();
            if names.iter().take(given).any(|taken| *taken == name) {
                return Err(PyTypeError::new_err(format!("{call}() got multiple values for argument '{name}'")));
            }
            let is_receipt = name == RECEIPT && names.len() == OF_PUT.len();
            if !is_receipt && !names.contains(&name.as_str()) {
                return Err(PyTypeError::new_err(format!("{call}() got an unexpected keyword argument '{name}'")));
            }
            said.set(&name, &value)?;
        }
        Ok(said)
    }

    /// Takes one thing that is said; None says nothing.
    pub fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if value.is_none() {
            return Ok(());
        }
        match name {
            "client" => self.client = Some(value.extract()?),
            "nonce" => self.nonce = Some(number(name, value)?),
            "idem" => self.idem = Some(value.extract()?),
            "ttl_s" => self.ttl_us = Some(micros(value.extract()?, "a lifetime")?),
            "caused_by" => self.causes = causes(value)?,
            "evidence" => self.evidence = Some(value.extract()?),
            "confidence" => self.confidence = Some(value.extract()?),
            "valid_from" => self.valid_from = Some(time_text(value)?),
            "valid_to" => self.valid_to = Some(time_text(value)?),
            "if_seq" => self.expected = Some(expected(value)?),
            RECEIPT => self.wants_receipt = value.is_truthy()?,
            other => return Err(PyTypeError::new_err(format!("unexpected argument '{other}'"))),
        }
        Ok(())
    }

    /// Whether a put with these words gives back what was put: nothing of them is shown, and no earlier result is.
    pub fn leaves_document(&self) -> bool {
        let Self { idem, ttl_us, causes, evidence, confidence, valid_from, valid_to, .. } = self;
        let shows_nothing = evidence.is_none() && confidence.is_none() && valid_from.is_none() && valid_to.is_none();
        idem.is_none() && ttl_us.is_none() && causes.is_empty() && shows_nothing
    }

    /// Adds what was said about one operation.
    pub fn about(&mut self, mut op: Op) -> Op {
        for cause in self.causes.drain(..) {
            op = op.caused_by(cause);
        }
        if let Some(expected) = self.expected.take() {
            op = op.if_seq(expected);
        }
        if let Some(nonce) = self.nonce.take() {
            op = op.nonce(nonce);
        }
        if let Some(ttl_us) = self.ttl_us.take() {
            op = op.ttl_us(ttl_us);
        }
        if let Some(evidence) = self.evidence.take() {
            op = op.evidence(evidence);
        }
        if let Some(confidence) = self.confidence.take() {
            op = op.confidence(confidence);
        }
        if let Some(from) = self.valid_from.take() {
            op = op.valid_from(from);
        }
        if let Some(to) = self.valid_to.take() {
            op = op.valid_to(to);
        }
        op
    }

    /// Adds what was said about the whole request.
    pub fn of_whole(&mut self, mut batch: WriteBatch) -> WriteBatch {
        if let Some(client) = self.client.take() {
            batch = batch.client(client);
        }
        if let Some(key) = self.idem.take() {
            batch = batch.idempotency_key(key);
        }
        batch
    }

    /// The batch of a single operation.
    pub fn batch(&mut self, op: Op) -> WriteBatch {
        let op = self.about(op);
        self.of_whole(op.into())
    }
}

/// The seq that a document must have; -1 means that there must be none.
fn expected(value: &Bound<'_, PyAny>) -> PyResult<Expected> {
    Ok(seq_or_before("if_seq", value)?.map_or(Expected::Missing, |seq| Expected::Seq(Seq::new(seq))))
}

/// One cause or several: seqs, or in a transaction `"#0"` for its first operation, and so on.
fn causes(value: &Bound<'_, PyAny>) -> PyResult<Vec<Cause>> {
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyString>() {
        return Ok(vec![cause(value)?]);
    }
    value.try_iter()?.map(|one| cause(&one?)).collect()
}

fn cause(value: &Bound<'_, PyAny>) -> PyResult<Cause> {
    let Ok(text) = value.cast::<PyString>() else {
        return Ok(Cause::Seq(Seq::new(number("caused_by", value)?)));
    };
    let text = text.to_cow()?;
    match text.strip_prefix('#').and_then(|position| position.parse().ok()) {
        Some(position) => Ok(Cause::Position(position)),
        None => {
            Err(invalid(format!("caused_by {text:?} is neither a seq nor the place of an operation, such as \"#0\"")))
        }
    }
}

/// ISO 8601 text, or what `isoformat` makes of a date or datetime.
fn time_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract();
    }
    let Some(isoformat) = value.getattr_opt("isoformat")? else {
        let name = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a valid time is a date, a datetime or ISO 8601 text, not {name}")));
    };
    isoformat.call0()?.extract()
}
