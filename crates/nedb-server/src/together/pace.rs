//! How rounds went, and what follows for the next: where it is done, and how long it waits for callers.
//!
//! Leaves to others: what a round does and who is in it. One round is noted at a time.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// How long a round may hold a thread that serves connections; one that took longer sends those after it elsewhere.
pub(super) const SHORT_TIME_MAX: Duration = Duration::from_millis(1);

/// How many rounds are then done elsewhere: at first, and at most after it was tried again and again in vain.
const ELSEWHERE: (u32, u32) = (8, 1024);

/// The part of the time that one more caller would save for which a round waits for him.
const PATIENCE: u32 = 4;

/// What is known of the rounds of one kind of work.
#[derive(Default)]
pub(super) struct Pace {
    /// How many rounds are still done elsewhere.
    left: AtomicU32,
    /// How many were after the last that took long.
    last: AtomicU32,
    patience_ns: AtomicU64,
}

impl Pace {
    /// Whether the next round may be done where connections are served.
    pub(super) fn is_quick(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// How long the next round waits for one caller more. Those who were answered together ask again at nearly the same time, and who just
    /// misses a round waits for all of it; a caller who was alone waits for nobody.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_nanos(self.patience_ns.load(Ordering::Relaxed))
    }

    /// Notes how long a round of so many callers took.
    pub(super) fn note(&self, may_be_short: bool, time: Duration, callers: usize) {
        let callers = u32::try_from(callers).unwrap_or(u32::MAX);
        let patience = if callers > 1 { time / callers / PATIENCE } else { Duration::ZERO };
        self.patience_ns.store(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
        } else if may_be_short {
            let last = self.last.load(Ordering::Relaxed);
            let (first, most) = ELSEWHERE;
            let next = if time > SHORT_TIME_MAX { (last * 2).clamp(first, most) } else { 0 };
            self.left.store(next, Ordering::Relaxed);
            self.last.store(next, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_take_long_again_and_again_are_tried_more_and_more_seldom() {
        let pace = Pace::default();
        let mut tried = Vec::new();
        for round in 0..5_000 {
            if pace.is_quick() {
                tried.push(round);
            }
            pace.note(true, SHORT_TIME_MAX * 2, 1);
        }
        let gaps: Vec<_> = tried.windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
        assert_eq!(gaps, [8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024]);
        while !pace.is_quick() {
            pace.note(true, Duration::ZERO, 1);
        }
        pace.note(true, Duration::ZERO, 1);
        pace.note(true, SHORT_TIME_MAX * 2, 1);
        assert_eq!(pace.left.load(Ordering::Relaxed), 8, "a quick one makes good for all");
    }

    #[test]
    fn long_work_says_nothing_of_short_work() {
        let pace = Pace::default();
        pace.note(false, Duration::from_secs(5), 1);
        assert!(pace.is_quick());
    }

    #[test]
    fn a_round_waits_a_quarter_of_what_one_more_saves_and_a_lone_caller_for_nobody() {
        let pace = Pace::default();
        pace.note(true, Duration::from_micros(200), 1);
        assert_eq!(pace.patience(), Duration::ZERO);
        pace.note(true, Duration::from_micros(200), 4);
        assert_eq!(pace.patience(), Duration::from_nanos(12_500));
    }
}
