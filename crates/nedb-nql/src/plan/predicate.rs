//! Conditions in normal form: NOT only at single tests, no AND directly in an AND, no OR directly in an OR.
//!
//! Two-valued logic makes this exact: the complement of an AND is the OR of the complements.

use nedb_types::{FieldPath, Value};

use super::FieldRange;
use crate::evaluate::LikePattern;

/// Is a condition in normal form.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Predicate, parse, BoundStatement, Params};
///
/// let text = "FROM people WHERE NOT (age < 18 OR name = 'x')";
/// let BoundStatement::Query(plan) = parse(text)?.bind(&Params::new())? else { unreachable!() };
/// assert_eq!(plan.filter.conjuncts().len(), 2);
/// assert!(Predicate::ALWAYS.conjuncts().is_empty());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// Holds when all hold; of none, it does.
    All(Vec<Predicate>),
    /// Holds when one holds; of none, it does not.
    Any(Vec<Predicate>),
    /// Tests one field.
    Field(FieldTest),
}

impl Predicate {
    /// Holds for every row.
    pub const ALWAYS: Self = Self::All(Vec::new());

    /// Holds for no row.
    pub const NEVER: Self = Self::Any(Vec::new());

    /// Returns the conditions that must all hold; a condition that is no AND is the only one.
    pub fn conjuncts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Returns whether this holds for every row.
    pub fn is_always(&self) -> bool {
        *self == Self::ALWAYS
    }

    /// Returns whether this holds for no row.
    pub fn is_never(&self) -> bool {
        *self == Self::NEVER
    }

    /// Shows every path of the condition to a visitor.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a FieldPath)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.for_each_path(visit);
                }
            }
            Self::Field(test) => visit(&test.path),
        }
    }
}

/// Tests one field of a row.
///
/// # Examples
///
/// ```
/// use nedb_nql::{FieldTest, Polarity, Test};
/// use nedb_types::FieldPath;
///
/// let is_there = FieldTest { path: FieldPath::field("age"), test: Test::Exists, polarity: Polarity::Holds };
/// assert_eq!(is_there.polarity, Polarity::Holds);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTest {
    /// The field.
    pub path: FieldPath,
    /// What is asked of it.
    pub test: Test,
    /// Whether the test must hold or must not.
    pub polarity: Polarity,
}

/// Says whether a test must hold or must not.
///
/// # Examples
///
/// ```
/// use nedb_nql::Polarity;
///
/// assert_eq!(Polarity::Holds.reverse(), Polarity::Fails);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    /// Must hold.
    Holds,
    /// Must not hold: the exact complement, missing fields included.
    Fails,
}

impl Polarity {
    /// Returns the other one.
    pub const fn reverse(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
        }
    }
}

/// Says what is asked of a field.
///
/// # Examples
///
/// ```
/// use nedb_nql::Test;
///
/// assert_ne!(Test::Equals(1.into()), Test::Exists);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Is equal to the value in the total order; a missing field counts as null.
    Equals(Value),
    /// Is equal to one of the values, which are sorted in the total order and different; there are at least two.
    OneOf(Vec<Value>),
    /// Lies in a range of values of one type; null and missing fields never do.
    Within(FieldRange),
    /// Is text that matches a pattern.
    Like(LikePattern),
    /// Is text with this substring, or an array with this member.
    Contains(Value),
    /// Is there, be it as null.
    Exists,
}
