//! Which keys commands read and wrote, in their order: what is told to those who keep copies of what they read.
//!
//! ```text
//! GET k  ──> Tx notes that this session read k ──┐                                ┌─> k was written since it was read: told at once
//! SET k  ──> Tx notes that that session wrote k ─┴─> commit ──> Trackers::note ───┤
//!                                                                                 └─> later writes find who read it
//! ```
//!
//! Promises: who read a key is noted before anybody could write it unnoticed: what was written between the read and the note is noted as
//! written once more, and what nobody can tell as a write of every key. Without anybody who tracks it costs one look. Leaves to others: who is
//! told and how, lifetimes that end, and what other interfaces write.

use nedb::{Seq, Snapshot, Timestamp};

use super::commands::Commands;
use super::layout::DocKey;
use super::table::{Access, Command};
use super::tx::Tx;

/// What happened to a key.
///
/// ```
/// use nedb_compat::redis::Touch;
/// let touch = Touch::Wrote { by: None, key: b"k".to_vec() };
/// assert_ne!(touch, Touch::EveryKey);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// A session whose reads are noted read it.
    Read {
        /// The number of the session.
        by: i64,
        /// The key.
        key: Vec<u8>,
        /// When its lifetime ends.
        ends_at: Option<Timestamp>,
    },
    /// It was written, or deleted.
    Wrote {
        /// The number of the session, where it was one.
        by: Option<i64>,
        /// The key.
        key: Vec<u8>,
    },
    /// All keys were deleted, or nobody can tell which ones were written.
    EveryKey,
}

/// Those who keep copies of what they read: whoever has the connections knows them.
///
/// ```
/// use nedb_compat::redis::{Commands, Noting, Setup, Touch, Trackers};
/// use std::sync::{Arc, Mutex};
/// #[derive(Default)]
/// struct Seen(Mutex<Vec<Touch>>);
/// impl Trackers for Seen {
///     fn is_any(&self) -> bool {
///         true
///     }
///     fn note(&self, touches: Vec<Touch>) {
///         self.0.lock().expect("no panic").extend(touches);
///     }
/// }
/// # fn main() -> nedb::Result<()> {
/// let seen = Arc::new(Seen::default());
/// let setup = Setup { trackers: Some(seen.clone()), ..Setup::default() };
/// let session = Commands::set_up(&nedb::Database::in_memory()?, setup).session_of(7);
/// session.note_reads(Noting::All);
/// session.execute(&[b"SET", b"k", b"v"]);
/// session.execute(&[b"GET", b"k"]);
/// let seen = seen.0.lock().expect("no panic");
/// assert_eq!(seen[0], Touch::Wrote { by: Some(7), key: b"k".to_vec() });
/// assert_eq!(seen[1], Touch::Read { by: 7, key: b"k".to_vec(), ends_at: None });
/// # Ok(())
/// # }
/// ```
pub trait Trackers: Send + Sync {
    /// Whether there is anybody.
    fn is_any(&self) -> bool;

    /// Notes what happened, in its order, without waiting for anybody.
    fn note(&self, touches: Vec<Touch>);
}

/// Which reads of a session are noted.
///
/// ```
/// use nedb_compat::redis::Noting;
/// assert_eq!(Noting::default(), Noting::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noting {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// Those of the next command or transaction alone.
    OnlyNext,
    /// All but those of the next command or transaction.
    AllButNext,
}

impl Noting {
    pub(super) fn is_for_next(self) -> bool {
        matches!(self, Self::All | Self::OnlyNext)
    }

    /// What holds behind the next command.
    pub(super) fn behind_next(self) -> Self {
        match self {
            Self::None | Self::OnlyNext => Self::None,
            Self::All | Self::AllButNext => Self::All,
        }
    }
}

/// Whose command is carried out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caller {
    pub(super) id: i64,
    pub(super) notes_reads: bool,
}

/// What a transaction has touched.
#[derive(Debug, Default)]
pub(super) struct Touches {
    /// Whether anybody tracked when the transaction began.
    is_noted: bool,
    caller: Caller,
    list: Vec<Touch>,
    /// Whether the step under way has deleted all keys.
    is_flushed: bool,
}

impl Touches {
    pub(super) fn new(trackers: Option<&dyn Trackers>) -> Self {
        Self { is_noted: trackers.is_some_and(Trackers::is_any), ..Self::default() }
    }

    /// Says whose commands follow.
    pub(super) fn begin(&mut self, caller: Caller) {
        self.caller = caller;
    }

    /// Notes that a document was written.
    pub(super) fn wrote(&mut self, place: &DocKey, is_deleted: bool) {
        if !self.is_noted || self.is_flushed && is_deleted {
            return;
        }
        if let Some(key) = place.key() {
            self.list.push(Touch::Wrote { by: Some(self.caller.id), key });
        }
    }

    /// Notes that all keys were deleted.
    pub(super) fn flushed(&mut self) {
        if self.is_noted {
            self.is_flushed = true;
            self.list.push(Touch::EveryKey);
        }
    }

    /// Ends a step.
    pub(super) fn end_step(&mut self) {
        self.is_flushed = false;
    }
}

impl Tx<'_> {
    /// Notes the keys that a command reads, if its caller wants that.
    pub(super) fn note_reads(&mut self, command: &Command, words: &[&[u8]]) {
        let Touches { is_noted: true, caller: Caller { id, notes_reads: true }, .. } = *self.touches() else { return };
        if command.access != Access::Read {
            return;
        }
        for key in command.keys.of(words) {
            let ends_at = [DocKey::value(key), DocKey::hash(key)].iter().find_map(|place| {
                // What cannot be read is not kept by anybody.
                let record = self.get(place).ok().flatten()?;
                Some(record.times.expires_at)
            });
            let ends_at = ends_at.flatten();
            self.touches().list.push(Touch::Read { by: id, key: key.to_vec(), ends_at });
        }
    }
}

/// What a transaction has left to be noted.
pub(super) struct Noted {
    touches: Touches,
    /// What it saw, where anything is noted.
    before: Option<Snapshot>,
}

impl Noted {
    pub(super) fn of(tx: &mut Tx<'_>) -> Self {
        let touches = std::mem::take(tx.touches());
        let before = touches.is_noted.then(|| tx.snapshot().clone());
        Self { touches, before }
    }
}

impl Commands {
    /// Notes what a transaction touched, whose last operation has this seq if there was any.
    pub(super) fn note(&self, noted: Noted, last_written: Option<Seq>) {
        let Noted { touches: Touches { is_noted, list, .. }, before } = noted;
        let Some(trackers) = self.trackers().filter(|trackers| trackers.is_any()) else { return };
        if !is_noted && last_written.is_some() {
            // Somebody came while it was under way: what it wrote was not noted, and he may have read it before.
            return trackers.note(vec![Touch::EveryKey]);
        }
        if list.is_empty() {
            return;
        }
        let read: Vec<Vec<u8>> = list.iter().filter_map(|touch| touch.read().cloned()).collect();
        trackers.note(list);
        let Some(before) = before.filter(|_| !read.is_empty()) else { return };
        let now = self.database().snapshot();
        let is_changed = |key: &Vec<u8>| {
            [DocKey::value(key), DocKey::hash(key)].iter().any(|place| {
                let seq = |snapshot: &Snapshot| snapshot.last_seq(&place.collection, &place.id);
                match (seq(&before), seq(&now)) {
                    (Ok(before_seq), Ok(seq)) => {
                        // What was read and written at once was guarded: nobody else wrote it in between.
                        let is_own = seq > before.seq() && seq <= last_written;
                        seq != before_seq && !is_own
                    }
                    _ => true,
                }
            })
        };
        let changed: Vec<Touch> =
            read.into_iter().filter(is_changed).map(|key| Touch::Wrote { by: None, key }).collect();
        if !changed.is_empty() {
            trackers.note(changed);
        }
    }

    /// Notes that all keys were deleted.
    pub(super) fn note_flushed(&self) {
        if let Some(trackers) = self.trackers().filter(|trackers| trackers.is_any()) {
            trackers.note(vec![Touch::EveryKey]);
        }
    }
}

impl Touch {
    fn read(&self) -> Option<&Vec<u8>> {
        match self {
            Self::Read { key, .. } => Some(key),
            Self::Wrote { .. } | Self::EveryKey => None,
        }
    }
}
