//! Keyspace notifications: what happened to keys, said on channels of their database.
//!
//! ```text
//! a command writes ──> Tx::tell ──┬─> __keyspace@0__:key    event ─┐
//!                                 └─> __keyevent@0__:event  key   ─┴─> delivered after the commit
//! the feed of changes ──> Notices::of_change ──> the same, for what no command wrote
//! ```
//!
//! Promises: an event is told when what it tells of is certain, with the names and in the order of Redis; a command that failed tells
//! nothing; what nobody listens to is not made, and without notifications telling costs one look. Leaves to others: who listens.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use nedb::{Entry, EntryKind};

use super::layout::{self, DocKey};
use super::messages::{ChannelKind, Listeners, Message};
use super::table::Command;
use super::tx::Tx;

/// What events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Generic,
    String,
    List,
    Set,
    Hash,
    Sorted,
    Stream,
    Expired,
    New,
    Missed,
}

impl Class {
    const fn flag(self) -> char {
        match self {
            Self::Generic => 'g',
            Self::String => '$',
            Self::List => 'l',
            Self::Set => 's',
            Self::Hash => 'h',
            Self::Sorted => 'z',
            Self::Stream => 't',
            Self::Expired => 'x',
            Self::New => 'n',
            Self::Missed => 'm',
        }
    }
}

/// The letters, in the order in which they are told again; `e` and `d` are for evictions and modules, which are not there.
const FLAGS: [char; 14] = ['g', '$', 'l', 's', 'h', 'z', 'x', 'e', 't', 'd', 'n', 'K', 'E', 'm'];

/// Those that `A` stands for: all up to `d`.
const ALL: u16 = (1 << 10) - 1;

/// Which events are told, and on which channels, as the letters of `notify-keyspace-events` say it.
///
/// ```
/// use nedb_compat::redis::NoticeFlags;
/// let flags: NoticeFlags = "xEg".parse()?;
/// assert_eq!(flags.to_string(), "gxE");
/// assert!("q".parse::<NoticeFlags>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeFlags(u16);

impl NoticeFlags {
    fn bit(letter: char) -> Option<u16> {
        FLAGS.iter().position(|flag| *flag == letter).map(|place| 1 << place)
    }

    fn has(self, letter: char) -> bool {
        Self::bit(letter).is_some_and(|bit| self.0 & bit != 0)
    }

    /// Whether anything is told at all: there are events, and channels for them.
    ///
    /// ```
    /// use nedb_compat::redis::NoticeFlags;
    /// let is_any = |letters: &str| letters.parse::<NoticeFlags>().map(NoticeFlags::is_any);
    /// assert_eq!((is_any("KA"), is_any("K"), is_any("A")), (Ok(true), Ok(false), Ok(false)));
    /// ```
    pub fn is_any(self) -> bool {
        let channels = Self::bit('K').unwrap_or_default() | Self::bit('E').unwrap_or_default();
        self.0 & channels != 0 && self.0 & !channels != 0
    }
}

impl FromStr for NoticeFlags {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut flags = 0;
        for letter in text.chars() {
            flags |= match letter {
                'A' => ALL,
                _ => Self::bit(letter).ok_or_else(|| format!("{letter:?} is none of A g $ l s h z x e t d n K E m"))?,
            };
        }
        Ok(Self(flags))
    }
}

impl fmt::Display for NoticeFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_all = self.0 & ALL == ALL;
        if is_all {
            formatter.write_str("A")?;
        }
        for (place, letter) in FLAGS.iter().enumerate() {
            let is_of_all = is_all && ALL & (1 << place) != 0;
            if self.0 & (1 << place) != 0 && !is_of_all {
                write!(formatter, "{letter}")?;
            }
        }
        Ok(())
    }
}

/// The notifications of one database.
///
/// ```
/// use nedb_compat::redis::{NoticeFlags, Notices};
/// let notices = Notices { flags: "Ex".parse()?, database: "0".to_owned() };
/// assert!(notices.flags.is_any());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// Which events are told.
    pub flags: NoticeFlags,
    /// What channels call the database.
    pub database: String,
}

impl Notices {
    fn tells(&self, class: Class) -> bool {
        self.flags.has(class.flag())
    }

    /// The messages that tell an event, for those who listen.
    fn messages(&self, (class, event): (Class, &str), key: &[u8], listeners: &dyn Listeners) -> Vec<Message> {
        if !self.tells(class) {
            return Vec::new();
        }
        let database = &self.database;
        let of_key = self.flags.has('K').then(|| {
            let channel = [format!("__keyspace@{database}__:").as_bytes(), key].concat();
            (channel, event.as_bytes().to_vec())
        });
        let of_event =
            self.flags.has('E').then(|| (format!("__keyevent@{database}__:{event}").into_bytes(), key.to_vec()));
        of_key
            .into_iter()
            .chain(of_event)
            .filter(|(channel, _)| listeners.count(ChannelKind::Plain, channel) > 0)
            .map(|(channel, payload)| Message { kind: ChannelKind::Plain, channel, payload })
            .collect()
    }

    /// What a change tells that no command of the client `of_commands` made: the end of a lifetime, once it is swept, and what was written
    /// to a document through another interface.
    ///
    /// ```
    /// use nedb_compat::redis::{ChannelKind, Listeners, Message, Notices};
    /// struct Everybody;
    /// impl Listeners for Everybody {
    ///     fn count(&self, _kind: ChannelKind, _channel: &[u8]) -> usize {
    ///         1
    ///     }
    ///     fn deliver(&self, _messages: Vec<Message>) {}
    /// }
    /// let db = nedb::Database::in_memory()?;
    /// db.put("user", "1", nedb::Body::json("{}"))?;
    /// let entry = db.subscribe(None).try_next()?.expect("an operation");
    /// let notices = Notices { flags: "Eh".parse().expect("letters"), database: "0".to_owned() };
    /// let told = notices.of_change(&entry, "redis", &Everybody);
    /// assert_eq!((told[0].channel.as_slice(), told[0].payload.as_slice()), (b"__keyevent@0__:hset".as_slice(), b"user:1".as_slice()));
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn of_change(&self, entry: &Entry, of_commands: &str, listeners: &dyn Listeners) -> Vec<Message> {
        let (collection, client) = (entry.collection.as_str(), entry.client.as_str());
        let event = match &entry.kind {
            _ if client == of_commands => return Vec::new(),
            EntryKind::Delete if client == SWEEPER => (Class::Expired, "expired"),
            _ if !layout::is_user(collection) => return Vec::new(),
            EntryKind::Put(_) => (Class::Hash, "hset"),
            EntryKind::Delete => (Class::Generic, "del"),
            EntryKind::Expire { .. } if entry.expires_at.is_some() => (Class::Generic, "expire"),
            EntryKind::Expire { .. } => (Class::Generic, "persist"),
            EntryKind::Link { .. } | EntryKind::Unlink { .. } | EntryKind::Noop => return Vec::new(),
        };
        let key = DocKey::new(Arc::<str>::from(collection), entry.id.as_bytes()).key();
        key.map_or_else(Vec::new, |key| self.messages(event, &key, listeners))
    }
}

/// The client under whose name the engine deletes what has expired.
const SWEEPER: &str = "nedb.sweeper";

/// What a command has seen that its events depend on.
#[derive(Default)]
pub(super) struct Seen {
    /// Whether a key that is not found is told: for commands that read.
    tells_missing: bool,
    /// Keys that were not there: the first event of one that is there then is that it is new.
    missing: BTreeSet<Vec<u8>>,
}

impl Tx<'_> {
    /// Begins a command, as far as events go.
    pub(super) fn begin_telling(&mut self, command: &Command) {
        if self.notices().is_some() {
            *self.seen() = Seen { tells_missing: command.tells_missing(), missing: BTreeSet::new() };
        }
    }

    /// Tells what happened to a key.
    pub(super) fn tell(&mut self, class: Class, event: &'static str, key: &[u8]) {
        if self.notices().is_some() {
            if self.seen().missing.remove(key) && self.has_written(key) {
                self.send(Class::New, "new", key);
            }
            self.send(class, event, key);
        }
    }

    /// Tells that a key is new that was overwritten in a way that Redis calls so.
    pub(super) fn tell_new(&mut self, key: &[u8]) {
        if self.notices().is_some() {
            self.seen().missing.remove(key);
            self.send(Class::New, "new", key);
        }
    }

    /// Tells that a command which writes looked for a key that is not there in order to read it.
    pub(super) fn tell_missed(&mut self, key: &[u8]) {
        // Of one that reads it was told when it was not found.
        if self.notices().is_some() && !self.seen().tells_missing {
            self.send(Class::Missed, "keymiss", key);
        }
    }

    /// Notes that a key was not found.
    pub(super) fn note_missing(&mut self, key: &[u8]) {
        if self.notices().is_none() {
            return;
        }
        if self.seen().tells_missing {
            self.send(Class::Missed, "keymiss", key);
        }
        self.seen().missing.insert(key.to_vec());
    }

    fn send(&mut self, class: Class, event: &'static str, key: &[u8]) {
        let (Some(notices), Some(listeners)) = (self.notices(), self.listeners()) else { return };
        for message in notices.messages((class, event), key, listeners) {
            self.publish(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_read_as_redis_tells_them() {
        let told = |letters: &str| letters.parse::<NoticeFlags>().unwrap().to_string();
        for (given, wanted) in
            [("", ""), ("KEA", "AKE"), ("Elg", "glE"), ("g$lshzxetd", "A"), ("KEAnm", "AnKEm"), ("Kn", "nK")]
        {
            assert_eq!(told(given), wanted, "{given}");
        }
    }
}
