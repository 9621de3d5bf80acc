//! What waits to be told to one connection of keys that changed.
//!
//! Promises: in the order of coming; when it is too much, all of it becomes one push that says that every key changed. A connection of
//! version 2 gets only what another one redirects to it, and only while it listens to channels. Leaves to others: when it is written.

use std::collections::VecDeque;
use std::sync::Arc;

use nedb_io::Mutex;
use nedb_wire::resp::{Version, Writer};
use tokio::sync::Notify;

/// How many bytes may wait for one connection.
pub(super) const WAITING_BYTES_MAX: usize = 1 << 20;

/// What a push costs beside its keys.
const PUSH_BYTES: usize = 64;

/// The channel of connections of version 2.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// A key, which all who are told of it share.
pub(super) type Key = Arc<[u8]>;

/// What a key costs that waits.
pub(super) fn bytes_of(key: &[u8]) -> usize {
    key.len() + PUSH_BYTES
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Push {
    /// These keys changed.
    Changed(Vec<Key>),
    /// Every key may have changed.
    Everything,
    /// The connection with this number, to which it is redirected, has gone.
    Broken(i64),
}

impl Push {
    fn bytes(&self) -> usize {
        match self {
            Self::Changed(keys) => keys.iter().map(|key| bytes_of(key)).sum(),
            Self::Everything | Self::Broken(_) => PUSH_BYTES,
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Broken(id) => {
                writer.push(2);
                writer.bulk(b"tracking-redir-broken");
                return writer.int(*id);
            }
            _ if writer.version() == Version::Three => {
                writer.push(2);
                writer.bulk(b"invalidate");
            }
            _ => {
                writer.push(3);
                writer.bulk(b"message");
                writer.bulk(CHANNEL);
            }
        }
        if let Self::Changed(keys) = self {
            writer.array(keys.len());
            for key in keys {
                writer.bulk(key);
            }
        } else {
            writer.null();
        }
    }
}

/// What waits for one connection.
#[derive(Debug, Default)]
pub(in crate::resp) struct Pushes {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each with whether another connection redirected it.
    pushes: VecDeque<(Push, bool)>,
    bytes: usize,
}

impl Pushes {
    pub(super) fn put(&self, push: Push, is_redirected: bool) {
        let mut waiting = self.waiting.lock();
        waiting.bytes += push.bytes();
        waiting.pushes.push_back((push, is_redirected));
        if waiting.bytes > WAITING_BYTES_MAX {
            let is_redirected = waiting.pushes.iter().any(|(_, is_redirected)| *is_redirected);
            waiting.pushes = VecDeque::from([(Push::Everything, is_redirected)]);
            waiting.bytes = PUSH_BYTES;
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// Ends when something came.
    pub(in crate::resp) async fn came(&self) {
        self.came.notified().await;
    }

    /// Writes what waits, as far as the connection may be told it.
    pub(in crate::resp) fn write(&self, writer: &mut Writer<'_>, is_listening: bool) {
        let pushes = {
            let mut waiting = self.waiting.lock();
            waiting.bytes = 0;
            std::mem::take(&mut waiting.pushes)
        };
        for (push, is_redirected) in pushes {
            if writer.version() == Version::Three || is_listening && is_redirected {
                push.write(writer);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn take(&self) -> Vec<Push> {
        std::mem::take(&mut self.waiting.lock().pushes).into_iter().map(|(push, _)| push).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_one_who_never_reads_becomes_one_push() {
        let pushes = Pushes::default();
        for _ in 0..2_000 {
            pushes.put(Push::Changed(vec![Key::from([b'k'; 1_000])]), false);
        }
        assert!(pushes.waiting.lock().bytes <= WAITING_BYTES_MAX);
        assert_eq!(pushes.take().first(), Some(&Push::Everything));
    }

    #[test]
    fn a_connection_of_version_2_hears_only_what_is_redirected_to_it_while_it_listens() {
        for (is_redirected, is_listening, wanted) in [(true, true, true), (false, true, false), (true, false, false)] {
            let (pushes, mut out) = (Pushes::default(), Vec::new());
            pushes.put(Push::Everything, is_redirected);
            pushes.write(&mut Writer::new(&mut out, Version::Two), is_listening);
            assert_eq!(!out.is_empty(), wanted, "{is_redirected} {is_listening}");
        }
    }
}
