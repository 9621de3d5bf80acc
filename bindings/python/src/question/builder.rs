//! The class `Query`: a query made by calls, each of which gives a new one.

use std::borrow::Cow;

use nedb::{AsOf, Error, ErrorCode, Params, Timestamp, Value};
use nedb_nql::{Direction, Expr, Filter, Hops, QueryBuilder, field, parse_condition};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

use super::{Asked, Plan, params_of, run};
use crate::{
    argument::{Moment, invalid, number},
    convert,
    database::Nedb,
    failure::{Raise, raised},
};

/// A query under construction; `q(coll)` of a database begins one.
#[pyclass(frozen, module = "nedb")]
pub struct Query {
    db: Option<Py<Nedb>>,
    ast: nedb_nql::Query,
    params: Params,
}

impl Query {
    pub fn begin(db: Option<Py<Nedb>>, coll: &str) -> PyResult<Self> {
        let ast = nedb_nql::Query::from_collection(coll).build().or_raise()?;
        Ok(Self { db, ast, params: Params::new() })
    }

    pub fn to_plan(&self) -> PyResult<Plan> {
        Plan::new(&self.ast, &self.params).or_raise()
    }

    fn change(&self, py: Python<'_>, change: impl FnOnce(QueryBuilder) -> QueryBuilder) -> PyResult<Self> {
        self.change_with(py, self.params.clone(), change)
    }

    fn change_with(
        &self,
        py: Python<'_>,
        params: Params,
        change: impl FnOnce(QueryBuilder) -> QueryBuilder,
    ) -> PyResult<Self> {
        let ast = change(QueryBuilder::from(self.ast.clone())).build().or_raise()?;
        Ok(Self { db: self.db.as_ref().map(|db| db.clone_ref(py)), ast, params })
    }

    fn db<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Nedb>> {
        let nowhere = || invalid("the query belongs to no database: begin it with db.q(coll)".to_owned());
        Ok(self.db.as_ref().ok_or_else(nowhere)?.bind(py).clone())
    }

    /// Adds parameters; one name cannot have two values.
    fn merged(&self, given: Option<&Bound<'_, PyDict>>) -> PyResult<Params> {
        self.params.merged(params_of(given)?).or_raise()
    }
}

#[pymethods]
impl Query {
    #[new]
    #[pyo3(signature = (coll, db=None), text_signature = "(coll, db=None)")]
    fn new(coll: Cow<'_, str>, db: Option<Py<Nedb>>) -> PyResult<Self> {
        Self::begin(db, &coll)
    }

    fn __str__(&self) -> String {
        self.ast.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Query {}>", self.ast)
    }

    /// Asks the state of a moment: a seq, a datetime or ISO 8601 text.
    fn as_of(&self, py: Python<'_>, moment: Moment) -> PyResult<Self> {
        let moment = match moment.0 {
            AsOf::Empty => nedb_nql::Moment::Empty,
            AsOf::Seq(seq) => nedb_nql::Moment::Seq(seq),
            AsOf::Time(at) => nedb_nql::Moment::Time(at),
            AsOf::Head => return self.change(py, |query| query),
        };
        self.change(py, |query| query.as_of(moment))
    }

    /// Asks what holds at a moment: a datetime or ISO 8601 text.
    fn valid_as_of(&self, py: Python<'_>, moment: &Bound<'_, PyAny>) -> PyResult<Self> {
        let at = match convert::timestamp_of(moment)? {
            Some(at) => at,
            None => Timestamp::parse(&moment.extract::<Cow<'_, str>>()?).or_raise()?,
        };
        self.change(py, |query| query.valid_as_of(at))
    }

    /// Keeps rows that satisfy a condition; behind `traverse` and `trace`, of those that they found.
    ///
    /// `where("age >= $low AND city = 'London'", low=18)`, `where("age", ">=", 18)` or `where(city="London")`.
    #[pyo3(name = "where", signature = (*args, **kwargs), text_signature = "($self, *condition, **values)")]
    fn filter(&self, py: Python<'_>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let part = |at| args.get_item(at);
        match args.len() {
            0 => {
                let pairs = kwargs.into_iter().flat_map(PyDictMethods::iter);
                let filters = pairs
                    .map(|(name, value)| Ok(field(&name.extract::<Cow<'_, str>>()?).eq(convert::value_of(&value)?)));
                let filters: Vec<Filter> = filters.collect::<PyResult<_>>()?;
                self.change(py, |query| filters.into_iter().fold(query, QueryBuilder::filter))
            }
            1 => {
                let condition: Expr = parse_condition(&part(0)?.extract::<Cow<'_, str>>()?).or_raise()?;
                self.change_with(py, self.merged(kwargs)?, |query| query.filter(Filter::from(condition)))
            }
            3 if kwargs.is_none() => {
                let (path, op) = (part(0)?.extract::<Cow<'_, str>>()?.into_owned(), part(1)?);
                let value = convert::value_of(&part(2)?)?;
                let filter = comparison(&path, &op.extract::<Cow<'_, str>>()?, value)?;
                self.change(py, |query| query.filter(filter))
            }
            _ => Err(invalid(
                "where takes a condition, or a field, an operator and a value, or fields by name".to_owned(),
            )),
        }
    }

    /// Keeps rows with the words of a search, and ranks them in `_score`.
    fn search(&self, py: Python<'_>, words: Cow<'_, str>) -> PyResult<Self> {
        self.change(py, |query| query.search(&words))
    }

    /// Follows links for so many hops, forwards or in reverse; `where` behind it filters what was reached.
    #[pyo3(signature = (rel, min_hops=None, max_hops=None, reverse=false),
        text_signature = "($self, rel, min_hops=1, max_hops=None, reverse=False)")]
    fn traverse(
        &self,
        py: Python<'_>,
        rel: Cow<'_, str>,
        min_hops: Option<&Bound<'_, PyAny>>,
        max_hops: Option<&Bound<'_, PyAny>>,
        reverse: bool,
    ) -> PyResult<Self> {
        let min_hops = min_hops.map_or(Ok(1), |hops| number("min_hops", hops))?;
        let max_hops = max_hops.map_or(Ok(min_hops), |hops| number("max_hops", hops))?;
        let hops = Hops::new(min_hops, max_hops).or_raise()?;
        self.change(py, |query| query.traverse(&rel, hops, direction(reverse)))
    }

    /// Follows causes: to the versions that were the causes, or in reverse to all that followed.
    #[pyo3(signature = (rel="caused_by".into(), reverse=false), text_signature = "($self, rel='caused_by', reverse=False)")]
    fn trace(&self, py: Python<'_>, rel: Cow<'_, str>, reverse: bool) -> PyResult<Self> {
        if rel != "caused_by" {
            return Err(invalid(format!("a trace follows caused_by, not {rel:?}")));
        }
        self.change(py, |query| query.trace(direction(reverse)))
    }

    /// Groups by fields; `count`, `sum`, `avg`, `min` and `max` add columns.
    #[pyo3(signature = (*fields))]
    fn group_by(&self, py: Python<'_>, fields: Vec<String>) -> PyResult<Self> {
        self.change(py, |query| query.group_by(fields.iter().map(String::as_str)))
    }

    /// Adds the number of rows of each group.
    fn count(&self, py: Python<'_>) -> PyResult<Self> {
        self.change(py, QueryBuilder::count)
    }

    /// Adds the sum of a field.
    fn sum(&self, py: Python<'_>, field: Cow<'_, str>) -> PyResult<Self> {
        self.change(py, |query| query.sum(&field))
    }

    /// Adds the average of a field.
    fn avg(&self, py: Python<'_>, field: Cow<'_, str>) -> PyResult<Self> {
        self.change(py, |query| query.avg(&field))
    }

    /// Adds the least value of a field.
    fn min(&self, py: Python<'_>, field: Cow<'_, str>) -> PyResult<Self> {
        self.change(py, |query| query.min(&field))
    }

    /// Adds the greatest value of a field.
    fn max(&self, py: Python<'_>, field: Cow<'_, str>) -> PyResult<Self> {
        self.change(py, |query| query.max(&field))
    }

    /// Keeps groups that satisfy a condition on their columns.
    #[pyo3(signature = (condition, /, **params))]
    fn having(&self, py: Python<'_>, condition: Cow<'_, str>, params: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let condition = parse_condition(&condition).or_raise()?;
        self.change_with(py, self.merged(params)?, |query| query.having(Filter::from(condition)))
    }

    /// Adds a key of the order.
    #[pyo3(signature = (field, desc=false), text_signature = "($self, field, desc=False)")]
    fn order_by(&self, py: Python<'_>, field: Cow<'_, str>, desc: bool) -> PyResult<Self> {
        self.change(py, |query| if desc { query.descending(&field) } else { query.ascending(&field) })
    }

    /// Gives at most so many rows.
    fn limit(&self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rows = number("limit", rows)?;
        self.change(py, |query| query.limit(rows))
    }

    /// Passes over so many rows first.
    fn offset(&self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rows = number("offset", rows)?;
        self.change(py, |query| query.offset(rows))
    }

    /// Gives these fields of each row.
    #[pyo3(signature = (*fields))]
    fn select(&self, py: Python<'_>, fields: Vec<String>) -> PyResult<Self> {
        self.change(py, |query| query.select(fields.iter().map(String::as_str)))
    }

    /// The values of the parameters that its conditions were given, by their names.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let params = PyDict::new(py);
        for (name, value) in self.params.iter() {
            params.set_item(name, convert::value_to_python(py, value)?)?;
        }
        Ok(params)
    }

    /// What `execute` takes; its text is the NQL of the query.
    #[getter]
    fn plan(&self) -> PyResult<Plan> {
        self.to_plan()
    }

    /// The rows as a list of dicts.
    fn run<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let db = slf.get().db(slf.py())?;
        run(slf.py(), db.get(), slf.as_any())
    }

    /// How the query is answered, step by step.
    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let asked = Asked::Plan(Box::new(self.to_plan()?.plan));
        let steps = self.db(py)?.get().call(py, |db| asked.explain(db, &nedb::QueryOptions::new()))?;
        steps.iter().map(|row| convert::dict_of(py, &row.document().as_document())).collect()
    }
}

const fn direction(is_reverse: bool) -> Direction {
    if is_reverse { Direction::Reverse } else { Direction::Forward }
}

/// A condition of a field, an operator and a value.
fn comparison(path: &str, op: &str, value: Value) -> PyResult<Filter> {
    let unknown = || {
        raised(&Error::new(ErrorCode::InvalidArgument, format!("{op:?} is no operator between a field and this value")))
    };
    let field = field(path);
    Ok(match (op.to_ascii_lowercase().as_str(), value) {
        ("=" | "==", value) => field.eq(value),
        ("!=" | "<>", value) => field.ne(value),
        ("<", value) => field.lt(value),
        ("<=", value) => field.le(value),
        (">", value) => field.gt(value),
        (">=", value) => field.ge(value),
        ("contains", value) => field.contains(value),
        ("in", Value::Array(values)) => field.one_of(values),
        ("between", Value::Array(bounds)) => match <[Value; 2]>::try_from(bounds) {
            Ok([low, high]) => field.between(low, high),
            Err(_other_number) => return Err(unknown()),
        },
        ("like", Value::String(pattern)) => field.like(pattern),
        ("ilike", Value::String(pattern)) => field.ilike(pattern),
        _ => return Err(unknown()),
    })
}
