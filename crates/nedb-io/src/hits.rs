//! Counting what a cache had ready and what it had not, from any thread.
//!
//! Promises: counting takes no lock, and threads hardly ever touch the same line of memory for it; the figures never go
//! back. Leaves to others: which cache it is, and what its misses cost.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Places to count in: more threads than these share some.
const PLACES: usize = 8;

/// How often something was found in a cache.
///
/// ```
/// let figures = nedb_io::CacheFigures { hits: 3, misses: 1 };
/// assert_eq!(figures, nedb_io::CacheFigures { misses: 1, ..figures });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Times that it was there.
    pub hits: u64,
    /// Times that it had to be read or made.
    pub misses: u64,
}

/// Counts hits and misses of one cache.
///
/// ```
/// let counts = nedb_io::CacheCounts::default();
/// counts.hit();
/// counts.miss();
/// counts.hit();
/// assert_eq!(counts.figures(), nedb_io::CacheFigures { hits: 2, misses: 1 });
/// ```
#[derive(Debug, Default)]
pub struct CacheCounts {
    places: [Place; PLACES],
}

/// Two lines of memory, because processors load neighbours together.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Place {
    hits: AtomicU64,
    misses: AtomicU64,
}

thread_local! {
    /// The place of this thread, which it gets when it first counts.
    static OWN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The place of the next thread.
static NEXT: AtomicUsize = AtomicUsize::new(0);

fn own_place() -> usize {
    OWN.get().unwrap_or_else(|| {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
        OWN.set(Some(place));
        place
    })
}

impl CacheCounts {
    /// Counts something that was there.
    #[inline]
    pub fn hit(&self) {
        self.count(|place| &place.hits);
    }

    /// Counts something that was not.
    #[inline]
    pub fn miss(&self) {
        self.count(|place| &place.misses);
    }

    /// Adds up what was counted.
    pub fn figures(&self) -> CacheFigures {
        let sum =
            |of: fn(&Place) -> &AtomicU64| self.places.iter().map(|place| of(place).load(Ordering::Relaxed)).sum();
        CacheFigures { hits: sum(|place| &place.hits), misses: sum(|place| &place.misses) }
    }

    #[inline]
    fn count(&self, of: fn(&Place) -> &AtomicU64) {
        if let Some(place) = self.places.get(own_place()) {
            of(place).fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_more_threads_than_places_count_is_all_there() {
        let counts = CacheCounts::default();
        crate::scoped(2 * PLACES, 2 * PLACES, |job| {
            for _ in 0..1_000 {
                counts.hit();
            }
            (0..job).for_each(|_| counts.miss());
        });
        assert_eq!(counts.figures(), CacheFigures { hits: 16_000, misses: (0..16).sum() });
    }
}
