//! How a daemon is reached: who asks, how long is waited, how often is asked again, which certificates are trusted.

use std::fmt;
use std::time::Duration;

use nedb_io::Io;

/// How long a server may be silent unless said otherwise.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a request is sent again unless said otherwise.
const RETRIES: u32 = 4;

/// Says how a [`Daemon`](crate::Daemon) is reached.
///
/// ```
/// use std::time::Duration;
/// use nedb_client::Options;
/// let options = Options::new().token("secret").silence_max(Duration::from_secs(5)).retries(2);
/// assert!(!format!("{options:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) token: Option<String>,
    pub(crate) silence_max: Duration,
    pub(crate) retries: u32,
    pub(crate) ca_pem: Option<String>,
    pub(crate) io: Io,
}

impl Options {
    /// Begins with no token, the machine's certificates, 30 seconds of silence at most, and four retries.
    pub fn new() -> Self {
        Self { token: None, silence_max: SILENCE, retries: RETRIES, ca_pem: None, io: Io::real() }
    }

    /// Sends this token with each request.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Gives up on a server that says nothing for so long, be it before an answer or in the middle of one.
    #[must_use]
    pub fn silence_max(mut self, silence_max: Duration) -> Self {
        self.silence_max = silence_max;
        self
    }

    /// Sends a request so many times again at most, when the network failed or the daemon was busy.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Trusts the certificates of this PEM text, and not those of the machine, for addresses with `https`.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// Takes pauses, random numbers and the file of a pin from these seams.
    #[must_use]
    pub fn io(mut self, io: Io) -> Self {
        self.io = io;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Options");
        shown.field("has_token", &self.token.is_some()).field("silence_max", &self.silence_max);
        shown.field("retries", &self.retries).field("has_ca", &self.ca_pem.is_some()).finish_non_exhaustive()
    }
}
