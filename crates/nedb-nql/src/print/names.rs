//! Names and paths, in backquotes where they need them.

use std::fmt;

use nedb_types::{FieldPath, PathStep};

use crate::ast::{Arg, ParamName};
use crate::syntax::{is_name, is_reserved};

/// Writes a name for a place where any word may stand.
pub(super) struct Name<'a>(pub(super) &'a str);

/// Writes a path; the words given are not free at its beginning.
pub(super) struct Path<'a> {
    pub(super) path: &'a FieldPath,
    pub(super) taken: &'static [&'static str],
}

impl<'a> Path<'a> {
    pub(super) const fn new(path: &'a FieldPath) -> Self {
        Self { path, taken: &[] }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_name(self.0) { f.write_str(self.0) } else { backquote(f, self.0) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.path.steps().iter().enumerate() {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Field(name) if position > 0 => write!(f, ".{}", Name(name))?,
                PathStep::Field(name) => {
                    let is_taken = is_reserved(name) || self.taken.iter().any(|word| word.eq_ignore_ascii_case(name));
                    if is_taken {
                        backquote(f, name)?;
                    } else {
                        write!(f, "{}", Name(name))?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn backquote(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(f, "`{}`", name.replace('`', "``"))
}

/// Returns a path as it stands in a query.
pub(crate) fn path_text(path: &FieldPath) -> String {
    Path::new(path).to_string()
}

/// Returns the name of the column that a path makes: the name of a single field as it is, else the text of the path.
///
/// # Examples
///
/// ```
/// use nedb_nql::column_name;
/// use nedb_types::FieldPath;
///
/// assert_eq!(column_name(&FieldPath::field("unit price")), "unit price");
/// assert_eq!(column_name(&"address.city".parse()?), "address.city");
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn column_name(path: &FieldPath) -> String {
    match path.steps() {
        [PathStep::Field(name)] => name.clone(),
        _ => path_text(path),
    }
}

impl fmt::Display for ParamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.as_str())
    }
}

/// Writes an argument whose values know how to write themselves.
pub(super) fn write_arg<T>(
    f: &mut fmt::Formatter<'_>,
    arg: &Arg<T>,
    write_given: impl FnOnce(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    match arg {
        Arg::Given(given) => write_given(f, given),
        Arg::Param(name) => write!(f, "{name}"),
    }
}

/// Writes a list with commas.
pub(super) fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
) -> fmt::Result {
    let mut separator = "";
    for item in items {
        write!(f, "{separator}{item}")?;
        separator = ", ";
    }
    Ok(())
}
