//! The name of a writing client.

use super::text_name::{NameRule, text_name};
use crate::ErrorCode;
use crate::limits::CLIENT_BYTES_MAX;

text_name! {
    /// Names a client, whose nonces and idempotency keys are its own: 1 to 128 bytes of UTF-8 without control characters.
    ///
    /// # Errors
    ///
    /// `new` gives `invalid_name` or `client_too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::Client;
    ///
    /// assert_eq!(Client::local().as_str(), "local");
    /// assert!(Client::new("").is_err());
    /// ```
    Client, |name: &str| RULE.check(name)
}

impl Client {
    /// Returns the client that is meant when a call names none.
    pub fn local() -> Self {
        thread_local! {
            // Not of the process: a forked child would wait for ever for a thread of its parent that was making it.
            static LOCAL: Client = Client("local".into());
        }
        LOCAL.try_with(Self::clone).unwrap_or_else(|_thread_ends| Self("local".into()))
    }
}

const RULE: NameRule = NameRule {
    what: "client name",
    bytes_max: CLIENT_BYTES_MAX,
    limit: "CLIENT_BYTES_MAX",
    too_long: ErrorCode::ClientTooLong,
};
