//! What a connection of HTTP holds for as long as anybody speaks on it, also after it became a WebSocket.
//!
//! Promises: the place among the connections, the count of open ones and the end of the daemon's waiting hang on one thing, which the
//! connection and its socket share.

use std::net::IpAddr;
use std::sync::Arc;

use hyper_util::server::graceful::Watcher;

use super::patience::{Turn, UnderWay};
use crate::doorman::Place;
use crate::metrics::Counted;

/// What is held until the last one who speaks goes.
pub(super) struct Seat {
    /// Where the client is.
    pub(super) address: IpAddr,
    /// Requests of the connection: while one is under way it does not rest.
    under_way: UnderWay,
    _place: Place,
    _counted: Counted,
    /// The end of the daemon waits until this goes.
    _watched: Watcher,
}

impl Seat {
    pub(super) fn new(address: IpAddr, place: Place, counted: Counted, watched: Watcher) -> Arc<Self> {
        Arc::new(Self { address, under_way: UnderWay::default(), _place: place, _counted: counted, _watched: watched })
    }

    /// Begins a request, or a socket.
    pub(super) fn begin(&self) -> Turn {
        self.under_way.begin()
    }

    /// What is under way on the connection.
    pub(super) fn under_way(&self) -> UnderWay {
        self.under_way.clone()
    }
}
