//! The values of placeholders.
//!
//! They are bound into the plan as values: no text is made of them and read again.

use std::collections::{BTreeMap, BTreeSet};

use nedb_nql::{Arg, ParamName};
use nedb_types::{Result, Value};

use super::refusal::wrong_value;

/// Gives the placeholders of a statement their values.
///
/// ```
/// use nedb_compat::sql::SqlParams;
///
/// let listed = SqlParams::from(vec![1.into(), "ada".into()]);
/// assert_ne!(listed, SqlParams::None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SqlParams {
    /// The statement has no placeholders.
    #[default]
    None,
    /// Values for `?`, in their order, or for `?1` and `$1`, which count from 1.
    List(Vec<Value>),
    /// Values for `:name` and `$name`, without the sign.
    Named(BTreeMap<String, Value>),
}

impl From<Vec<Value>> for SqlParams {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values)
    }
}

impl From<BTreeMap<String, Value>> for SqlParams {
    fn from(values: BTreeMap<String, Value>) -> Self {
        Self::Named(values)
    }
}

/// The placeholders that a statement has.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    /// The numbers of those that are counted.
    pub(super) numbers: BTreeSet<usize>,
    pub(super) names: BTreeSet<String>,
}

impl Placeholders {
    /// Checks that each placeholder has a value and each value a placeholder.
    pub(super) fn check(&self, params: &SqlParams) -> Result<()> {
        match params {
            SqlParams::None => self.check_list(0),
            SqlParams::List(values) => self.check_list(values.len()),
            SqlParams::Named(_) if !self.numbers.is_empty() => {
                Err(wrong_value("the placeholders are counted: their values come as a list"))
            }
            SqlParams::Named(values) => {
                if let Some(name) = self.names.iter().find(|name| !values.contains_key(*name)) {
                    return Err(wrong_value(format!("the placeholder :{name} has no value")));
                }
                match values.keys().find(|name| !self.names.contains(*name)) {
                    None => Ok(()),
                    Some(name) => Err(wrong_value(format!("the statement has no placeholder :{name}"))),
                }
            }
        }
    }

    fn check_list(&self, given: usize) -> Result<()> {
        if let Some(name) = self.names.first() {
            return Err(wrong_value(format!("the placeholder :{name} has a name: its value comes by name")));
        }
        let wanted = self.numbers.last().copied().unwrap_or_default();
        if wanted != given {
            return Err(wrong_value(format!("the number of placeholders is {wanted}, that of the values {given}")));
        }
        match (1..=given).find(|number| !self.numbers.contains(number)) {
            None => Ok(()),
            Some(number) => Err(wrong_value(format!("the statement has no placeholder ?{number}"))),
        }
    }
}

/// What stands for a placeholder while a statement is translated.
pub(super) enum Values<'p> {
    /// Its value.
    Given(&'p SqlParams),
    /// A parameter of the translation.
    Open,
}

impl Values<'_> {
    /// The value of a placeholder, given by its number or its name.
    pub(super) fn of(&self, placeholder: &str) -> Result<Arg<Value>> {
        let number = placeholder.parse::<usize>().ok();
        let given = match (self, number) {
            (Self::Open, None) => return ParamName::new(placeholder).map(Arg::Param),
            (Self::Open, Some(number)) => return ParamName::new(format!("p{number}")).map(Arg::Param),
            (Self::Given(SqlParams::List(values)), Some(number)) => {
                number.checked_sub(1).and_then(|position| values.get(position))
            }
            (Self::Given(SqlParams::Named(values)), None) => values.get(placeholder),
            _ => None,
        };
        match given {
            Some(value) => Ok(Arg::Given(value.clone())),
            None => Err(wrong_value(format!("the placeholder {placeholder} has no value"))),
        }
    }
}
