//! A path to a value inside a document, such as `address.city` or `items[0].sku`.

use crate::limits::NESTING_MAX;
use crate::{Detail, Error, ErrorCode, Result};
use std::borrow::Cow;
use std::fmt;
use std::str::{Chars, FromStr};

/// Leads from the root of a document to a value: names divided by dots, positions in brackets.
///
/// A name with other characters stands in backquotes; a backquote inside is doubled.
///
/// # Examples
///
/// ```
/// use nedb_types::{FieldPath, PathStep};
///
/// let path = FieldPath::parse("items[0].`unit price`")?;
/// assert_eq!(path.steps().get(1), Some(&PathStep::Index(0)));
/// assert_eq!(path.to_string(), "items[0].`unit price`");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    steps: Vec<PathStep>,
}

/// Is one step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// Goes to a field of an object.
    Field(String),
    /// Goes to an element of an array, from 0.
    Index(u32),
}

impl FieldPath {
    /// Parses the text of a path.
    ///
    /// # Errors
    ///
    /// `invalid_argument` with the column when it is malformed, `nesting_too_deep` when it has too many steps.
    pub fn parse(text: &str) -> Result<Self> {
        Parser { text, rest: text.chars(), steps: Vec::new() }.path()
    }

    /// Makes a path to one field of the root, whatever characters its name has.
    pub fn field(name: impl Into<String>) -> Self {
        Self { steps: vec![PathStep::Field(name.into())] }
    }

    /// Makes a path of its steps.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the first step is not a field, `nesting_too_deep` when there are too many.
    pub fn from_steps(steps: Vec<PathStep>) -> Result<Self> {
        if steps.len() > NESTING_MAX {
            return Err(too_many_steps(steps.len()));
        }
        match steps.first() {
            Some(PathStep::Field(_)) => Ok(Self { steps }),
            _ => Err(Error::new(ErrorCode::InvalidArgument, "a path begins with the name of a field")),
        }
    }

    /// Returns the steps from the root.
    pub fn steps(&self) -> &[PathStep] {
        &self.steps
    }
}

impl FromStr for FieldPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Field(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(&path_name(name))?;
                }
            }
        }
        Ok(())
    }
}

/// Returns a field name as it stands in a path, in backquotes where needed.
pub(crate) fn path_name(name: &str) -> Cow<'_, str> {
    if !name.is_empty() && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("`{}`", name.replace('`', "``")))
}

fn too_many_steps(steps: usize) -> Error {
    let (max, actual) = (NESTING_MAX as u64, steps as u64);
    Error::over_limit(ErrorCode::NestingTooDeep, "steps of a path", "NESTING_MAX", max, actual)
}

/// Says whether a character may stand in a name without backquotes.
fn is_plain(character: char) -> bool {
    !matches!(character, '.' | '[' | ']' | '`') && !character.is_whitespace() && !character.is_control()
}

struct Parser<'a> {
    text: &'a str,
    rest: Chars<'a>,
    steps: Vec<PathStep>,
}

impl Parser<'_> {
    fn path(mut self) -> Result<FieldPath> {
        loop {
            let name = self.name()?;
            self.push(PathStep::Field(name))?;
            while self.eat('[') {
                let index = self.index()?;
                self.push(PathStep::Index(index))?;
            }
            if self.rest.as_str().is_empty() {
                return Ok(FieldPath { steps: self.steps });
            }
            if !self.eat('.') {
                return Err(self.error("a dot or the end is expected"));
            }
        }
    }

    fn name(&mut self) -> Result<String> {
        if self.eat('`') {
            return self.quoted_name();
        }
        let mut name = String::new();
        while let Some(character) = self.rest.clone().next().filter(|character| is_plain(*character)) {
            name.push(character);
            self.rest.next();
        }
        if name.is_empty() { Err(self.error("a field name is expected")) } else { Ok(name) }
    }

    fn quoted_name(&mut self) -> Result<String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('`') if !self.eat('`') => return Ok(name),
                Some(character) => name.push(character),
                None => return Err(self.error("the closing backquote is missing")),
            }
        }
    }

    fn index(&mut self) -> Result<u32> {
        let Some((digits, rest)) = self.rest.as_str().split_once(']') else {
            return Err(self.error("the closing bracket is missing"));
        };
        let digits_only = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(index) if digits_only => {
                self.rest = rest.chars();
                Ok(index)
            }
            _ => Err(self.error("a position from 0 to 4294967295 is expected")),
        }
    }

    fn push(&mut self, step: PathStep) -> Result<()> {
        if self.steps.len() == NESTING_MAX {
            return Err(too_many_steps(NESTING_MAX + 1));
        }
        self.steps.push(step);
        Ok(())
    }

    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.as_str().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest.chars();
                true
            }
            None => false,
        }
    }

    fn error(&self, what: &str) -> Error {
        let column = (self.text.len() - self.rest.as_str().len()) as u64 + 1;
        Error::new(ErrorCode::InvalidArgument, format!("path {:?}, column {column}: {what}", self.text))
            .with_detail(Detail::Line { line: 1, column })
    }
}
