//! Lifetimes of keys that are remembered: nobody writes when they end, so one task for each database waits for it.
//!
//! Promises: who read a key is told within a second of its end, also when the wall clock is set meanwhile.

use std::sync::{Arc, Weak};
use std::time::Duration;

use nedb::Timestamp;
use nedb_compat::redis::Trackers as _;

use super::Tracking;

/// How long nobody looks at the wall clock, which may be set.
const LOOK: Duration = Duration::from_secs(1);

/// How long it takes at least to the next look.
const PAUSE: Duration = Duration::from_millis(1);

/// Begins to wait, with the first who tracks.
pub(super) fn watch(tracking: &Arc<Tracking>) {
    if tracking.table.lock().begin_watching() {
        tokio::spawn(wait(Arc::downgrade(tracking), Arc::clone(&tracking.ends)));
    }
}

async fn wait(tracking: Weak<Tracking>, changed: Arc<tokio::sync::Notify>) {
    loop {
        let pause = {
            let Some(tracking) = tracking.upgrade() else { return };
            let now = Timestamp::from_micros(tracking.clock.wall_us());
            let mut table = tracking.table.lock();
            let next = table.end_lifetimes(now);
            if !tracking.is_any() {
                return table.end_watching();
            }
            next.map(|next| next.as_micros().saturating_sub(now.as_micros()))
        };
        let pause = pause.map(|pause_us| Duration::from_micros(u64::try_from(pause_us).unwrap_or_default()));
        tokio::select! {
            () = changed.notified() => {}
            () = sleep(pause.map(|pause| pause.clamp(PAUSE, LOOK))) => {}
        }
    }
}

/// Sleeps for a time, for ever when there is none.
async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
