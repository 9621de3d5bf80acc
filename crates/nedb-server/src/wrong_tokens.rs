//! Wrong tokens are slowed down: how many came from an address lately, and what becomes of further ones.
//!
//! ```text
//! right token ───────────────────────────────────────────────> let in, at once, whatever others at the address did
//! wrong one   ──count──┬─ up to 20 in a minute ──────────────> refused at once
//!                      └─ more ──a second──> refused, and counted as such
//! ```
//!
//! Promises: nobody is locked out by what others at his address, behind a proxy for instance, try; what is remembered, and who waits, is
//! bounded. Leaves to others: comparing tokens. It makes guessing slow for who waits for answers, and visible in the figures; that a token cannot be
//! guessed at all is because it is long and random (`tokens.rs`).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nedb::{Detail, Error, ErrorCode};
use nedb_io::{Clock, Mutex};

use crate::metrics::{Metrics, Refusal};

/// How many wrong tokens an address may send in [`WINDOW`] before it is slowed down.
const WRONG_MAX: u64 = 20;

/// How long a wrong token counts: from the first one of an address on, all are forgotten behind it.
const WINDOW: Duration = Duration::from_mins(1);

/// How long who is slowed down waits for his answer.
const PAUSE: Duration = Duration::from_secs(1);

/// How many wait so at once: beyond it the answer comes at once, so that nothing piles up here.
const WAITING_MAX: usize = 256;

/// How many addresses are remembered; beyond it the one that began longest ago is forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// The limit, as errors call it.
pub(crate) const LIMIT: &str = "wrong_tokens";

/// What is remembered of wrong tokens.
#[derive(Debug)]
pub(crate) struct WrongTokens {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    addresses: Mutex<BTreeMap<IpAddr, Tried>>,
    waiting: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Tried {
    since_us: u64,
    count: u64,
}

impl WrongTokens {
    pub(crate) fn new(clock: Arc<dyn Clock>, metrics: &Arc<Metrics>) -> Self {
        Self { clock, metrics: Arc::clone(metrics), addresses: Mutex::default(), waiting: AtomicUsize::new(0) }
    }

    /// Counts a wrong token of an address; what its sender is told.
    pub(crate) fn came(&self, address: IpAddr) -> Error {
        let count = self.count(network(address));
        if count <= WRONG_MAX {
            self.metrics.refused(Refusal::Login);
            return Error::new(ErrorCode::Unauthenticated, "the token is not known");
        }
        self.metrics.refused(Refusal::WrongTokens);
        let message = format!(
            "the token is not known, and {count} wrong ones came from this address in {} seconds: each further answer comes a second late",
            WINDOW.as_secs()
        );
        let detail = Detail::Limit { name: LIMIT.into(), max: WRONG_MAX, actual: count };
        Error::new(ErrorCode::Unauthenticated, message).with_detail(detail)
    }

    fn count(&self, address: IpAddr) -> u64 {
        let now_us = self.clock.monotonic_us();
        let is_over = |tried: &Tried| now_us.saturating_sub(tried.since_us) > WINDOW_US;
        let mut addresses = self.addresses.lock();
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&address) {
            addresses.retain(|_, tried| !is_over(tried));
            let oldest = addresses.iter().min_by_key(|(_, tried)| tried.since_us).map(|(address, _)| *address);
            if let Some(oldest) = oldest.filter(|_| addresses.len() >= ADDRESSES_MAX) {
                addresses.remove(&oldest);
            }
        }
        let tried = addresses.entry(address).or_insert(Tried { since_us: now_us, count: 0 });
        if is_over(tried) {
            *tried = Tried { since_us: now_us, count: 0 };
        }
        tried.count += 1;
        tried.count
    }

    /// Lets the sender of too many wrong tokens wait for his answer.
    pub(crate) async fn slow_down(&self, error: &Error) {
        if !is_slowed(error) {
            return;
        }
        let waits = Waits::begin(&self.waiting);
        if waits.number < WAITING_MAX {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

const WINDOW_US: u64 = WINDOW.as_secs() * 1_000_000;

/// Whether an error is that of too many wrong tokens.
pub(crate) fn is_slowed(error: &Error) -> bool {
    matches!(error.detail(), Detail::Limit { name, .. } if name == LIMIT)
}

/// One that waits, until this goes.
struct Waits<'w> {
    all: &'w AtomicUsize,
    /// How many waited before.
    number: usize,
}

impl<'w> Waits<'w> {
    fn begin(all: &'w AtomicUsize) -> Self {
        Self { number: all.fetch_add(1, Ordering::AcqRel), all }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What counts as one address: of IPv6 the network of 64 bits, because who has one address there has all of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use nedb_io::ManualClock;

    use super::*;

    fn wrong_tokens() -> (Arc<ManualClock>, WrongTokens) {
        let clock = Arc::new(ManualClock::new(0));
        let wrong = WrongTokens::new(Arc::clone(&clock) as _, &Arc::new(Metrics::new(0, 0)));
        (clock, wrong)
    }

    #[test]
    fn an_address_is_slowed_down_from_a_number_on_until_its_minute_is_over() {
        let (clock, wrong) = wrong_tokens();
        let is_slowed = |address: &str| {
            let error = wrong.came(address.parse().unwrap());
            assert_eq!(error.code(), ErrorCode::Unauthenticated);
            is_slowed(&error)
        };
        for _ in 0..WRONG_MAX {
            assert!(!is_slowed("10.0.0.1"));
        }
        assert!(is_slowed("10.0.0.1") && is_slowed("::ffff:10.0.0.1"));
        assert!(!is_slowed("10.0.0.2"), "others have a count of their own");
        for low in 0..WRONG_MAX {
            assert!(!is_slowed(&format!("2001:db8::{low:x}")));
        }
        assert!(is_slowed("2001:db8::ffff"), "one network is one address");
        clock.advance_us(WINDOW_US + 1);
        assert!(!is_slowed("10.0.0.1"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (clock, wrong) = wrong_tokens();
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 10 {
            clock.advance_us(1);
            wrong.came(std::net::Ipv4Addr::from(number).into());
        }
        assert_eq!(wrong.addresses.lock().len(), ADDRESSES_MAX);
        assert!(!wrong.addresses.lock().contains_key(&std::net::Ipv4Addr::from(0).into()), "the oldest goes");
    }
}
