//! Which commands are written down in the audit log, and how.
//!
//! Promises: what changes what others see or do is written down before it is carried out, and then what came of it. Leaves to others: the log
//! (`audit.rs`), and commands that writers' own history tells of.

use std::sync::Arc;

use nedb::{Error, Object, Result};
use nedb_compat::redis::{Access, Command, Keys};

use super::Connection;
use crate::audit::{Act, Begun};
use crate::doorman::on_thread;
use crate::resp::called::Called;
use crate::rights::Right;

/// The commands of the connection that are acts where the caller may administrate, with their second words.
const ACTS: [(&str, &str); 6] = [
    ("CLIENT", "KILL"),
    ("CLIENT", "PAUSE"),
    ("CLIENT", "UNBLOCK"),
    ("CLIENT", "UNPAUSE"),
    ("CONFIG", "RESETSTAT"),
    ("SLOWLOG", "RESET"),
];

/// The commands of a database that are acts, whoever may carry them out: they delete all of it.
const ACTS_OF_DATABASE: [&str; 2] = ["FLUSHALL", "FLUSHDB"];

/// How much of the other words is written down.
const ACT_CHARS_MAX: usize = 256;

impl Called<'_> {
    /// Whether it is an act of the database.
    pub(super) fn is_act(&self) -> bool {
        let is_on_all = |command: &Command| command.access == Access::Write && command.keys == Keys::Every;
        self.command().is_some_and(|command| is_on_all(command) && ACTS_OF_DATABASE.contains(&command.name))
    }

    /// Whether it may be an act of the connection.
    fn may_be_act(&self) -> bool {
        !self.is_of_database() && ACTS.iter().any(|(name, _)| *name == self.name())
    }
}

/// How many calls are carried out together: those of the database, and an act alone.
pub(super) fn alike(calls: &[Called<'_>]) -> usize {
    if calls.first().is_some_and(Called::is_act) {
        return 1;
    }
    calls.iter().take_while(|call| call.is_of_database() && !call.is_act()).count()
}

impl Connection {
    /// Writes down a command that changes what others see or do, before it is carried out; nothing for any other.
    pub(super) async fn begin_act(&self, call: &Called<'_>) -> Result<Option<Begun>> {
        if !call.is_act() && !call.may_be_act() {
            return Ok(None);
        }
        let Some(identity) = &self.identity else { return Ok(None) };
        let words = call.words.get(1..).unwrap_or_default();
        let may_administrate = identity.may(Right::Admin, None) || identity.may(Right::Admin, Some(&self.database));
        let (what, words) = if call.is_act() && identity.may(call.right(), Some(&self.database)) {
            (call.name().to_owned(), words)
        } else {
            let (word, rest) = words.split_first().map_or_else(Default::default, |(word, rest)| (*word, rest));
            let word = String::from_utf8_lossy(word).to_ascii_uppercase();
            if !may_administrate || !ACTS.contains(&(call.name(), word.as_str())) {
                return Ok(None);
            }
            (format!("{} {word}", call.name()), rest)
        };
        let words = words.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
        let mut said = Object::new();
        said.insert("words", words.chars().take(ACT_CHARS_MAX).collect::<String>());
        if call.is_act() {
            said.insert("db", self.database.as_str());
        }
        if call.is_act() && self.is_in_transaction() {
            // Whether EXEC follows is not known yet.
            said.insert("queued", true);
        }
        let act = Act { by: identity.name.clone(), what, said };
        let shared = Arc::clone(&self.shared);
        on_thread(move || shared.begin_act(&act)).await.map(Some)
    }

    /// Writes down what came of it.
    pub(super) async fn end_act(&self, act: Option<Begun>, error: Option<Error>) {
        let Some(act) = act else { return };
        let end = move || {
            act.end(error.as_ref());
            Ok(())
        };
        // What cannot be written down is logged there.
        let _ended = on_thread(end).await;
    }
}
