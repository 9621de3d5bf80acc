//! What a simulation reports: a promise that did not hold.
//!
//! A violation is text for a person, with the outer context in front. Deciding what a promise is lies with the checks.

use std::fmt;

/// A promise that did not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    message: String,
    is_integrity: bool,
}

/// What a check answers.
pub type Verdict<T = ()> = Result<T, Violation>;

impl Violation {
    /// Says what was promised and what was found.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_integrity: false }
    }

    /// Whether the engine itself reported damage: right after damage was done, wrong otherwise.
    pub fn is_integrity(&self) -> bool {
        self.is_integrity
    }

    /// Says during what it was found.
    #[must_use]
    pub fn during(self, context: impl fmt::Display) -> Self {
        Self { message: format!("{context}: {}", self.message), ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<nedb::Error> for Violation {
    fn from(error: nedb::Error) -> Self {
        let is_integrity = error.kind() == nedb::ErrorKind::Integrity;
        Self { message: format!("unexpected error: {error}"), is_integrity }
    }
}

impl From<std::io::Error> for Violation {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("the simulated disk refused: {error}"))
    }
}

/// Holds when two answers are equal.
pub(crate) fn expect_equal<T: PartialEq + fmt::Debug>(what: impl fmt::Display, found: &T, expected: &T) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(Violation::new(format!("{what}: found {found:?}, expected {expected:?}")))
}
