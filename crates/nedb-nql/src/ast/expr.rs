//! Conditions as they are written after WHERE and HAVING.

use nedb_types::{FieldPath, Value};

use super::{Arg, ParamName};

/// Is a condition on one row.
///
/// `NOT IN`, `NOT BETWEEN`, `NOT LIKE` and `IS NOT NULL` are [`Expr::Not`] around the positive form. Trees made with
/// [`all`](Self::all), [`any`](Self::any) and [`negate`](Self::negate) are the ones that the parser makes: no AND directly
/// inside an AND, no OR inside an OR, and no list of one.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Arg, CompareOp, Expr};
/// use nedb_types::FieldPath;
///
/// let tall = Expr::Compare { path: FieldPath::field("height"), op: CompareOp::Greater, value: Arg::Given(5.into()) };
/// let named = Expr::Exists { path: FieldPath::field("name") };
/// assert_eq!(tall.and(named.negate()).to_string(), "height > 5 AND NOT EXISTS(name)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Holds when all hold; of none, it does.
    And(Vec<Expr>),
    /// Holds when one holds; of none, it does not.
    Or(Vec<Expr>),
    /// Holds when the condition does not.
    Not(Box<Expr>),
    /// Compares a field with a value.
    Compare {
        /// The field.
        path: FieldPath,
        /// The operator.
        op: CompareOp,
        /// The value on the right.
        value: Arg<Value>,
    },
    /// Looks a field up in a list of values.
    In {
        /// The field.
        path: FieldPath,
        /// The values.
        list: InList,
    },
    /// Holds from one value to another, both included.
    Between {
        /// The field.
        path: FieldPath,
        /// The least value.
        low: Arg<Value>,
        /// The greatest value.
        high: Arg<Value>,
    },
    /// Matches text against a pattern with `%`, `_` and the escape `\`.
    Like {
        /// The field.
        path: FieldPath,
        /// The pattern.
        pattern: Arg<String>,
        /// LIKE or ILIKE.
        case: CaseRule,
    },
    /// Holds for null and for a missing field.
    IsNull {
        /// The field.
        path: FieldPath,
    },
    /// Holds when the path leads to a value, null included.
    Exists {
        /// The field.
        path: FieldPath,
    },
    /// Looks for a substring of text or a member of an array.
    Contains {
        /// The field.
        path: FieldPath,
        /// The substring or member.
        value: Arg<Value>,
    },
}

/// Compares a field with a value.
///
/// # Examples
///
/// ```
/// assert_eq!(nedb_nql::CompareOp::LessOrEqual.as_str(), "<=");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// Is `=`, also written `==`.
    Equal,
    /// Is `!=`, also written `<>`.
    NotEqual,
    /// Is `<`.
    Less,
    /// Is `<=`.
    LessOrEqual,
    /// Is `>`.
    Greater,
    /// Is `>=`.
    GreaterOrEqual,
}

impl CompareOp {
    /// Returns the canonical spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Lists the values after IN.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Arg, InList};
///
/// let list = InList::Items(vec![Arg::Given(1.into()), Arg::Given(2.into())]);
/// assert_ne!(list, InList::Items(Vec::new()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InList {
    /// Lists the values one by one.
    Items(Vec<Arg<Value>>),
    /// Takes them from a parameter, which must be an array.
    Param(ParamName),
}

/// Says whether letters of different case match.
///
/// # Examples
///
/// ```
/// assert_ne!(nedb_nql::CaseRule::Exact, nedb_nql::CaseRule::Folded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseRule {
    /// Is LIKE: case counts.
    Exact,
    /// Is ILIKE: both sides are lower-cased first.
    Folded,
}

impl Expr {
    /// Joins conditions with AND.
    pub fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(&mut flat).unwrap_or(Self::And(flat))
    }

    /// Joins conditions with OR.
    pub fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(&mut flat).unwrap_or(Self::Or(flat))
    }

    /// Holds when both hold.
    pub fn and(self, other: Self) -> Self {
        Self::all(vec![self, other])
    }

    /// Holds when one of the two holds.
    pub fn or(self, other: Self) -> Self {
        Self::any(vec![self, other])
    }

    /// Holds when this does not.
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }
}

/// Takes the one condition out of a list that has just one.
fn only(parts: &mut Vec<Expr>) -> Option<Expr> {
    if parts.len() == 1 { parts.pop() } else { None }
}
