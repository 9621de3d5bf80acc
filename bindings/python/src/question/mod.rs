//! Questions in NQL: as text, as a plan, and call by call.

mod builder;
mod column;
mod columns;
mod live;

use std::borrow::Cow;

pub use builder::Query;
use columns::Columns;
pub use live::LiveQuery;
use nedb::{Error, ErrorCode, Params, QueryOptions, QueryRow, RowFields, Rows};
use nedb_nql::Statement;
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyDict, PyList, PyString},
};

use crate::{
    argument::{micros, number},
    convert,
    database::Nedb,
    failure::{Raise, raised},
    interrupt::{self, Interrupt},
};

/// Rows that are read at once without the interpreter lock; signals are looked at in between.
const ROWS_AT_ONCE: usize = 4096;

/// A query whose parameters have values: what `execute` takes. Its text is the NQL that it stands for.
#[pyclass(frozen, module = "nedb")]
pub struct Plan {
    pub plan: nedb::Plan,
    text: String,
}

impl Plan {
    pub fn new(query: &nedb_nql::Query, params: &Params) -> nedb::Result<Self> {
        Ok(Self { plan: query.plan(params)?, text: query.to_string() })
    }
}

#[pymethods]
impl Plan {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("<Plan {}>", self.text)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().plan == self.plan)
    }

    /// The collection that is asked.
    #[getter]
    fn collection(&self) -> &str {
        self.plan.collection.as_str()
    }
}

/// Reads a query and gives its parameters their values.
#[pyfunction]
#[pyo3(signature = (nql, /, **params))]
pub fn parse_nql(nql: Cow<'_, str>, params: Option<&Bound<'_, PyDict>>) -> PyResult<Plan> {
    let params = params_of(params)?;
    match nedb_nql::parse(&nql).or_raise()? {
        Statement::Query(query) | Statement::Explain(query) => Plan::new(&query, &params).or_raise(),
        _ => {
            Err(raised(&Error::new(ErrorCode::Unsupported, "only a query has a plan: run this statement with query()")))
        }
    }
}

/// Parameters from keyword arguments.
pub fn params_of(given: Option<&Bound<'_, PyDict>>) -> PyResult<Params> {
    let mut params = Params::new();
    for (name, value) in given.into_iter().flat_map(PyDictMethods::iter) {
        let name = name.cast::<PyString>()?.to_cow()?.into_owned();
        let value = convert::param_of(&value, format_args!("${name}"))?;
        params.insert(name, value);
    }
    Ok(params)
}

/// The text of a query that was given by the name of the argument, `nql`, which then is no parameter of the query.
#[cold]
fn named_text(given: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
    let missing = || PyTypeError::new_err("query() missing 1 required argument: 'nql'");
    let given = given.ok_or_else(missing)?;
    let text = given.get_item("nql")?.ok_or_else(missing)?.extract()?;
    given.del_item("nql")?;
    Ok(text)
}

/// What is asked, however it was given.
enum Asked {
    Text(String),
    Plan(Box<nedb::Plan>),
}

impl Asked {
    fn of(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = given.cast::<PyString>() {
            return Ok(Self::Text(text.to_cow()?.into_owned()));
        }
        if let Ok(plan) = given.cast::<Plan>() {
            return Ok(Self::Plan(Box::new(plan.get().plan.clone())));
        }
        match given.cast::<Query>() {
            Ok(query) => query.get().to_plan().map(|plan| Self::Plan(Box::new(plan.plan))),
            Err(_other) => {
                let name = given.get_type().name()?;
                Err(PyTypeError::new_err(format!("a query is NQL text, a Plan or a Query, not {name}")))
            }
        }
    }

    fn run(&self, db: &nedb::Database, options: &QueryOptions) -> nedb::Result<Rows> {
        match self {
            Self::Text(text) => db.query_with(text, options),
            Self::Plan(plan) => db.execute(plan, options),
        }
    }

    fn explain(&self, db: &nedb::Database, options: &QueryOptions) -> nedb::Result<Vec<QueryRow>> {
        match self {
            Self::Text(text) => db.explain(text, options)?.rows(),
            Self::Plan(plan) => db.explain_plan(plan, options)?.rows(),
        }
    }
}

/// The name by which a query asks for a table of Arrow instead of rows.
const AS_ARROW: &str = "as_arrow";

/// Runs a query and hands on its rows.
fn each_row(
    py: Python<'_>,
    db: &Nedb,
    (asked, options): (&Asked, QueryOptions),
    mut take: impl FnMut(&QueryRow) -> PyResult<()>,
) -> PyResult<()> {
    let read = |rows: &mut Rows| rows.take(ROWS_AT_ONCE).collect::<nedb::Result<Vec<_>>>();
    let interrupt = Interrupt::of(db);
    let options = options.cancel(interrupt.token());
    let (mut rows, mut ready) = interrupt.call(py, db, |db| {
        let mut rows = asked.run(db, &options)?;
        let ready = read(&mut rows)?;
        Ok((rows, ready))
    })?;
    loop {
        ready.iter().try_for_each(&mut take)?;
        if ready.len() < ROWS_AT_ONCE {
            return Ok(());
        }
        interrupt::check(py)?;
        ready = interrupt.or_raise(py.detach(|| read(&mut rows)))?;
    }
}

/// The rows of a query as dicts.
fn rows<'py>(py: Python<'py>, db: &Nedb, asked: &Asked, options: QueryOptions) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    each_row(py, db, (asked, options), |row| list.append(convert::dict_of(py, &row.document().as_document())?))?;
    Ok(list)
}

/// The rows of a query as a table of Arrow.
fn table<'py>(py: Python<'py>, db: &Nedb, asked: &Asked, options: QueryOptions) -> PyResult<Bound<'py, PyAny>> {
    let mut columns = Columns::default();
    each_row(py, db, (asked, options), |row| columns.push(py, row))?;
    columns.table(py)
}

fn answer<'py>(
    py: Python<'py>,
    db: &Nedb,
    asked: &Asked,
    options: QueryOptions,
    takes_table: bool,
) -> PyResult<Bound<'py, PyAny>> {
    if takes_table { table(py, db, asked, options) } else { rows(py, db, asked, options).map(Bound::into_any) }
}

/// Takes from keyword arguments whether a table is asked for.
fn takes_table(given: Option<&Bound<'_, PyDict>>) -> PyResult<bool> {
    let Some(given) = given else { return Ok(false) };
    let Some(value) = given.get_item(AS_ARROW)? else { return Ok(false) };
    given.del_item(AS_ARROW)?;
    value.is_truthy()
}

fn run<'py>(py: Python<'py>, db: &Nedb, given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    rows(py, db, &Asked::of(given)?, QueryOptions::new())
}

#[pymethods]
impl Nedb {
    /// Answers a query in NQL with a list of dicts; `$name` in the text takes the value of the keyword argument `name`.
    ///
    /// With `as_arrow=True` the answer is a `pyarrow.Table`, which has `.to_pandas()`. Programs for earlier packages may give the
    /// text by its name, `nql`.
    #[pyo3(signature = (nql=None, /, **params), text_signature = "($self, nql, /, *, as_arrow=False, **params)")]
    fn query<'py>(
        &self,
        py: Python<'py>,
        nql: Option<String>,
        params: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let nql = match nql {
            Some(nql) => nql,
            None => named_text(params)?,
        };
        let takes_table = takes_table(params)?;
        let options = QueryOptions::new().params(params_of(params)?);
        answer(py, self, &Asked::Text(nql), options, takes_table)
    }

    /// Runs a query that was given as text, as a Plan or as a Query, with bounds.
    ///
    /// `params` gives the parameters of a text; `timeout_s` and `memory_bytes_max` end the query with a `TimeoutError` or a
    /// `MemoryError`; with `system_fields=True` rows have `_seq` and `_ts` too; `as_arrow=True` gives a `pyarrow.Table`.
    #[pyo3(signature = (plan, params=None, **kwargs), text_signature = "($self, plan, params=None, *, timeout_s=None, \
        memory_bytes_max=None, system_fields=False, as_arrow=False)")]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        plan: &Bound<'py, PyAny>,
        params: Option<&Bound<'py, PyDict>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let takes_table = takes_table(kwargs)?;
        let mut options = QueryOptions::new().params(params_of(params)?);
        for (name, value) in kwargs.into_iter().flat_map(PyDictMethods::iter) {
            if value.is_none() {
                continue;
            }
            options = match &*name.cast::<PyString>()?.to_cow()? {
                "timeout_s" => options.deadline_us(micros(value.extract()?, "a deadline")?),
                "memory_bytes_max" => options.memory_bytes_max(number("memory_bytes_max", &value)?),
                "system_fields" if value.is_truthy()? => options.row_fields(RowFields::System),
                "system_fields" => options,
                other => {
                    let message = format!("execute() got an unexpected keyword argument '{other}'");
                    return Err(PyTypeError::new_err(message));
                }
            };
        }
        answer(py, self, &Asked::of(plan)?, options, takes_table)
    }

    /// How a query is answered: a dict for each step, with the rows and the time that it took, then hints.
    #[pyo3(signature = (nql, /, **params))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        nql: &Bound<'py, PyAny>,
        params: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let (asked, options) = (Asked::of(nql)?, QueryOptions::new().params(params_of(params)?));
        let interrupt = Interrupt::of(self);
        let options = options.cancel(interrupt.token());
        let steps = interrupt.call(py, self, |db| asked.explain(db, &options))?;
        steps.iter().map(|row| convert::dict_of(py, &row.document().as_document())).collect()
    }

    /// Begins a query of a collection, call by call.
    fn q(slf: &Bound<'_, Self>, coll: Cow<'_, str>) -> PyResult<Query> {
        Query::begin(Some(slf.clone().unbind()), &coll)
    }
}
