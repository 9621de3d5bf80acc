//! PUBLISH: messages for those who listen now, kept by nobody.
//!
//! ```text
//! PUBLISH ──> the transaction keeps it ──> commit ──> whoever has the connections delivers it
//! ```
//!
//! Promises: a message goes out when what was written with it is certain, in the order in which it was published; one of a command or
//! script that failed never does. Leaves to others: who listens, and how much of it waits for him.

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::refusal::unsupported;
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

/// Through which kind of channel a message goes.
///
/// ```
/// use nedb_compat::redis::ChannelKind;
/// assert_ne!(ChannelKind::Plain, ChannelKind::Shard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChannelKind {
    /// Those of PUBLISH, which SUBSCRIBE and PSUBSCRIBE listen to.
    Plain,
    /// Those of SPUBLISH, which SSUBSCRIBE listens to.
    Shard,
}

/// What was published.
///
/// ```
/// use nedb_compat::redis::{ChannelKind, Message};
/// let message = Message { kind: ChannelKind::Plain, channel: b"news".to_vec(), payload: b"hello".to_vec() };
/// assert_eq!(message.channel, b"news");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The kind of its channel.
    pub kind: ChannelKind,
    /// The name of its channel.
    pub channel: Vec<u8>,
    /// What is said.
    pub payload: Vec<u8>,
}

/// Those who listen to the channels of a database: whoever has the connections.
///
/// ```
/// use nedb_compat::redis::{ChannelKind, Listeners, Message};
/// struct Nobody;
/// impl Listeners for Nobody {
///     fn count(&self, _kind: ChannelKind, _channel: &[u8]) -> usize {
///         0
///     }
///     fn deliver(&self, _messages: Vec<Message>) {}
/// }
/// assert_eq!(Nobody.count(ChannelKind::Plain, b"news"), 0);
/// ```
pub trait Listeners: Send + Sync {
    /// How many would get a message now.
    fn count(&self, kind: ChannelKind, channel: &[u8]) -> usize;

    /// Gives messages to all who listen, without waiting for anybody.
    fn deliver(&self, messages: Vec<Message>);
}

pub(super) const COMMANDS: &[Command] = &[
    Command::write("PUBLISH", 3, Keys::None, Handler::Data(|tx, args| publish(tx, args, ChannelKind::Plain)))
        .fast()
        .says(
            "2.0.0",
            "PUBLISH channel message | Says something to those who listen to the channel now, and counts them.",
        ),
    Command::write("SPUBLISH", 3, Keys::None, Handler::Data(|tx, args| publish(tx, args, ChannelKind::Shard)))
        .fast()
        .says("7.0.0", "SPUBLISH channel message | Does so for those who listen with SSUBSCRIBE."),
];

fn publish(tx: &mut Tx<'_>, args: Args<'_>, kind: ChannelKind) -> Result<Reply> {
    let Some(listeners) = tx.listeners() else {
        return Err(unsupported("PUBLISH is refused: messages are for connections, not for a database in process"));
    };
    let count = listeners.count(kind, args.at(0));
    if count > 0 {
        tx.publish(Message { kind, channel: args.at(0).to_vec(), payload: args.at(1).to_vec() });
    }
    Ok(Reply::count(count))
}
