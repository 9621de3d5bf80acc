//! NEDB for Python: the module `nedb._native`.
//!
//! Promises: no rule of the database lives here. Each call converts its arguments, releases the interpreter lock, calls the
//! engine, and converts the answer; results are fresh Python objects made straight from the stored form.
//! Leaves to others: what a call means (the crate `nedb`), the exceptions (`nedb/errors.py`, generated from the error table),
//! and what is comfortable in Python alone (the package beside this crate).
#![allow(clippy::needless_pass_by_value, reason = "Python's arguments arrive as values of their own")]

mod argument;
mod command;
mod convert;
mod database;
mod failure;
mod fork;
mod history;
mod interrupt;
mod json_core;
mod mongo;
mod question;
mod rebuild;
mod redis;
mod said;
mod scan;
mod sql;
mod write;
mod writer;

use pyo3::prelude::*;

/// The engine as Python sees it; everything public is exported again by the package `nedb`.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::{
        command::{command, daemon},
        database::Nedb,
        history::{ChangeFeed, LogView, Op, OpIterator, check_content, check_proof},
        interrupt::Cancellation,
        json_core::{NedbCore, from_json, to_json},
        mongo::{MongoCursor, mongo_cursor, mongo_insert, mongo_run},
        question::{LiveQuery, Plan, Query, parse_nql},
        rebuild::rebuild,
        redis::RedisSession,
        scan::Scan,
        sql::{sql_exec, sql_to_nql},
        writer::{PendingWrite, Writer},
    };

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The table of commands is made once: here, where no other thread can fork in the middle of it.
        nedb_compat::redis::command(b"PING");
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
