//! How a stream of writes begins: a socket, and the greeting.

use std::sync::Arc;

use nedb_wire::stream::{Credit, Reply};
use tungstenite::{Message, WebSocket};

use crate::socket::{Broken, End, Open, Target, Wire};

/// A connection that was greeted.
pub(super) struct Dialled {
    pub(super) socket: WebSocket<End>,
    pub(super) wire: Arc<Wire>,
    pub(super) credit: Credit,
}

/// Makes a connection.
pub(super) fn dial(target: &Target) -> Result<Dialled, Broken> {
    let Open { mut socket, wire } = target.open()?;
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => {
                return match Reply::decode(&bytes) {
                    Ok(Reply::Greeting(terms)) => Ok(Dialled { socket, wire, credit: terms.credit }),
                    other => Err(target.strange(format!("{other:?} where a greeting should stand"))),
                };
            }
            Ok(Message::Close(close)) => return Err(target.broken(format!("it closed the connection: {close:?}"))),
            Ok(_) => {}
            Err(error) => return Err(target.broken(error)),
        }
    }
}
