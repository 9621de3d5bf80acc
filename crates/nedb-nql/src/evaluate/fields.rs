//! How a row gives its fields.

use nedb_types::{DocumentRef, FieldPath, Object, PathStep, Result, Value, ValueRef};

/// Is a field's value, in whatever form the row has it.
///
/// # Examples
///
/// ```
/// use nedb_nql::FieldRef;
/// use nedb_types::{Value, ValueRef};
///
/// assert_eq!(FieldRef::Stored(ValueRef::I64(1)).to_value()?, Value::from(1));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum FieldRef<'a> {
    /// Lies in a stored document, or is a scalar that looks as if it did.
    Stored(ValueRef<'a>),
    /// Lies in memory.
    Built(&'a Value),
}

impl FieldRef<'_> {
    /// Copies the value.
    ///
    /// # Errors
    ///
    /// `corrupt` when the stored form is not sound.
    pub fn to_value(&self) -> Result<Value> {
        match self {
            Self::Stored(value) => value.to_value(),
            Self::Built(value) => Ok((*value).clone()),
        }
    }
}

/// Gives the fields of a row by their paths.
///
/// # Examples
///
/// ```
/// use nedb_nql::Fields;
/// use nedb_types::Object;
///
/// let mut row = Object::new();
/// row.insert("age", 36);
/// assert!(row.field(&"age".parse()?)?.is_some());
/// assert!(row.field(&"name".parse()?)?.is_none());
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub trait Fields {
    /// Returns the value at a path, or `None` if the row has none there.
    ///
    /// # Errors
    ///
    /// `corrupt` when the stored row is not sound.
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>>;
}

impl Fields for DocumentRef<'_> {
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>> {
        Ok(self.get_path(path)?.map(FieldRef::Stored))
    }
}

impl Fields for Object {
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>> {
        let found = match path.steps().split_first() {
            Some((PathStep::Field(name), inner)) => self.get(name).and_then(|value| value.at(inner)),
            _ => None,
        };
        Ok(found.map(FieldRef::Built))
    }
}
