//! Commands that wait for a key: one attempt each, and what to wait for when it finds nothing.
//!
//! ```text
//! attempt ──> an answer
//!         └─> Wait: keys, timeout ──> one of the keys changes ──> attempt_again ──> an answer, or Wait again
//!                                 └─> the time is over        ──> Wait::timed_out
//! ```
//!
//! Nothing here sleeps or keeps anybody: whoever has the connections does, wakes those who wait for a key in the order in which
//! they came, asks again once after it began to listen, and may forget a [`Wait`] at any time. Changes of keys are what the change
//! feed tells; [`changed_key`] says of which key.

use std::sync::Arc;
use std::time::Duration;

use nedb::Result;

use super::args::Args;
use super::layout::DocKey;
use super::number;
use super::refusal::refused;
use super::reply::Reply;

/// What came of one attempt at a command.
///
/// ```
/// use nedb_compat::redis::{Attempt, Commands, Reply, changed_key};
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// let (taker, giver) = (Commands::new(&db).session(), Commands::new(&db).session());
/// let Attempt::Waiting(wait) = taker.attempt(&[b"BLPOP", b"jobs", b"0"]) else { panic!("nothing is there") };
/// assert_eq!((wait.keys(), wait.timeout()), ([b"jobs".to_vec()].as_slice(), None));
///
/// giver.execute(&[b"RPUSH", b"jobs", b"first"]);
/// assert_eq!(changed_key("_kv", b"jobs").as_deref(), Some(b"jobs".as_slice()));
/// let Attempt::Answered(reply) = taker.attempt_again(&wait) else { panic!("a job is there") };
/// assert_eq!(reply, Reply::Array(vec![Reply::bulk("jobs"), Reply::bulk("first")]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum Attempt {
    /// The command is done.
    Answered(Reply),
    /// There is nothing yet.
    Waiting(Wait),
}

impl Attempt {
    pub(super) fn of(outcome: Result<Outcome>) -> Self {
        match outcome {
            Ok(Outcome::Answered(reply)) => Self::Answered(reply),
            Ok(Outcome::Nothing(_, wait)) => Self::Waiting(wait),
            Err(error) => Self::Answered(Reply::Error(error)),
        }
    }
}

/// What a command that found nothing waits for.
///
/// ```
/// use nedb_compat::redis::{Attempt, Commands, Reply};
/// # fn main() -> nedb::Result<()> {
/// let session = Commands::new(&nedb::Database::in_memory()?).session();
/// let Attempt::Waiting(wait) = session.attempt(&[b"BZPOPMIN", b"a", b"b", b"1.5"]) else { panic!("nothing is there") };
/// assert_eq!(wait.keys(), [b"a".to_vec(), b"b".to_vec()]);
/// assert_eq!(wait.timeout(), Some(std::time::Duration::from_millis(1500)));
/// assert_eq!(wait.timed_out(), Reply::NilArray);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Wait {
    pub(super) words: Vec<Vec<u8>>,
    keys: Vec<Vec<u8>>,
    timeout: Option<Duration>,
}

impl Wait {
    /// Waits for some keys with a call that is asked again as these words.
    pub(super) fn new(words: Vec<Vec<u8>>, keys: &[&[u8]], timeout: Option<Duration>) -> Self {
        Self { words, keys: keys.iter().map(|key| key.to_vec()).collect(), timeout }
    }

    /// The keys of which any may bring something, in the order of the call.
    pub fn keys(&self) -> &[Vec<u8>] {
        &self.keys
    }

    /// How long to wait, counted from the first attempt; `None` for ever.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What the client is told when the time is over.
    pub fn timed_out(&self) -> Reply {
        Reply::NilArray
    }
}

/// The key that a change of a document changes: every change of a value writes a document of its key. `None` for elements and for what
/// belongs to no key.
///
/// ```
/// use nedb_compat::redis::changed_key;
/// assert_eq!(changed_key("user", b"1").as_deref(), Some(b"user:1".as_slice()));
/// assert_eq!(changed_key("_list", b"00000000000000018000000000000000"), None);
/// ```
pub fn changed_key(collection: &str, id: &[u8]) -> Option<Vec<u8>> {
    DocKey::new(Arc::<str>::from(collection), id).key()
}

/// Whether a command is asked for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    First,
    /// It waited: values of other types are not what it waits for.
    Again,
}

/// What a command that may wait found.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Reply),
    /// Nothing: the answer for those who do not wait, and what to wait for.
    Nothing(Reply, Wait),
}

impl Outcome {
    /// The answer without waiting.
    pub(super) fn now(self) -> Reply {
        match self {
            Self::Answered(reply) | Self::Nothing(reply, _) => reply,
        }
    }
}

/// Reads a timeout in seconds; zero is for ever.
pub(super) fn timeout_s(word: &[u8]) -> Result<Option<Duration>> {
    let seconds = number::float(word).ok_or_else(|| refused("ERR timeout is not a float or out of range"))?;
    if seconds < 0.0 {
        return Err(refused("ERR timeout is negative"));
    }
    let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|timeout| timeout.as_millis() <= MS_MAX);
    let timeout = timeout.ok_or_else(|| refused("ERR timeout is out of range"))?;
    Ok((!timeout.is_zero()).then_some(timeout))
}

/// The longest timeout, as Redis has it.
const MS_MAX: u128 = i64::MAX as u128;

/// The words of a call that waits, as it is asked again.
pub(super) fn call(name: &str, args: Args<'_>) -> Vec<Vec<u8>> {
    std::iter::once(name.as_bytes()).chain(args.from(0).iter().copied()).map(<[u8]>::to_vec).collect()
}
