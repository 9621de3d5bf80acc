//! The Redis protocol: connections, what only a connection knows, and rounds, which commit what many connections sent together.

mod called;
mod channels;
mod client;
mod commands;
mod connected;
mod connection;
mod notices;
mod reply;
mod rounds;
mod slow_calls;
mod subscribe;
mod tracking;
mod transfer;
mod waiting;

pub(crate) use channels::Channels;
pub(crate) use commands::connection_commands;
pub use commands::connection_commands_markdown;
pub(crate) use connected::Connected;
pub(crate) use connection::serve;
pub(crate) use notices::tell_changes;
pub(crate) use rounds::Rounds;
pub(crate) use tracking::Tracking;
pub(crate) use waiting::WaitingLine;
