//! The one error type of the workspace.
//!
//! An [`Error`] has a stable [`ErrorCode`], a message for people (what failed, on what, with which values), and, where
//! they are known, the place in the files, the machine-readable [`Detail`] and the underlying cause.
//! It is one pointer wide, so that results stay small. How a face renders it follows from the code's row.

mod code;
mod detail;
mod from_io;
mod kind;
mod page;
mod place;

pub use code::{ErrorCode, UnknownErrorCode};
pub use detail::{Detail, PreconditionFailure};
pub use kind::ErrorKind;
pub use page::error_table_markdown;
pub use place::Place;

use std::fmt;
use std::sync::Arc;

/// Is the result of every fallible call in the workspace.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reports why a request failed.
///
/// # Examples
///
/// ```
/// use nedb_types::{Error, ErrorCode, ErrorKind, Place};
///
/// let error = Error::new(ErrorCode::Corrupt, "frame checksum is 5, stored is 6").at(Place::at_offset(64));
/// assert_eq!(error.kind(), ErrorKind::Integrity);
/// assert_eq!(error.to_string(), "frame checksum is 5, stored is 6 (at offset 64)");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: ErrorCode,
    message: String,
    place: Option<Place>,
    detail: Detail,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error from its code and message.
    #[cold]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), place: None, detail: Detail::None, source: None }))
    }

    /// Makes an integrity error with the code [`ErrorCode::Corrupt`].
    #[cold]
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Corrupt, message)
    }

    /// Makes an error for an exceeded limit: `what` is the thing that is too large, `name` the limit's name.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::{Error, ErrorCode};
    ///
    /// let error = Error::over_limit(ErrorCode::IdTooLong, "document id", "ID_BYTES_MAX", 1024, 2000);
    /// assert_eq!(error.message(), "document id is 2000, the limit ID_BYTES_MAX is 1024");
    /// ```
    #[cold]
    pub fn over_limit(code: ErrorCode, what: &str, name: &'static str, max: u64, actual: u64) -> Self {
        Self::new(code, format!("{what} is {actual}, the limit {name} is {max}")).with_detail(Detail::Limit {
            name: name.into(),
            max,
            actual,
        })
    }

    /// Makes the error for a stored structure whose bytes check and whose version this program does not read.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::Error;
    ///
    /// let error = Error::newer_format("HEAD", 2, 1);
    /// assert_eq!(
    ///     error.message(),
    ///     "HEAD has format version 2, this program reads version 1: use the version that wrote it or a later one"
    /// );
    /// ```
    #[cold]
    pub fn newer_format(what: &str, found: u32, known: u32) -> Self {
        let text = format!(
            "{what} has format version {found}, this program reads version {known}: use the version that wrote it or a \
             later one"
        );
        Self::new(ErrorCode::NewerFormat, text)
    }

    /// Adds the place in the files.
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Adds the underlying cause.
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Adds the machine-readable part.
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.detail = detail;
        self
    }

    /// Says that the error lies in a field of the value at hand; called on the way up, it builds the whole path.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::Float;
    ///
    /// let error = Float::new(f64::NAN).unwrap_err().under_field("price").under_index(0).under_field("items");
    /// assert_eq!(error.to_string(), "the number NaN cannot be stored, only finite ones can (in items[0].price)");
    /// ```
    pub fn under_field(self, name: &str) -> Self {
        self.under(&crate::names::path_name(name))
    }

    /// Says that the error lies in an element of the array at hand.
    pub fn under_index(self, position: usize) -> Self {
        self.under(&format!("[{position}]"))
    }

    /// Puts words before the message, to say what was being done.
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.0.message = format!("{doing}: {}", self.0.message);
        self
    }

    /// Puts one step before the path; a detail of another sort is kept instead.
    fn under(mut self, step: &str) -> Self {
        match &mut self.0.detail {
            detail @ Detail::None => *detail = Detail::Path(step.to_owned()),
            Detail::Path(path) => {
                let dot = if path.starts_with('[') { "" } else { "." };
                *path = [step, dot, path].concat();
            }
            _ => {}
        }
        self
    }

    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns the kind of the code.
    pub fn kind(&self) -> ErrorKind {
        self.0.code.kind()
    }

    /// Returns the message without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the place in the files, if it is known.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Returns the machine-readable part.
    pub fn detail(&self) -> &Detail {
        &self.0.detail
    }

    /// Returns one line on what to do about the error.
    pub fn remedy(&self) -> &'static str {
        self.0.code.remedy()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Detail::Path(path) = &self.0.detail {
            write!(f, " (in {path})")?;
        }
        match &self.0.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("place", &self.0.place)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
