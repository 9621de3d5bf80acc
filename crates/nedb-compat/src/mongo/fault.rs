//! The refusals of this face: rows of the one error table that carry the number under which MongoDB's drivers know them.

use std::fmt::Display;

use nedb_types::{Detail, Error, ErrorCode, Value, document::value_to_json};

/// Why a request is refused, with MongoDB's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A value that the operator cannot use.
    BadValue = 2,
    /// A request that is not of the form that it must have.
    FailedToParse = 9,
    /// A value of a type that the operator does not take.
    TypeMismatch = 14,
    /// A path that leads through a value that has no fields.
    PathNotViable = 28,
    /// Two changes of one update that meet in one place.
    ConflictingUpdate = 40,
    /// A field name that begins with `$`.
    DollarPrefixedField = 52,
    /// An `_id` of a type that cannot be one.
    InvalidId = 53,
    /// Two values for one field of a document that an upsert would make.
    NotSingleValue = 54,
    /// A path with an empty part.
    EmptyField = 56,
    /// A change of `_id`.
    ImmutableField = 66,
    /// A document that others wrote each time the call had read it.
    WriteConflict = 112,
    /// What takes the place of a document and is none.
    NoDocument = 40228,
    /// A regular expression that is none.
    InvalidRegex = 51091,
    /// Two paths of a projection of which one contains the other.
    PathCollision = 31249,
    /// A projection that takes some fields and leaves others out.
    MixedProjection = 31254,
}

/// The number of a call that this face does not have.
const NOT_SUPPORTED: i32 = 115;

/// The number of an `_id` that is taken.
const DUPLICATE_KEY: i32 = 11000;

/// The refusal of a request.
#[cold]
pub(super) fn refused(refusal: Refusal, message: impl Into<String>) -> Error {
    numbered(ErrorCode::MongoRefused, refusal as i32, message)
}

/// The refusal of what this face does not do; `what` names it.
#[cold]
pub(super) fn unsupported(what: impl Display) -> Error {
    numbered(ErrorCode::MongoUnsupported, NOT_SUPPORTED, format!("{what} is not supported"))
}

/// The refusal of an `_id` that a document of the collection has.
#[cold]
pub(super) fn duplicate_key(collection: &str, id: &Value) -> Error {
    let id = shown(id);
    let message = format!("E11000 duplicate key in {collection}: the _id {id} is taken");
    numbered(ErrorCode::MongoDuplicateKey, DUPLICATE_KEY, message)
}

/// A value as messages show it.
pub(super) fn shown(value: &Value) -> String {
    value_to_json(value).unwrap_or_else(|_beyond_limits| value.type_name().to_owned())
}

fn numbered(code: ErrorCode, number: i32, message: impl Into<String>) -> Error {
    Error::new(code, message).with_detail(Detail::ForeignCode { number })
}
