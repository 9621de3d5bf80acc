//! The turns of transactions: commands on one key wait for each other instead of repeating their work.
//!
//! What is read of one key does not rest on them: every commit carries preconditions on it, and they make a failed one rare.
//! What no precondition can say does, among the sessions of one database: that no key was added to those that KEYS listed, and
//! that a watched key which is missing did not come and go while EXEC was under way.
//! A session's lock and the cursors' are taken behind them only for moments inside.

use nedb::{Turn, Turns};

/// The keys whose turns a transaction takes.
#[derive(Debug)]
pub(super) enum Wanted<'k> {
    Keys(Vec<&'k [u8]>),
    /// All there are and may be.
    Every,
}

impl Wanted<'_> {
    /// Waits for all of the keys and holds them until the answer goes.
    pub(super) fn turn<'t>(&self, turns: &'t Turns) -> Turn<'t> {
        match self {
            Self::Keys(keys) => turns.alone(keys.iter().copied()),
            Self::Every => turns.alone_by_every_name(),
        }
    }
}
