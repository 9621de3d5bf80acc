//! The end of a feed that another thread wants.

use std::sync::Arc;
use std::sync::mpsc;

use nedb_io::{Io, Mutex};

use crate::retry;
use crate::socket::Wire;

/// Ends a [`Feed`](crate::Feed), from any thread. Copies end the same one.
///
/// ```no_run
/// use nedb_client::{Begin, Daemon, Options};
/// # fn main() -> nedb_client::Result<()> {
/// let mut feed = Daemon::at("http://127.0.0.1:7070", Options::new())?.subscribe(Begin::Now, &[])?;
/// let closer = feed.closer();
/// std::thread::scope(|scope| {
///     scope.spawn(move || closer.close());
///     feed.by_ref().for_each(drop);
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct FeedCloser(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_closed: bool,
    /// What is read from now.
    wire: Option<Arc<Wire>>,
    /// What ends the pause in which the feed is.
    pause: Option<mpsc::Sender<()>>,
}

impl FeedCloser {
    /// Ends the feed: its connection ends, and whoever waits for an event gets none. One that is just being opened ends when it is open.
    pub fn close(&self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        if let Some(wire) = state.wire.take() {
            wire.shut();
        }
        if let Some(pause) = state.pause.take() {
            // The pause may be over.
            let _told = pause.send(());
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }

    /// Ends this as well, when the feed is to end.
    pub(super) fn holds(&self, wire: &Arc<Wire>) {
        let mut state = self.0.lock();
        if state.is_closed {
            wire.shut();
        } else {
            state.wire = Some(Arc::clone(wire));
        }
    }

    /// Waits, for as long as the feed is not to end.
    pub(super) fn pause(&self, io: &Io, us: u64) {
        let (over, waiting) = mpsc::channel();
        {
            let mut state = self.0.lock();
            if state.is_closed {
                return;
            }
            state.pause = Some(over.clone());
        }
        retry::wait_for(io, us, over, &waiting);
    }
}
