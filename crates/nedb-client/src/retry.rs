//! When a request is sent again, and after which pause.
//!
//! A request is sent again when the daemon was busy, which did nothing, and when the network failed, which may have done everything; so
//! the second case is left to requests that may come twice: reads, and writes with an idempotency key.

use std::sync::mpsc;

use nedb_io::Io;

/// The first pause, which doubles, and the longest.
const PAUSE_US: u64 = 50_000;
const PAUSE_US_MAX: u64 = 5_000_000;
/// The longest pause that a server may ask for: a greater one is a mistake of somebody's.
const RETRY_AFTER_S_MAX: u64 = 60;
/// Parts of a whole, for what chance adds or takes.
const PER_MILLE: u64 = 1_000;

/// When a request may be sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It changes nothing, or its key lets it change something once.
    Always,
    /// Only when the first one surely did nothing.
    Undone,
}

/// The pause before an attempt, the first one being 0. Callers that failed together do not come back together.
pub(crate) fn pause_us(io: &Io, attempt: u32, retry_after: Option<&str>) -> u64 {
    let asked_s = retry_after.and_then(|text| text.parse::<u64>().ok());
    if let Some(seconds) = asked_s {
        return spread(io, seconds.min(RETRY_AFTER_S_MAX) * 1_000_000, PER_MILLE..PER_MILLE * 5 / 4);
    }
    let doubled = PAUSE_US.saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX));
    spread(io, doubled.min(PAUSE_US_MAX), PER_MILLE / 2..PER_MILLE)
}

/// A time by a factor that chance takes from this range.
fn spread(io: &Io, us: u64, per_mille: std::ops::Range<u64>) -> u64 {
    let mut drawn = [0; 8];
    io.random.fill(&mut drawn);
    let width = per_mille.end.saturating_sub(per_mille.start).max(1);
    us.saturating_mul(per_mille.start + u64::from_le_bytes(drawn) % width) / PER_MILLE
}

/// Waits.
pub(crate) fn wait(io: &Io, us: u64) {
    let (over, waiting) = mpsc::channel();
    wait_for(io, us, over, &waiting);
}

/// Waits until the time is over, or until somebody says that it is.
pub(crate) fn wait_for(io: &Io, us: u64, over: mpsc::Sender<()>, waiting: &mpsc::Receiver<()>) {
    let task = move || {
        // Whoever waits is there until it is told.
        let _told = over.send(());
    };
    io.scheduler.after(us, "client-pause", Box::new(task));
    // A scheduler that drops its tasks ends the pause as well.
    let _over = waiting.recv();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_heed_what_the_server_asks() {
        let io = Io::real();
        for _ in 0..100 {
            assert!((25_000..50_000).contains(&pause_us(&io, 0, None)));
            assert!((100_000..200_000).contains(&pause_us(&io, 2, None)));
            assert!((2_500_000..5_000_000).contains(&pause_us(&io, 200, None)));
            assert!((3_000_000..3_750_000).contains(&pause_us(&io, 0, Some("3"))));
            assert!((60_000_000..75_000_000).contains(&pause_us(&io, 0, Some("100000"))));
            assert!(pause_us(&io, 0, Some("Fri, 31 Dec 1999 23:59:59 GMT")) < 50_000);
        }
    }
}
