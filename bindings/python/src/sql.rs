//! SQL statements: the calls of `nedb_compat::sql`.

use std::collections::BTreeMap;

use nedb::{QueryOptions, Seq};
use nedb_compat::sql::{self, SqlAnswer, SqlParams, SqlRows, SqlWritten};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyString, PyTuple},
};

use crate::{
    convert,
    database::Nedb,
    failure::Raise,
    interrupt::{self, Interrupt},
};

/// Rows that are read at once without the interpreter lock; signals are looked at in between.
const ROWS_AT_ONCE: usize = 4096;

/// Runs one SQL statement: a SELECT gives a list of dicts, a statement that writes a dict with `rowcount`, `seq` and `ids`.
///
/// `params` gives the placeholders their values: a sequence for `?` and `$1`, a dict for `:name` and `$name`.
#[pyfunction]
#[pyo3(signature = (db, sql, params=None))]
pub fn sql_exec<'py>(
    py: Python<'py>,
    db: &Bound<'py, Nedb>,
    sql: String,
    params: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let params = params_of(params)?;
    let take = |rows: &mut SqlRows| rows.take(ROWS_AT_ONCE).collect::<nedb::Result<Vec<_>>>();
    let interrupt = Interrupt::of(db.get());
    let options = QueryOptions::new().cancel(interrupt.token());
    let (answer, mut ready) = interrupt.call(py, db.get(), |db| {
        let mut answer = sql::exec_with(db, &sql, &params, &options)?;
        let ready = match &mut answer {
            SqlAnswer::Rows(rows) => take(rows)?,
            SqlAnswer::Written(_) => Vec::new(),
        };
        Ok((answer, ready))
    })?;
    let mut rows = match answer {
        SqlAnswer::Written(written) => return written_to_python(py, &written).map(Bound::into_any),
        SqlAnswer::Rows(rows) => rows,
    };
    let list = PyList::empty(py);
    loop {
        for row in &ready {
            list.append(convert::dict_of(py, &row.as_document())?)?;
        }
        if ready.len() < ROWS_AT_ONCE {
            return Ok(list.into_any());
        }
        interrupt::check(py)?;
        ready = interrupt.or_raise(py.detach(|| take(&mut rows)))?;
    }
}

/// Translates a SELECT over one table to NQL; the first `?` becomes `$p1`, `:name` becomes `$name`.
#[pyfunction]
#[pyo3(signature = (sql))]
pub fn sql_to_nql(sql: &str) -> PyResult<String> {
    sql::to_nql(sql).or_raise()
}

fn written_to_python<'py>(py: Python<'py>, written: &SqlWritten) -> PyResult<Bound<'py, PyDict>> {
    let ids = written.ids.iter().map(|id| match id.as_str() {
        Some(text) => PyString::new(py, text).into_any(),
        None => PyBytes::new(py, id.as_bytes()).into_any(),
    });
    let answer = PyDict::new(py);
    answer.set_item("rowcount", written.rowcount)?;
    answer.set_item("seq", Seq::number_of(written.seq))?;
    answer.set_item("ids", ids.collect::<Vec<_>>())?;
    Ok(answer)
}

fn params_of(given: Option<&Bound<'_, PyAny>>) -> PyResult<SqlParams> {
    let Some(given) = given else { return Ok(SqlParams::None) };
    if let Ok(named) = given.cast::<PyDict>() {
        let mut values = BTreeMap::new();
        for (name, value) in named.iter() {
            let name = name.cast::<PyString>()?.to_cow()?.into_owned();
            let value = convert::param_of(&value, format_args!(":{name}"))?;
            values.insert(name, value);
        }
        return Ok(SqlParams::Named(values));
    }
    if given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() {
        let values = given.try_iter()?.zip(1_usize..);
        let values = values.map(|(value, number)| convert::param_of(&value?, format_args!("?{number}")));
        return values.collect::<PyResult<Vec<_>>>().map(SqlParams::List);
    }
    let name = given.get_type().name()?;
    Err(PyTypeError::new_err(format!("the values of placeholders come as a list, a tuple or a dict, not {name}")))
}
