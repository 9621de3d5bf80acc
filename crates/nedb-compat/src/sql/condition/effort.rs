//! How much a translation of conditions may do.

use std::cell::Cell;

use nedb_types::Result;

use crate::sql::text::{PARSER_LEVELS, SQL_NESTING_MAX, SQL_OPERATORS_MAX, too_deep, too_large};

/// Most tests of a statement as translated. Text has at most one more than operators; IS UNKNOWN asks for what stands before
/// it twice, and each one behind it doubles that again.
const SQL_TESTS_MAX: usize = 4 * SQL_OPERATORS_MAX;

/// Counts what the translation of one statement does, and ends it when that is too much.
#[derive(Debug, Default)]
pub(in crate::sql) struct Effort {
    tests: Cell<usize>,
    depth: Cell<usize>,
}

impl Effort {
    /// Counts one test.
    pub(super) fn test(&self) -> Result<()> {
        let tests = self.tests.get() + 1;
        self.tests.set(tests);
        if tests > SQL_TESTS_MAX {
            return Err(too_large("tests of the statement", "SQL_TESTS_MAX", SQL_TESTS_MAX, tests));
        }
        Ok(())
    }

    /// Does something one level deeper; chains such as `a IS TRUE IS TRUE` nest without parentheses.
    pub(super) fn deeper<T>(&self, inner: impl FnOnce() -> Result<T>) -> Result<T> {
        let depth = self.depth.get();
        if depth > PARSER_LEVELS * SQL_NESTING_MAX {
            return Err(too_deep());
        }
        self.depth.set(depth + 1);
        let done = inner();
        self.depth.set(depth);
        done
    }
}
