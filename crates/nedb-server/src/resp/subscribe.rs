//! SUBSCRIBE and its kin: the commands by which a connection listens to channels of its database.
//!
//! Promises: the replies and the rules of Redis: in version 2 a connection that listens may do little else, in version 3 messages come
//! as pushes between replies. Leaves to others: who gets what (`channels.rs`).

use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use nedb_compat::redis::Reply;
use nedb_wire::resp::{Version, Writer};

use super::channels::{Kind, Mailbox, Subscriptions};
use super::connection::Connection;
use super::transfer::send;
use crate::databases::Served;
use crate::rights::Right;
use crate::tls::Stream;

/// How many bytes of messages are written between two looks at the calls of the client.
const PUSHED_BYTES: usize = 1 << 20;

/// What a connection of version 2 may do while it listens.
const ALLOWED: &[&str] =
    &["SUBSCRIBE", "SSUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "SUNSUBSCRIBE", "PUNSUBSCRIBE", "PING", "QUIT", "RESET"];

fn refused(text: impl Into<String>) -> Error {
    Error::new(ErrorCode::RedisCommand, text)
}

pub(super) fn subscribe(
    connection: &mut Connection,
    served: &Arc<Served>,
    words: &[&[u8]],
    kind: Kind,
    out: &mut Vec<u8>,
) -> Result<()> {
    connection.demand(Right::Read, &served.name)?;
    if connection.is_in_transaction() {
        return Err(refused("ERR channels are listened to outside of transactions"));
    }
    let (id, version) = (connection.client().id, connection.version);
    let mine = connection.subscriptions.get_or_insert_with(|| Subscriptions::new(Arc::clone(&served.channels), id));
    for name in words {
        if !mine.add(kind, name) {
            return Err(refused("ERR the connection listens to too many channels"));
        }
        tell(&mut Writer::new(out, version), kind.words()[0], Some(name), mine.count(kind));
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]
pub(super) fn unsubscribe(connection: &mut Connection, words: &[&[u8]], kind: Kind, out: &mut Vec<u8>) -> Result<()> {
    let mut writer = Writer::new(out, connection.version);
    let word = kind.words()[1];
    let Some(mine) = &mut connection.subscriptions else {
        let names: Vec<Option<&[u8]>> = words.iter().map(|name| Some(*name)).collect();
        for name in if names.is_empty() { vec![None] } else { names } {
            tell(&mut writer, word, name, 0);
        }
        return Ok(());
    };
    let all = mine.names(kind);
    let names: Vec<&[u8]> = if words.is_empty() { all.iter().map(Vec::as_slice).collect() } else { words.to_vec() };
    if names.is_empty() {
        tell(&mut writer, word, None, mine.count(kind));
    }
    for name in names {
        mine.remove(kind, name);
        tell(&mut writer, word, Some(name), mine.count(kind));
    }
    if mine.is_empty() {
        connection.subscriptions = None;
    }
    Ok(())
}

fn tell(writer: &mut Writer<'_>, word: &str, name: Option<&[u8]>, count: usize) {
    writer.push(3);
    writer.bulk(word.as_bytes());
    match name {
        Some(name) => writer.bulk(name),
        None => writer.null(),
    }
    writer.int(i64::try_from(count).unwrap_or(i64::MAX));
}

/// `PUBSUB CHANNELS [pattern] | NUMSUB [channel ...] | NUMPAT | SHARDCHANNELS [pattern] | SHARDNUMSUB [channel ...]`
pub(super) fn pubsub(
    connection: &mut Connection,
    served: &Arc<Served>,
    words: &[&[u8]],
    out: &mut Vec<u8>,
) -> Result<()> {
    connection.demand(Right::Read, &served.name)?;
    let Some((what, rest)) = words.split_first() else { return Err(refused("ERR syntax error")) };
    let channels = &served.channels;
    let names = |kind: Kind, pattern: Option<&[u8]>| {
        Reply::Array(channels.names(kind, pattern).into_iter().map(Reply::Bulk).collect())
    };
    let counts = |kind: Kind| {
        let count = |name: &&[u8]| Reply::Int(i64::try_from(channels.listeners(kind, name)).unwrap_or(i64::MAX));
        Reply::Array(rest.iter().flat_map(|name| [Reply::bulk(*name), count(name)]).collect())
    };
    let answer = match (what.to_ascii_uppercase().as_slice(), rest) {
        (b"CHANNELS", []) => names(Kind::Channel, None),
        (b"CHANNELS", [pattern]) => names(Kind::Channel, Some(pattern)),
        (b"SHARDCHANNELS", []) => names(Kind::Shard, None),
        (b"SHARDCHANNELS", [pattern]) => names(Kind::Shard, Some(pattern)),
        (b"NUMSUB", _) => counts(Kind::Channel),
        (b"SHARDNUMSUB", _) => counts(Kind::Shard),
        (b"NUMPAT", []) => Reply::Int(i64::try_from(channels.patterns()).unwrap_or(i64::MAX)),
        _ => {
            let what = String::from_utf8_lossy(what).into_owned();
            return Err(refused(format!(
                "ERR unknown subcommand or wrong number of arguments for '{what}'. Try CHANNELS, NUMSUB, NUMPAT, SHARDCHANNELS, SHARDNUMSUB."
            )));
        }
    };
    connection.write(out, &answer);
    Ok(())
}

impl Connection {
    /// What a connection of version 2 gets for a call while it listens; `None` when the call is carried out as always.
    pub(super) fn answer_while_listening(&mut self, words: &[&[u8]], out: &mut Vec<u8>) -> bool {
        if self.subscriptions.is_none() || self.version == Version::Three {
            return false;
        }
        let Some((name, rest)) = words.split_first() else { return false };
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("PING") && rest.len() < 2 {
            let message = rest.first().copied().unwrap_or_default();
            self.write(out, &Reply::Array(vec![Reply::bulk("pong"), Reply::bulk(message)]));
            return true;
        }
        if ALLOWED.iter().any(|known| is(known)) {
            return false;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let message = format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
        );
        self.write(out, &Reply::Error(refused(message)));
        true
    }

    /// Writes the messages that came; false when the client was too slow to take them.
    pub(super) async fn push_messages(&self, out: &mut Vec<u8>, stream: &mut Stream) -> std::io::Result<bool> {
        let Some(mine) = &self.subscriptions else { return Ok(true) };
        let is_in_time = mine.mailbox().write(&mut Writer::new(out, self.version), PUSHED_BYTES);
        if is_in_time {
            send(stream, out).await?;
        } else {
            tracing::warn!(client = self.client().id, "a listener did not take its messages: its connection ends");
        }
        Ok(is_in_time)
    }
}

/// Ends when something came for a connection that listens.
pub(super) async fn came(mailbox: Option<&Mailbox>) {
    match mailbox {
        Some(mailbox) => mailbox.came().await,
        None => std::future::pending().await,
    }
}
