//! Signals that end the page from outside, where there are such: SIGTERM and SIGHUP.
//!
//! Promises: they are noted, so that the terminal can be left as it was found, and the program then ends by them all the same. Leaves to
//! others: Ctrl-C, which is a key to a terminal that gives keys at once.

use nedb_types::Result;

#[cfg(unix)]
pub use noted::Ending;

#[cfg(unix)]
mod noted {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::{flag, low_level};

    use super::Result;

    /// The signals, each with whether it came.
    pub struct Ending([(i32, Arc<AtomicBool>); 2]);

    impl Ending {
        /// Notes them from now on.
        pub fn watch() -> Result<Self> {
            let signals = [SIGTERM, SIGHUP].map(|signal| (signal, Arc::<AtomicBool>::default()));
            for (signal, came) in &signals {
                flag::register(*signal, Arc::clone(came))?;
            }
            Ok(Self(signals))
        }

        /// Whether one came.
        pub fn is_told(&self) -> bool {
            self.0.iter().any(|(_, came)| came.load(Ordering::Relaxed))
        }

        /// Ends the program as the signal that came would have.
        pub fn obey(&self) -> Result<()> {
            for (signal, _) in self.0.iter().filter(|(_, came)| came.load(Ordering::Relaxed)) {
                low_level::emulate_default_handler(*signal)?;
            }
            Ok(())
        }
    }
}

/// There are no such signals here.
#[cfg(not(unix))]
pub struct Ending;

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "they are what they are elsewhere")]
impl Ending {
    pub fn watch() -> Result<Self> {
        Ok(Self)
    }

    pub fn is_told(&self) -> bool {
        false
    }

    pub fn obey(&self) -> Result<()> {
        Ok(())
    }
}
