//! The values of parameters, and how they take the places of `$names`.

use std::collections::{BTreeMap, BTreeSet};

use nedb_types::{DocId, Error, ErrorCode, Result, Timestamp, Value};

use crate::ast::{Arg, Moment, ParamName};
use crate::parse::moment_of_number;
use crate::search::SearchQuery;

/// Gives values to parameters.
///
/// A statement must be given exactly the parameters that it names. LIMIT and OFFSET take integers; AS OF a seq, -1, a
/// datetime or ISO 8601 text; `IN $list` an array; SEARCH, LIKE and a document id text; a comparison any value.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Params, parse};
///
/// let statement = parse("FROM people WHERE age >= $age")?;
/// assert!(statement.bind(&Params::new().with("age", 18)).is_ok());
/// let error = statement.bind(&Params::new()).unwrap_err();
/// assert_eq!(error.to_string(), "the parameter $age has no value");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    values: BTreeMap<String, Value>,
}

impl Params {
    /// Makes a set without parameters.
    pub const fn new() -> Self {
        Self { values: BTreeMap::new() }
    }

    /// Adds a parameter, without the `$`; a later value replaces an earlier one of the same name.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Adds a parameter, without the `$`.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.values.insert(name.into(), value.into());
    }

    /// Returns the names, in their order, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Adds the parameters of another set.
    ///
    /// # Errors
    ///
    /// `query_parameter` when a name has different values in the two.
    pub fn merged(&self, other: Self) -> Result<Self> {
        let mut merged = self.clone();
        for (name, value) in other.values {
            if merged.values.get(&name).is_some_and(|present| *present != value) {
                return Err(fault(format!("the parameter ${name} was given two values")));
            }
            merged.values.insert(name, value);
        }
        Ok(merged)
    }
}

/// Replaces parameters by values and notes which were used.
pub(crate) struct Binder<'a> {
    params: &'a Params,
    used: BTreeSet<&'a str>,
}

impl<'a> Binder<'a> {
    pub(crate) const fn new(params: &'a Params) -> Self {
        Self { params, used: BTreeSet::new() }
    }

    /// Refuses values that no parameter asked for.
    pub(crate) fn finish(self) -> Result<()> {
        match self.params.values.keys().find(|name| !self.used.contains(name.as_str())) {
            None => Ok(()),
            Some(name) => Err(fault(format!("the statement has no parameter ${name}"))),
        }
    }

    /// Returns the value of a parameter.
    pub(crate) fn param(&mut self, name: &ParamName) -> Result<&'a Value> {
        match self.params.values.get_key_value(name.as_str()) {
            Some((name, value)) => {
                self.used.insert(name);
                Ok(value)
            }
            None => Err(fault(format!("the parameter {name} has no value"))),
        }
    }

    /// Returns a given value, or that of a parameter read by a rule.
    fn read<T: Clone>(&mut self, arg: &Arg<T>, expected: &str, rule: impl FnOnce(&Value) -> Option<T>) -> Result<T> {
        match arg {
            Arg::Given(given) => Ok(given.clone()),
            Arg::Param(name) => {
                let value = self.param(name)?;
                rule(value).ok_or_else(|| {
                    fault(format!("the parameter {name} must be {expected}, not this {}", value.type_name()))
                })
            }
        }
    }

    pub(crate) fn value(&mut self, arg: &Arg<Value>) -> Result<Value> {
        self.read(arg, "a value", |value| Some(value.clone()))
    }

    pub(crate) fn text(&mut self, arg: &Arg<String>) -> Result<String> {
        self.read(arg, "a string", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn count(&mut self, arg: &Arg<u64>) -> Result<u64> {
        self.read(arg, "an integer of 0 or more", |value| u64::try_from(value.as_i64()?).ok())
    }

    pub(crate) fn moment(&mut self, arg: &Arg<Moment>) -> Result<Moment> {
        self.read(arg, "a seq, -1, a datetime or its ISO 8601 text", |value| match value {
            Value::I64(number) => moment_of_number(*number),
            other => timestamp_of(other).map(Moment::Time),
        })
    }

    pub(crate) fn timestamp(&mut self, arg: &Arg<Timestamp>) -> Result<Timestamp> {
        self.read(arg, "a datetime or its ISO 8601 text", timestamp_of)
    }

    pub(crate) fn doc_id(&mut self, arg: &Arg<DocId>) -> Result<DocId> {
        self.read(arg, "the id of a document", |value| match value {
            Value::String(text) => DocId::new(text).ok(),
            Value::Bytes(bytes) => DocId::new(bytes).ok(),
            _ => None,
        })
    }

    pub(crate) fn search(&mut self, arg: &Arg<SearchQuery>) -> Result<SearchQuery> {
        self.read(arg, "the words of a search", |value| SearchQuery::parse(value.as_str()?).ok())
    }
}

fn timestamp_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::DateTime(at) => Some(*at),
        Value::String(text) => Timestamp::parse(text).ok(),
        _ => None,
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorCode::QueryParameter, message)
}
