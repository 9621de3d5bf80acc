//! Requests that took long, for the slow log of their database.
//!
//! Promises: what is kept is the route and who asked, nothing that a caller chose. Leaves to others: questions, which are kept with their texts.

use std::sync::Arc;

use super::route::{Handler, Route};
use crate::databases::Served;
use crate::rights::Identity;
use crate::server::Shared;
use crate::slow::Asked;

/// A request that has come as a whole: how long its body took is its sender's.
pub(super) struct Come {
    pub(super) identity: Arc<Identity>,
    pub(super) database: Whose,
    pub(super) since_us: u64,
}

/// Which database it is for.
pub(super) enum Whose {
    Open(Arc<Served>),
    /// One that was not open when it came, if there is one of this name.
    Named(String),
    None,
}

impl Whose {
    pub(super) fn of(open: Option<&Arc<Served>>, name: Option<&String>) -> Self {
        match (open, name) {
            (Some(served), _) => Self::Open(Arc::clone(served)),
            (None, Some(name)) => Self::Named(name.clone()),
            (None, None) => Self::None,
        }
    }
}

impl Come {
    /// Keeps it if it was slow.
    pub(super) fn answered(self, shared: &Shared, route: &Route, now_us: u64) {
        if !route.is_kept {
            return;
        }
        let served = match self.database {
            Whose::Open(served) => served,
            Whose::Named(name) => match shared.databases.get_open(&name) {
                Some(served) => served,
                None => return,
            },
            Whose::None => return,
        };
        let time_us = now_us.saturating_sub(self.since_us);
        let is_slow = match route.handler {
            Handler::Writes(_) => served.slow.is_slow_write(self.since_us, now_us),
            Handler::Answers(_) | Handler::Sockets(_) => served.slow.is_slow(time_us),
        };
        if is_slow {
            let asked = Asked::new("http", &self.identity.name, &route.name(), Vec::new());
            served.slow.answered(&served.name, &asked, time_us, None);
        }
    }
}
