//! How rounds went, and what follows for the next: where it is done, and how long it waits for callers.
//!
//! Leaves to others: what a round does and who is in it. One round is noted at a time.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long a round may hold a thread that serves connections; one that took longer sends those after it elsewhere.
pub(super) const SHORT_TIME_MAX: Duration = Duration::from_millis(1);

/// For how many times as long they are then done elsewhere: at first, and at most after it was tried again and again in vain. Each quick one halves it.
const ELSEWHERE: (u32, u32) = (8, 1024);

/// The part of the time that one more caller would save for which a round waits for him.
const PATIENCE: u32 = 4;

/// What is known of the rounds of one kind of work.
pub(super) struct Pace {
    begun: Instant,
    /// Until when rounds are done elsewhere, in microseconds since the beginning.
    elsewhere_until_us: AtomicU64,
    times: AtomicU32,
    patience_ns: AtomicU64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            elsewhere_until_us: AtomicU64::new(0),
            times: AtomicU32::new(0),
            patience_ns: AtomicU64::new(0),
        }
    }

    /// Whether the next round may be done where connections are served.
    pub(super) fn is_quick(&self) -> bool {
        let until_us = self.elsewhere_until_us.load(Ordering::Relaxed);
        until_us == 0 || self.now_us() >= until_us
    }

    /// How long the next round waits for one caller more. Those who were answered together ask again at nearly the same time, and who just
    /// misses a round waits for all of it; a caller who was alone waits for nobody.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_nanos(self.patience_ns.load(Ordering::Relaxed))
    }

    /// Notes how long a round of so many callers took.
    pub(super) fn note(&self, time: Duration, callers: usize) {
        let callers = u32::try_from(callers).unwrap_or(u32::MAX);
        let patience = if callers > 1 { time / callers / PATIENCE } else { Duration::ZERO };
        self.patience_ns.store(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Decides, after a round where connections are served, where the next ones are done.
    pub(super) fn judge(&self, time: Duration) {
        let (times, (first, most)) = (self.times.load(Ordering::Relaxed), ELSEWHERE);
        let (times, until_us) = if time > SHORT_TIME_MAX {
            let times = (times * 2).clamp(first, most);
            let rest = u64::try_from((time * times).as_micros()).unwrap_or(u64::MAX);
            (times, self.now_us().saturating_add(rest))
        } else {
            (times / 2, 0)
        };
        self.times.store(times, Ordering::Relaxed);
        self.elsewhere_until_us.store(until_us, Ordering::Relaxed);
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For how many times as long as the round took the next are done elsewhere.
    fn times(pace: &Pace, time: Duration) -> u128 {
        let now_us = pace.now_us();
        pace.judge(time);
        u128::from(pace.elsewhere_until_us.load(Ordering::Relaxed).saturating_sub(now_us)) / time.as_micros()
    }

    #[test]
    fn rounds_that_take_long_again_and_again_are_tried_more_and_more_seldom() {
        let (pace, long) = (Pace::new(), Duration::from_secs(1000));
        let found: Vec<u128> = (0..9).map(|_| times(&pace, long)).collect();
        assert_eq!(found, [8, 16, 32, 64, 128, 256, 512, 1024, 1024]);
        assert!(!pace.is_quick());
        assert_eq!(times(&pace, SHORT_TIME_MAX), 0);
        assert!(pace.is_quick());
        assert_eq!(times(&pace, long), 1024, "one quick one makes good for one");
        for _ in 0..20 {
            pace.judge(Duration::ZERO);
        }
        assert_eq!(times(&pace, long), 8);
    }

    #[test]
    fn a_round_waits_a_quarter_of_what_one_more_saves_and_a_lone_caller_for_nobody() {
        let pace = Pace::new();
        pace.note(Duration::from_micros(200), 1);
        assert_eq!(pace.patience(), Duration::ZERO);
        pace.note(Duration::from_micros(200), 4);
        assert_eq!(pace.patience(), Duration::from_nanos(12_500));
    }
}
