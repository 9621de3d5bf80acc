//! One connection that tracks keys: its mode, where it is told, and in which databases.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use nedb_compat::redis::Noting;

use super::Joined;
use super::pushes::{Push, Pushes};
use crate::databases::Served;
use crate::resp::connected::{Client, Connected};

/// What a connection is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::resp) enum Mode {
    /// The keys that it reads.
    Reads,
    /// Those that it reads with the command behind CLIENT CACHING YES.
    OptIn,
    /// Those that it reads but with the command behind CLIENT CACHING NO.
    OptOut,
    /// All keys that begin with one of these.
    Broadcast(BTreeSet<Vec<u8>>),
}

impl Mode {
    pub(super) const fn is_broadcast(&self) -> bool {
        matches!(self, Self::Broadcast(_))
    }
}

/// Where a connection is told.
#[derive(Clone, Debug)]
pub(super) struct Redirection {
    pub(super) to: i64,
    /// Whose connection it must be; of anybody where this is none.
    pub(super) user: Option<String>,
    pub(super) connected: Weak<Connected>,
}

/// A connection that tracks.
#[derive(Debug)]
pub(in crate::resp) struct Tracker {
    id: i64,
    mode: Mode,
    pushes: Arc<Pushes>,
    redirection: Option<Redirection>,
    /// Whether it is not told of what it changes itself.
    is_noloop: bool,
    /// Whether it was not told of something because the one that it redirects to had gone, or was somebody else's.
    is_broken: AtomicBool,
}

impl Tracker {
    pub(super) fn new(id: i64, mode: Mode, pushes: Arc<Pushes>) -> Self {
        Self { id, mode, pushes, redirection: None, is_noloop: false, is_broken: AtomicBool::new(false) }
    }

    pub(super) fn redirected(self, redirection: Option<Redirection>) -> Self {
        Self { redirection, ..self }
    }

    pub(super) fn without_loop(self, is_noloop: bool) -> Self {
        Self { is_noloop, ..self }
    }

    /// The same for another user, who is redirected only to connections of his own; none may be to all.
    fn of_user(&self, user: Option<String>) -> Self {
        let redirection = self.redirection.clone().map(|redirection| Redirection { user, ..redirection });
        let is_broken = AtomicBool::new(self.is_broken());
        Self { mode: self.mode.clone(), pushes: Arc::clone(&self.pushes), redirection, is_broken, ..*self }
    }

    pub(super) fn id(&self) -> i64 {
        self.id
    }

    pub(in crate::resp) fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(super) fn is_noloop(&self) -> bool {
        self.is_noloop
    }

    pub(in crate::resp) fn is_broadcasting(&self) -> bool {
        self.mode.is_broadcast()
    }

    pub(in crate::resp) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// The connection that is told in its place; 0 for itself, as Redis has it.
    pub(in crate::resp) fn redirects_to(&self) -> i64 {
        self.redirection.as_ref().map_or(0, |redirection| redirection.to)
    }

    /// Whether it is told of what somebody changed.
    pub(super) fn wants_change(&self, by: Option<i64>) -> bool {
        !(self.is_noloop && by == Some(self.id))
    }

    /// Lets it be told, without waiting for it.
    pub(super) fn tell(&self, push: Push) {
        let Some(redirection) = &self.redirection else { return self.pushes.put(push, false) };
        let other = redirection.connected.upgrade().and_then(|connected| connected.get(redirection.to));
        let is_allowed = |other: &Arc<Client>| redirection.user.as_ref().is_none_or(|user| other.is_of(user));
        let Some(other) = other.filter(is_allowed) else {
            self.is_broken.store(true, Ordering::Relaxed);
            return self.pushes.put(Push::Broken(redirection.to), false);
        };
        other.pushes.put(push, true);
    }
}

/// That a connection tracks, and in which databases.
pub(in crate::resp) struct Tracks {
    pub(super) tracker: Arc<Tracker>,
    /// What CLIENT CACHING said before a database was open.
    pub(super) is_caching: bool,
    joined: Vec<Joined>,
}

impl Tracks {
    pub(in crate::resp) fn new(tracker: Tracker) -> Self {
        Self { tracker: Arc::new(tracker), is_caching: false, joined: Vec::new() }
    }

    pub(in crate::resp) fn tracker(&self) -> &Arc<Tracker> {
        &self.tracker
    }

    /// Goes on in another mode.
    pub(in crate::resp) fn change(&mut self, tracker: Tracker) {
        self.tracker = Arc::new(tracker);
        for joined in &self.joined {
            joined.change(&self.tracker);
        }
    }

    /// Goes on as another user, who is redirected only to connections of his own unless he may be to all. Databases that he may not read are
    /// left; he learns no more of them than that what he has of their keys may be old.
    pub(in crate::resp) fn change_user(&mut self, user: Option<String>, may_read: impl Fn(&str) -> bool) {
        self.change(self.tracker.of_user(user));
        let before = self.joined.len();
        self.joined.retain(|joined| may_read(&joined.database));
        if self.joined.len() < before {
            self.tracker.tell(Push::Everything);
        }
    }

    /// Tracks keys of a database too; those of others that it has read from stay tracked.
    pub(in crate::resp) fn join(&mut self, served: &Arc<Served>) {
        self.joined.retain(|joined| !joined.is_over());
        if !self.joined.iter().any(|joined| joined.is_in(served)) {
            self.joined.push(Joined::new(served, &self.tracker));
        }
    }

    /// Says that of the next command it is the other way round than of all.
    pub(in crate::resp) fn cache_next(&mut self) {
        self.is_caching = true;
    }

    /// Which reads of a session are noted from now on.
    pub(in crate::resp) fn noting(&mut self) -> Noting {
        match (self.tracker.mode(), std::mem::take(&mut self.is_caching)) {
            (Mode::Reads, _) | (Mode::OptOut, false) => Noting::All,
            (Mode::OptIn, true) => Noting::OnlyNext,
            (Mode::OptOut, true) => Noting::AllButNext,
            (Mode::OptIn, false) | (Mode::Broadcast(_), _) => Noting::None,
        }
    }
}
