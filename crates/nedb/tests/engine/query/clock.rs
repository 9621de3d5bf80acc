//! A clock that goes on with each look at it, and cancels a query at a look that is chosen: the same moments in every run.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use nedb::{CancelToken, Database, Options};
use nedb_io::{Clock, Io, ManualScheduler, MemoryDisk, Mutex, SeededRandom};

/// Each look at its monotonic time makes it later; its wall stands still, so that nothing expires.
#[derive(Debug)]
pub struct TickingClock {
    looks: AtomicU64,
    tick_us: u64,
    cancels: Mutex<Option<(u64, CancelToken)>>,
}

impl TickingClock {
    pub fn new(tick_us: u64) -> Arc<Self> {
        Arc::new(Self { looks: AtomicU64::new(0), tick_us, cancels: Mutex::new(None) })
    }

    /// How often it was looked at.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// What it shows, without a look.
    pub fn now_us(&self) -> u64 {
        self.looks() * self.tick_us
    }

    /// A token that is used at the look with this number from now on.
    pub fn cancel_after(&self, looks: u64) -> CancelToken {
        let token = CancelToken::new();
        *self.cancels.lock() = Some((self.looks() + looks, token.clone()));
        token
    }
}

impl Clock for TickingClock {
    fn wall_us(&self) -> i64 {
        1_767_225_600_000_000
    }

    fn monotonic_us(&self) -> u64 {
        let look = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((at, token)) = &*self.cancels.lock()
            && look >= *at
        {
            token.cancel();
        }
        look * self.tick_us
    }
}

/// An empty database in memory with such a clock; nothing happens in its background, and no index makes itself.
pub fn ticking(clock: &Arc<TickingClock>) -> Database {
    let io = Io {
        disk: Arc::new(MemoryDisk::new(256 << 20)),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::new(ManualScheduler::new()),
    };
    let options = Options::new().io(io).auto_index(false).sweep_interval_us(0);
    Database::open("/db", options).expect("an empty disk takes a database")
}
