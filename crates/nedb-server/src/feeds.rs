//! Who reads the change feed of a database, and how far each has come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use nedb_io::Mutex;

/// The readers of one database.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    readers: Mutex<Vec<Weak<AtomicU64>>>,
}

/// How far one reader has come; he is counted until this goes.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The number of operations that he has seen.
    seen: Arc<AtomicU64>,
}

impl Reader {
    pub(crate) fn saw(&self, operations: u64) {
        self.seen.store(operations, Ordering::Relaxed);
    }
}

impl Feeds {
    /// Counts a reader who has seen so many operations.
    pub(crate) fn join(&self, operations: u64) -> Reader {
        let seen = Arc::new(AtomicU64::new(operations));
        let mut readers = self.readers.lock();
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(&seen));
        Reader { seen }
    }

    /// How many readers there are.
    pub(crate) fn count(&self) -> u64 {
        self.readers.lock().iter().filter(|reader| reader.strong_count() > 0).count() as u64
    }

    /// How many of so many operations the slowest has not seen yet.
    pub(crate) fn lag(&self, operations: u64) -> u64 {
        let readers = self.readers.lock();
        let seen = readers.iter().filter_map(Weak::upgrade).map(|seen| seen.load(Ordering::Relaxed)).min();
        seen.map_or(0, |seen| operations.saturating_sub(seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_reader_counts_until_he_goes() {
        let feeds = Feeds::default();
        assert_eq!((feeds.count(), feeds.lag(10)), (0, 0));
        let (slow, quick) = (feeds.join(0), feeds.join(3));
        quick.saw(10);
        assert_eq!((feeds.count(), feeds.lag(10)), (2, 10));
        drop(slow);
        assert_eq!((feeds.count(), feeds.lag(10)), (1, 0));
    }
}
