//! Who a connection of the Redis protocol is, and what becomes of one that does not know.
//!
//! Promises: a right token is let in at once; a connection ends after some wrong ones, and sooner where many came from its address. Leaves to
//! others: which are right (`tokens.rs`), and how many came (`wrong_tokens.rs`).

use nedb::{Error, ErrorCode, Result};
use nedb_compat::redis::Reply;

use super::{Connection, Next};
use crate::resp::commands::Row;
use crate::wrong_tokens;

/// How many wrong tokens a connection may send; with the last one it ends.
const WRONG_TOKENS_MAX: usize = 5;

/// What is answered to a wrong token, as Redis does.
const WRONG_TOKEN: &str = "WRONGPASS";

impl Connection {
    pub(in crate::resp) fn authenticate(&mut self, name: Option<&str>, token: &str) -> Result<()> {
        let tokens = self.shared.tokens();
        if tokens.is_empty() {
            let message = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
            return Err(Error::new(ErrorCode::RedisCommand, message));
        }
        let Some(identity) = tokens.identify(name, token) else {
            self.wrong_tokens.push(self.shared.wrong_tokens.came(self.client().ip()));
            return Err(Error::new(
                ErrorCode::RedisCommand,
                "WRONGPASS invalid username-password pair or user is disabled.",
            ));
        };
        self.identity = Some(identity.clone());
        self.track_as_identity();
        Ok(())
    }

    /// What comes of a command that may have brought a wrong token: after some of them the connection ends.
    pub(super) async fn after_token(&mut self, row: &Row, next: Next) -> Next {
        let (true, Next::Reply(Reply::Error(error)), Some(last)) =
            (row.is_before_auth, &next, self.wrong_tokens.last())
        else {
            return next;
        };
        if !error.message().starts_with(WRONG_TOKEN) {
            return next;
        }
        self.shared.wrong_tokens.slow_down(last).await;
        if self.wrong_tokens.len() < WRONG_TOKENS_MAX && !wrong_tokens::is_slowed(last) {
            return next;
        }
        Next::Close(Reply::Error(error.clone()))
    }
}
