//! Channels of one database: who listens to which, and what waits for each of them.
//!
//! ```text
//! PUBLISH ──> commit ──> Channels::deliver ──> the mailbox of each listener ──> his connection writes it, when it can
//! ```
//!
//! Promises: publishing waits for nobody; a listener gets the messages of a channel in their order; one whose mailbox is full loses
//! his connection, so memory is bounded. Channels belong to a database, because rights do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use nedb_compat::redis::{ChannelKind, Listeners, Message, is_match};
use nedb_io::Mutex;
use nedb_wire::resp::Writer;
use tokio::sync::Notify;

/// How many bytes may wait for one listener: then he is too slow, and his connection ends.
const MAILBOX_BYTES_MAX: usize = 32 << 20;

/// What a message costs beside its words.
const MESSAGE_BYTES: usize = 64;

/// How many channels and patterns one connection may listen to.
const SUBSCRIPTIONS_MAX: usize = 65_536;

/// What is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Channel,
    Pattern,
    Shard,
}

impl Kind {
    /// The word in the reply of SUBSCRIBE or UNSUBSCRIBE, and in front of a message.
    pub(super) const fn words(self) -> [&'static str; 3] {
        match self {
            Self::Channel => ["subscribe", "unsubscribe", "message"],
            Self::Pattern => ["psubscribe", "punsubscribe", "pmessage"],
            Self::Shard => ["ssubscribe", "sunsubscribe", "smessage"],
        }
    }
}

/// A message on its way to one listener.
#[derive(Clone)]
struct Letter {
    kind: Kind,
    /// The pattern by which he gets it.
    pattern: Option<Vec<u8>>,
    message: Arc<Message>,
}

impl Letter {
    fn bytes(&self) -> usize {
        let pattern = self.pattern.as_ref().map_or(0, Vec::len);
        self.message.channel.len() + self.message.payload.len() + pattern + MESSAGE_BYTES
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.push(if self.pattern.is_some() { 4 } else { 3 });
        writer.bulk(self.kind.words()[2].as_bytes());
        if let Some(pattern) = &self.pattern {
            writer.bulk(pattern);
        }
        writer.bulk(&self.message.channel);
        writer.bulk(&self.message.payload);
    }
}

/// What waits for one listener.
#[derive(Default)]
pub(super) struct Mailbox {
    state: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    letters: VecDeque<Letter>,
    bytes: usize,
    is_full: bool,
}

impl Mailbox {
    fn put(&self, letter: Letter) {
        let mut waiting = self.state.lock();
        if waiting.is_full {
            // The connection is about to end: what comes after a gap is for nobody.
            return;
        }
        waiting.bytes += letter.bytes();
        waiting.letters.push_back(letter);
        if waiting.bytes > MAILBOX_BYTES_MAX {
            *waiting = Waiting { is_full: true, ..Waiting::default() };
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// Ends when something came.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }

    /// Writes what waits, up to about so many bytes; false when the listener was too slow.
    pub(super) fn write(&self, writer: &mut Writer<'_>, bytes_max: usize) -> bool {
        let mut written = 0;
        let mut waiting = self.state.lock();
        while written < bytes_max {
            let Some(letter) = waiting.letters.pop_front() else { break };
            waiting.bytes = waiting.bytes.saturating_sub(letter.bytes());
            written += letter.bytes();
            letter.write(writer);
        }
        if !waiting.letters.is_empty() {
            self.came.notify_one();
        }
        !waiting.is_full
    }
}

type Lists = BTreeMap<(Kind, Vec<u8>), BTreeMap<i64, Arc<Mailbox>>>;

/// The channels of one database.
#[derive(Default)]
pub(crate) struct Channels {
    lists: Mutex<Lists>,
}

impl Channels {
    fn of_kind(lists: &Lists, kind: Kind) -> impl Iterator<Item = (&[u8], &BTreeMap<i64, Arc<Mailbox>>)> {
        let start = (kind, Vec::new());
        lists
            .range(start..)
            .take_while(move |((of, _), _)| *of == kind)
            .map(|((_, name), list)| (name.as_slice(), list))
    }

    /// The channels that somebody listens to by name, those that match a pattern if one is given.
    pub(super) fn names(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Vec<u8>> {
        let lists = self.lists.lock();
        let is_asked = |name: &[u8]| pattern.is_none_or(|pattern| is_match(pattern, name));
        Self::of_kind(&lists, kind).filter(|(name, _)| is_asked(name)).map(|(name, _)| name.to_vec()).collect()
    }

    /// How many listen to a channel by name.
    pub(super) fn listeners(&self, kind: Kind, name: &[u8]) -> usize {
        self.lists.lock().get(&(kind, name.to_vec())).map_or(0, BTreeMap::len)
    }

    /// How many patterns are listened to.
    pub(super) fn patterns(&self) -> usize {
        Self::of_kind(&self.lists.lock(), Kind::Pattern).count()
    }
}

impl Listeners for Channels {
    fn count(&self, kind: ChannelKind, channel: &[u8]) -> usize {
        if kind == ChannelKind::Shard {
            return self.listeners(Kind::Shard, channel);
        }
        let lists = self.lists.lock();
        let by_name = lists.get(&(Kind::Channel, channel.to_vec())).map_or(0, BTreeMap::len);
        let matching = Self::of_kind(&lists, Kind::Pattern).filter(|(pattern, _)| is_match(pattern, channel));
        by_name + matching.map(|(_, list)| list.len()).sum::<usize>()
    }

    fn deliver(&self, messages: Vec<Message>) {
        let lists = self.lists.lock();
        for message in messages {
            let message = Arc::new(message);
            let kind = if message.kind == ChannelKind::Shard { Kind::Shard } else { Kind::Channel };
            let put = |list: &BTreeMap<i64, Arc<Mailbox>>, kind: Kind, pattern: Option<&[u8]>| {
                for mailbox in list.values() {
                    let pattern = pattern.map(<[u8]>::to_vec);
                    mailbox.put(Letter { kind, pattern, message: Arc::clone(&message) });
                }
            };
            if let Some(list) = lists.get(&(kind, message.channel.clone())) {
                put(list, kind, None);
            }
            if kind == Kind::Channel {
                for (pattern, list) in Self::of_kind(&lists, Kind::Pattern) {
                    if is_match(pattern, &message.channel) {
                        put(list, Kind::Pattern, Some(pattern));
                    }
                }
            }
        }
    }
}

/// What one connection listens to, in one database; ends with it.
pub(super) struct Subscriptions {
    channels: Arc<Channels>,
    listener: i64,
    mailbox: Arc<Mailbox>,
    names: std::collections::BTreeSet<(Kind, Vec<u8>)>,
}

impl Subscriptions {
    pub(super) fn new(channels: Arc<Channels>, listener: i64) -> Self {
        Self { channels, listener, mailbox: Arc::default(), names: std::collections::BTreeSet::new() }
    }

    pub(super) fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names that are listened to in one way.
    pub(super) fn names(&self, kind: Kind) -> Vec<Vec<u8>> {
        self.names.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect()
    }

    /// The count that replies tell: channels and patterns together, channels of shards alone.
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.names.iter().filter(|(of, _)| (*of == Kind::Shard) == (kind == Kind::Shard)).count()
    }

    /// How many names are listened to in one way.
    pub(super) fn count_of(&self, kind: Kind) -> usize {
        self.names.iter().filter(|(of, _)| *of == kind).count()
    }

    /// Begins to listen; false when there are too many names already.
    pub(super) fn add(&mut self, kind: Kind, name: &[u8]) -> bool {
        let key = (kind, name.to_vec());
        if self.names.contains(&key) {
            return true;
        }
        if self.names.len() >= SUBSCRIPTIONS_MAX {
            return false;
        }
        let mut lists = self.channels.lists.lock();
        lists.entry(key.clone()).or_default().insert(self.listener, Arc::clone(&self.mailbox));
        self.names.insert(key);
        true
    }

    /// Ends to listen.
    pub(super) fn remove(&mut self, kind: Kind, name: &[u8]) {
        let key = (kind, name.to_vec());
        if self.names.remove(&key) {
            leave(&mut self.channels.lists.lock(), &key, self.listener);
        }
    }
}

fn leave(lists: &mut Lists, key: &(Kind, Vec<u8>), listener: i64) {
    if let Some(list) = lists.get_mut(key) {
        list.remove(&listener);
        if list.is_empty() {
            lists.remove(key);
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        let mut lists = self.channels.lists.lock();
        for key in &self.names {
            leave(&mut lists, key, self.listener);
        }
    }
}

#[cfg(test)]
mod tests {
    use nedb_wire::resp::Version;

    use super::*;

    fn message(channel: &str, bytes: usize) -> Message {
        Message { kind: ChannelKind::Plain, channel: channel.into(), payload: vec![b'x'; bytes] }
    }

    #[test]
    fn a_listener_gets_a_message_by_each_name_and_pattern_that_fits() {
        let channels = Arc::new(Channels::default());
        let mut listener = Subscriptions::new(Arc::clone(&channels), 1);
        assert!(
            listener.add(Kind::Channel, b"a") && listener.add(Kind::Pattern, b"?") && listener.add(Kind::Shard, b"a")
        );
        assert_eq!(channels.count(ChannelKind::Plain, b"a"), 2);
        channels.deliver(vec![message("a", 1), message("bb", 1)]);
        let mut out = Vec::new();
        assert!(listener.mailbox().write(&mut Writer::new(&mut out, Version::Three), usize::MAX));
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches(">3\r\n$7\r\nmessage\r\n").count(), 1);
        assert_eq!(text.matches(">4\r\n$8\r\npmessage\r\n$1\r\n?\r\n").count(), 1);
        drop(listener);
        assert!(channels.lists.lock().is_empty(), "who has gone listens to nothing");
    }

    #[test]
    fn what_waits_for_one_who_never_reads_is_bounded() {
        let channels = Arc::new(Channels::default());
        let mut listener = Subscriptions::new(Arc::clone(&channels), 1);
        assert!(listener.add(Kind::Channel, b"a"));
        for _ in 0..40 {
            channels.deliver(vec![message("a", 1 << 20)]);
        }
        assert!(listener.mailbox().state.lock().bytes <= MAILBOX_BYTES_MAX);
        let mut out = Vec::new();
        assert!(!listener.mailbox().write(&mut Writer::new(&mut out, Version::Two), usize::MAX));
        assert!(out.is_empty());
    }
}
