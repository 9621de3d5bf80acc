//! The programs of the package: the command `nedb` and the daemon `nedbd`, for their console scripts and for `python -m`.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Does what a command line says, its own name first, and returns the exit code.
#[pyfunction(name = "_command")]
pub fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| nedb_cli::run(words))
}

/// Does what a command line of the daemon says, its own name first, until a signal ends it; returns the exit code.
#[pyfunction(name = "_daemon")]
pub fn daemon(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| nedb_server::run(words))
}
