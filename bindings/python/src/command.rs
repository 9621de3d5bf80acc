//! The command `nedb`, for the console script and `python -m nedb`.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Does what a command line says, its own name first, and returns the exit code.
#[pyfunction(name = "_command")]
pub fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| nedb_cli::run(words))
}
