//! Turns: how writers of one database wait for each other instead of repeating their work.
//!
//! A write that depends on what was read carries preconditions, and correctness rests on these alone. Under many writers of one
//! document the same one may lose again and again, though. Whoever takes a turn alone knows that nobody who takes turns by the
//! same name comes in between. Promises: turns are those of the database, whichever of its handles asks, and end with it; a thread
//! that takes several names at once never waits in a circle. Leaves to others: names, preconditions, and who takes turns at all.
//!
//! A turn is held over the commit, unlike every other lock above the committer's: the next writer of the same thing could not be
//! answered before that anyway. Order: a thread takes one set of turns at a time, by stripe, ascending, and before any other lock.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use nedb_io::RwLock;

/// How many locks share all names: collisions among a few dozen writers are rare, and the table takes 3 KiB.
const STRIPES: usize = 256;

/// The turns of one database; see [`Database::turns`](crate::Database::turns).
///
/// ```
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// let turn = db.turns().alone([b"accounts".as_slice()]);
/// // Nobody else who takes turns by this name writes now.
/// drop(turn);
/// let (one, other) = (db.turns().beside(b"accounts"), db.turns().beside(b"accounts"));
/// # drop((one, other));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Turns {
    stripes: [RwLock<()>; STRIPES],
    hasher: RandomState,
    /// How many turns there are, with those that are waited for.
    wanted: AtomicUsize,
}

/// A turn that was taken; it ends with this value.
///
/// ```
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// let turn: nedb::Turn<'_> = db.turns().beside(b"accounts");
/// # drop(turn);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a turn ends with this value"]
pub struct Turn<'t> {
    _beside: Option<RwLockReadGuard<'t, ()>>,
    _alone: Vec<RwLockWriteGuard<'t, ()>>,
    _counted: Counted<'t>,
}

/// Counts a turn until it ends.
#[derive(Debug)]
struct Counted<'t>(&'t AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { stripes: [const { RwLock::new(()) }; STRIPES], hasher: RandomState::new(), wanted: AtomicUsize::new(0) }
    }

    /// Waits until nobody else has a turn by any of the names.
    pub fn alone<'n>(&self, names: impl IntoIterator<Item = &'n [u8]>) -> Turn<'_> {
        let mut wanted: Vec<usize> = names.into_iter().map(|name| self.stripe(name)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let counted = self.count();
        let alone = wanted.iter().filter_map(|stripe| self.stripes.get(*stripe)).map(RwLock::write).collect();
        Turn { _beside: None, _alone: alone, _counted: counted }
    }

    /// Waits until nobody else has any turn.
    pub fn alone_by_every_name(&self) -> Turn<'_> {
        let counted = self.count();
        Turn { _beside: None, _alone: self.stripes.iter().map(RwLock::write).collect(), _counted: counted }
    }

    /// Waits until nobody has a turn by the name alone; others may have one beside this.
    pub fn beside(&self, name: &[u8]) -> Turn<'_> {
        let counted = self.count();
        let beside = self.stripes.get(self.stripe(name)).map(RwLock::read);
        Turn { _beside: beside, _alone: Vec::new(), _counted: counted }
    }

    /// Whether somebody has a turn or waits for one, by whatever name: who must not wait long leaves his work to a thread that may.
    ///
    /// ```
    /// # fn main() -> nedb::Result<()> {
    /// let db = nedb::Database::in_memory()?;
    /// let turn = db.turns().beside(b"accounts");
    /// assert!(db.turns().is_any_taken());
    /// drop(turn);
    /// assert!(!db.turns().is_any_taken());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_any_taken(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }

    fn count(&self) -> Counted<'_> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        Counted(&self.wanted)
    }

    fn stripe(&self, name: &[u8]) -> usize {
        usize::try_from(self.hasher.hash_one(name) % STRIPES as u64).unwrap_or_default()
    }
}
