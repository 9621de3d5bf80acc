//! The parts of an error that a program reads instead of its text.

use std::borrow::Cow;

/// Carries the machine-readable part of an error.
///
/// # Examples
///
/// ```
/// use nedb_types::{Detail, Error, ErrorCode};
///
/// let error = Error::new(ErrorCode::StaleNonce, "nonce 3 of client `a` is not above 7")
///     .with_detail(Detail::StaleNonce { last: 7 });
/// assert!(matches!(error.detail(), Detail::StaleNonce { last: 7 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Detail {
    /// Has nothing beyond the message.
    #[default]
    None,
    /// Gives the last nonce that the client used.
    StaleNonce {
        /// The last accepted nonce.
        last: u64,
    },
    /// Lists every precondition that failed.
    Preconditions(Vec<PreconditionFailure>),
    /// Gives the path of the value inside a document.
    Path(String),
    /// Gives the place in a text, both counted from 1.
    Line {
        /// The line.
        line: u64,
        /// The column, in bytes.
        column: u64,
    },
    /// Says what is wrong with the text of a query, and where; both counted from 1.
    Syntax {
        /// The line.
        line: u64,
        /// The column, in characters.
        column: u64,
        /// What could have stood there.
        expected: String,
        /// What stands there.
        found: String,
        /// What the writer may have meant.
        hint: Option<String>,
    },
    /// Gives the number under which the drivers of another database know the same refusal.
    ForeignCode {
        /// The number.
        number: i32,
    },
    /// Gives the limit that was exceeded.
    Limit {
        /// The name of the limit; one that was told by a daemon is not known beforehand.
        name: Cow<'static, str>,
        /// The largest allowed amount.
        max: u64,
        /// The amount that was given.
        actual: u64,
    },
}

/// Describes one failed precondition of a transaction.
///
/// A seq of -1 stands for a document that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreconditionFailure {
    /// The position of the operation in the transaction, from 0.
    pub index: u64,
    /// The collection of the document.
    pub collection: String,
    /// The id of the document; bytes that are no text are shown as [`DocId`](crate::DocId) shows them.
    pub id: String,
    /// The bytes of an id that is no text, so that a program gets back what it gave.
    pub id_bytes: Option<Vec<u8>>,
    /// The seq that the request expected.
    pub expected: i64,
    /// The seq of the newest version.
    pub actual: i64,
}
