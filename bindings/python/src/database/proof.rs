//! Verification and proofs.

use std::borrow::Cow;

use nedb::{VerifyOptions, VerifyReport};
use pyo3::prelude::*;

use super::Nedb;
use crate::{
    argument::{number, seq_or_before},
    failure::Raise,
    history::from_json,
};

#[pymethods]
impl Nedb {
    /// Whether the whole history checks: every byte, hash and root.
    fn verify(&self, py: Python<'_>) -> PyResult<bool> {
        self.call(py, |db| db.verify().map(|report| report.is_ok()))
    }

    /// Whether a replay of the log gives the state that this handle has.
    fn verify_determinism(&self, py: Python<'_>) -> PyResult<bool> {
        self.call(py, |db| db.verify_with(&VerifyOptions::new().deep(true)).map(|report| report.is_ok()))
    }

    /// What a verification found: the verdict with its place, and what was counted; `deep` compares derived state too.
    ///
    /// `expect_head` is `"SEQ:HEAD"` as it was written down earlier, which the history must contain.
    #[pyo3(signature = (deep=false, expect_head=None))]
    fn verify_report<'py>(
        &self,
        py: Python<'py>,
        deep: bool,
        expect_head: Option<Cow<'_, str>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut options = VerifyOptions::new().deep(deep);
        if let Some(head) = expect_head {
            options = options.expect_head(head.parse().or_raise()?);
        }
        let report: VerifyReport = self.call(py, |db| db.verify_with(&options))?;
        from_json(py, &report.to_json().or_raise()?)
    }

    /// A proof that an operation is in the history, as a text that other programs check without the database.
    ///
    /// It is a C2SP tlog-proof with a signed checkpoint; `nedb.check_proof` checks it.
    fn proof(&self, py: Python<'_>, seq: &Bound<'_, PyAny>) -> PyResult<String> {
        let seq = nedb::Seq::new(number("seq", seq)?);
        self.call(py, |db| db.proof(seq))
    }

    /// The key that checks the signatures of this database, in the text form of C2SP signed-note.
    fn verifier_key(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, nedb::Database::verifier_key)
    }

    /// A proof that the history up to seq `b` continues the one up to seq `a`; -1 stands for the empty history.
    ///
    /// Returns `{from_size, from_root, to_size, to_root, hashes}` as RFC 9162 has them; it was checked.
    fn consistency<'py>(
        &self,
        py: Python<'py>,
        a: &Bound<'py, PyAny>,
        b: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let size =
            |name: &str, seq: &Bound<'_, PyAny>| Ok::<_, PyErr>(seq_or_before(name, seq)?.map_or(0, |seq| seq + 1));
        let (from_size, to_size) = (size("a", a)?, size("b", b)?);
        let proof = self.call(py, |db| {
            let proof = db.consistency_proof(from_size, to_size)?;
            proof.verify()?;
            proof.to_json()
        })?;
        from_json(py, &proof)
    }
}
