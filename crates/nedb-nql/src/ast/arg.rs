//! A value that stands in the text, or a parameter that stands for one.

use nedb_types::{Error, ErrorCode, Result};

use crate::syntax::is_name;

/// Is a value that was written, or the name of the parameter that will give it.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Arg, ParamName};
///
/// let arg: Arg<u64> = Arg::Param(ParamName::new("page_size")?);
/// assert_ne!(arg, Arg::Given(10));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg<T> {
    /// Is the value itself.
    Given(T),
    /// Is given when the statement is bound.
    Param(ParamName),
}

/// Names a parameter, without the `$` before it.
///
/// # Examples
///
/// ```
/// use nedb_nql::ParamName;
///
/// assert_eq!(ParamName::new("low")?.as_str(), "low");
/// assert!(ParamName::new("not a name").is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamName(String);

impl ParamName {
    /// Checks that a text can stand behind a `$`: letters, digits and `_`.
    ///
    /// # Errors
    ///
    /// `query_parameter` when it cannot.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        if is_name(&name) {
            return Ok(Self(name));
        }
        Err(Error::new(ErrorCode::QueryParameter, format!("{name:?} cannot be the name of a parameter")))
    }

    /// Takes a name that the lexer has read.
    pub(crate) fn from_lexer(name: String) -> Self {
        Self(name)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
