//! Dotted paths and the values that one leads to, arrays included.
//!
//! A part of a path is the name of a field; in an array a part of digits is also a position. Where a path meets an array before
//! its end, it goes on in each object of the array, and in the element at the position that the part names. Where it ends at an
//! array, each element counts by itself, and the array as a whole as well. An array directly inside an array is entered by
//! position only.
//!
//! ```text
//! {"a": [{"b": 1}, {"b": [2, 3]}, 4]}     a.b      gives 1, 2, 3, [2, 3]
//!                                         a.1.b    gives a missing value twice (no field `1`), and 2, 3, [2, 3]
//!                                         a.2      gives a missing value twice, and 4
//! ```

use nedb_types::{Error, ErrorCode, Object, Result, Value, limits::NESTING_MAX};

use super::fault::{Refusal, refused};

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    /// The position in an array that the part may stand for.
    pub(super) index: Option<usize>,
}

impl Part {
    fn new(name: &str) -> Self {
        let is_position = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
        Self { name: name.to_owned(), index: if is_position { name.parse().ok() } else { None } }
    }
}

/// A path as it is written: parts divided by dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    parts: Vec<Part>,
}

/// What counts where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// Each element of an array, and the array as a whole.
    Elements,
    /// Each element of an array, but not the array.
    Members,
    /// The value as it is.
    Whole,
}

impl Path {
    /// Divides the text of a path, which has no more parts than a document has levels: an update makes an object for each.
    pub(super) fn new(text: &str) -> Result<Self> {
        let (max, actual) = (NESTING_MAX as u64, text.split('.').count() as u64);
        if actual > max {
            let what = "number of parts of a path";
            return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "NESTING_MAX", max, actual));
        }
        Ok(Self { parts: text.split('.').map(Part::new).collect() })
    }

    /// Divides the text of a path in which no part may be empty or begin with `$`.
    pub(super) fn checked(text: &str) -> Result<Self> {
        if text.split('.').any(str::is_empty) {
            return Err(refused(Refusal::EmptyField, format!("the path {text:?} has an empty part")));
        }
        match text.split('.').find(|part| part.starts_with('$')) {
            Some(part) => Err(refused(
                Refusal::DollarPrefixedField,
                format!("the part {part:?} of the path {text:?} begins with a $"),
            )),
            None => Self::new(text),
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The first part, which is the name of a field of the document.
    pub(super) fn root(&self) -> &str {
        self.parts.first().map_or("", |part| part.name.as_str())
    }

    /// Whether this path is the other or leads into it.
    pub(super) fn starts_with(&self, other: &Self) -> bool {
        self.parts.starts_with(&other.parts)
    }

    /// Whether the test holds for any value that the path leads to; `None` stands for a missing one.
    pub(super) fn any(&self, document: &Object, leaf: Leaf, mut test: impl FnMut(Option<&Value>) -> bool) -> bool {
        Walk { leaf, test: &mut test }.object(document, &self.parts)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, part) in self.parts.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            write!(formatter, "{dot}{}", part.name)?;
        }
        Ok(())
    }
}

/// Goes along a path until the test holds.
struct Walk<'w> {
    leaf: Leaf,
    test: &'w mut dyn FnMut(Option<&Value>) -> bool,
}

impl Walk<'_> {
    fn object(&mut self, object: &Object, parts: &[Part]) -> bool {
        let Some((first, rest)) = parts.split_first() else { return false };
        match object.get(&first.name) {
            None => (self.test)(None),
            Some(value) if rest.is_empty() => self.end(value),
            Some(Value::Object(inner)) => self.object(inner, rest),
            Some(Value::Array(elements)) => self.array(elements, rest),
            Some(_scalar) => (self.test)(None),
        }
    }

    fn end(&mut self, value: &Value) -> bool {
        match value {
            Value::Array(elements) if self.leaf != Leaf::Whole => {
                elements.iter().any(|element| (self.test)(Some(element)))
                    || (self.leaf == Leaf::Elements && (self.test)(Some(value)))
            }
            _ => (self.test)(Some(value)),
        }
    }

    /// Goes on in an array with the parts that are left; there is at least one.
    fn array(&mut self, elements: &[Value], parts: &[Part]) -> bool {
        let Some((first, rest)) = parts.split_first() else { return false };
        elements.iter().enumerate().any(|(position, element)| {
            if let Value::Object(inner) = element
                && self.object(inner, parts)
            {
                return true;
            }
            if first.index != Some(position) {
                return false;
            }
            match element {
                element if rest.is_empty() => (self.test)(Some(element)),
                Value::Object(inner) => self.object(inner, rest),
                Value::Array(inner) => self.array(inner, rest),
                _scalar => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::document::{json_to_value, value_to_json};

    /// What a path gives, `-` for a missing value.
    fn given(json: &str, path: &str) -> String {
        let document = json_to_value(json.as_bytes()).unwrap();
        let mut found = Vec::new();
        Path::new(path).unwrap().any(document.as_object().unwrap(), Leaf::Elements, |value| {
            found.push(value.map_or_else(|| "-".to_owned(), |value| value_to_json(value).unwrap()));
            false
        });
        found.join(" ")
    }

    #[test]
    fn a_path_goes_through_objects_and_into_the_objects_of_arrays() {
        assert_eq!(given(r#"{"a": {"b": 1}}"#, "a.b"), "1");
        assert_eq!(given(r#"{"a": [{"b": 1}, {"b": [2, 3]}, 4]}"#, "a.b"), "1 2 3 [2,3]");
        assert_eq!(given(r#"{"a": [{"b": 1}, {}]}"#, "a.b"), "1 -");
        assert_eq!(given(r#"{"a": [[{"b": 1}]]}"#, "a.b"), "");
        assert_eq!(given(r#"{"a": [1, 2]}"#, "a.b"), "");
        assert_eq!(given(r#"{"a": 1}"#, "a.b"), "-");
        assert_eq!(given("{}", "a.b"), "-");
    }

    #[test]
    fn a_part_of_digits_is_a_position_in_an_array_and_a_name_in_an_object() {
        assert_eq!(given(r#"{"a": [5, 4, 3]}"#, "a.1"), "4");
        assert_eq!(given(r#"{"a": [5, [2, 4], 3]}"#, "a.1"), "[2,4]");
        assert_eq!(given(r#"{"a": [5, {"1": 4}, 3]}"#, "a.1"), r#"4 {"1":4}"#);
        assert_eq!(given(r#"{"a": [5, {"b": 4}, 3]}"#, "a.1.b"), "- 4");
        assert_eq!(given(r#"{"a": [5, [{"b": 4}], 3]}"#, "a.1.b"), "4");
        assert_eq!(given(r#"{"a": {"0": 7}}"#, "a.0"), "7");
        assert_eq!(given(r#"{"a": [5]}"#, "a.00"), "");
    }
}
