//! The ends of lifetimes as commands give them: after so many seconds or milliseconds, at an instant, or never.

use nedb::{Result, Timestamp};

use super::keyspace::Found;
use super::notices::Class;
use super::tx::Tx;

/// How an amount tells the end of a lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    AtSeconds,
    AtMilliseconds,
}

impl Unit {
    /// The unit of an option of SET and GETEX.
    pub(super) fn of_option(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"EX" => Self::Seconds,
            b"PX" => Self::Milliseconds,
            b"EXAT" => Self::AtSeconds,
            b"PXAT" => Self::AtMilliseconds,
            _ => return None,
        })
    }

    /// The instant that an amount names, to the millisecond; `None` where even milliseconds overflow, as in Redis. What
    /// microseconds cannot say, three hundred thousand years from now, is the latest instant there is.
    pub(super) fn end(self, now: Timestamp, amount: i64) -> Option<Timestamp> {
        let (factor, from_ms) = match self {
            Self::Seconds => (1_000, now_ms(now)),
            Self::Milliseconds => (1, now_ms(now)),
            Self::AtSeconds => (1_000, 0),
            Self::AtMilliseconds => (1, 0),
        };
        let end_ms = amount.checked_mul(factor)?.checked_add(from_ms)?;
        Some(Timestamp::from_micros(end_ms.saturating_mul(1_000)))
    }
}

/// A moment in milliseconds, the unit in which Redis counts.
pub(super) fn now_ms(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(1_000)
}

/// What a command says about a lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// It stays as it is.
    Keep,
    /// It has no end.
    Unlimited,
    /// It ends then.
    Until(Timestamp),
}

/// Gives what lies under a key this lifetime; one that is over deletes it.
pub(super) fn apply(tx: &mut Tx<'_>, key: &[u8], found: &Found, lifetime: Lifetime) -> Result<()> {
    match lifetime {
        Lifetime::Keep => {}
        Lifetime::Unlimited if found.expires_at().is_none() => {}
        Lifetime::Unlimited => {
            tx.set_key_expiry(key, found, None);
            tx.tell(Class::Generic, "persist", key);
        }
        Lifetime::Until(at) if at <= tx.now() => {
            tx.remove_and_tell(key)?;
        }
        Lifetime::Until(at) => {
            tx.set_key_expiry(key, found, Some(at));
            tx.tell(Class::Generic, "expire", key);
        }
    }
    Ok(())
}
