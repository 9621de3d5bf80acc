//! The fields of an object, in the order in which they were added.

use super::Value;
use crate::{Error, ErrorCode, Result};

/// Holds fields in insertion order; a name occurs once.
///
/// Looking a field up takes time in proportion to their number, which is small in documents.
///
/// # Examples
///
/// ```
/// use nedb_types::{Object, Value};
///
/// let mut object = Object::new();
/// object.insert("name", "Ada");
/// object.insert("born", 1815);
/// assert_eq!(object.get("born"), Some(&Value::I64(1815)));
/// assert_eq!(object.keys().collect::<Vec<_>>(), ["name", "born"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    fields: Vec<(String, Value)>,
}

impl Object {
    /// Makes an object without fields.
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Makes an object of the given fields.
    ///
    /// # Errors
    ///
    /// `duplicate_field` when a name occurs twice.
    pub fn from_fields(fields: Vec<(String, Value)>) -> Result<Self> {
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
            Some(name) => Err(duplicate_field(name)),
            None => Ok(Self { fields }),
        }
    }

    /// Returns the value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Returns the value of a field for changing it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.fields.iter_mut().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Sets a field: replaces its value in place, or adds it at the end; returns the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        if let Some(present) = self.get_mut(&name) {
            return Some(std::mem::replace(present, value));
        }
        self.fields.push((name, value));
        None
    }

    /// Adds a field at the end.
    ///
    /// # Errors
    ///
    /// `duplicate_field` when the object has the name already.
    pub fn insert_new(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Result<()> {
        let name = name.into();
        if self.get(&name).is_some() {
            return Err(duplicate_field(&name));
        }
        self.fields.push((name, value.into()));
        Ok(())
    }

    /// Takes a field out and returns its value; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let position = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(position).1)
    }

    /// Makes an object of the values that a rule gives for the fields, in their order; a field for which it gives none is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::{Object, Value};
    ///
    /// let mut object = Object::new();
    /// object.insert("name", "Ada");
    /// object.insert("born", 1815);
    /// let texts = object.filter_map(|_, value| value.as_str().is_some().then_some(value));
    /// assert_eq!(texts.keys().collect::<Vec<_>>(), ["name"]);
    /// ```
    #[must_use]
    pub fn filter_map(self, mut rule: impl FnMut(&str, Value) -> Option<Value>) -> Self {
        let ruled = |(name, value): (String, Value)| rule(&name, value).map(|value| (name, value));
        Self { fields: self.fields.into_iter().filter_map(ruled).collect() }
    }

    /// Goes over the fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Goes over the names in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

/// Makes the error for a field name that occurs twice.
pub(crate) fn duplicate_field(name: &str) -> Error {
    Error::new(ErrorCode::DuplicateField, format!("the field {name:?} occurs twice"))
}
