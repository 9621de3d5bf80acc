//! The last operations of the clients that wrote lately.
//!
//! A client's next nonce follows from its last operation, which the log knows; asking the log costs a twentieth of a small
//! commit, and most clients write again and again. Promises: what is told here is what the log would say. Leaves to others:
//! clients that wrote long ago. Whoever moves records has to forget them here.

use hashbrown::HashMap;
use nedb_index::{KeyIndex, SlotEntry};
use nedb_log::Address;
use nedb_types::Client;

/// Clients that are remembered; when there are more, all are forgotten and asked for anew.
const CLIENTS_MAX: usize = 1024;

/// The clients that wrote lately, each with the nonce and the record of its last operation.
#[derive(Debug, Default)]
pub(crate) struct RecentClients {
    last: HashMap<Client, (u64, Address)>,
}

impl RecentClients {
    /// Nonce and record of the client's last operation, when it is remembered.
    pub(crate) fn get(&self, client: &Client) -> Option<(u64, Address)> {
        self.last.get(client).copied()
    }

    /// Remembers a client's newest operation.
    pub(crate) fn note(&mut self, client: Client, newest: (u64, Address)) {
        if let Some(last) = self.last.get_mut(&client) {
            *last = newest;
            return;
        }
        if self.last.len() == CLIENTS_MAX {
            self.last.clear();
        }
        self.last.insert(client, newest);
    }
}

/// A client that writes in a frame, and its newest operation there.
pub(crate) struct Wrote {
    pub(crate) client: Client,
    /// Nonce and record.
    pub(crate) newest: (u64, Address),
    /// The record of its newest operation before the frame.
    pub(crate) replaces: Option<Address>,
}

impl Wrote {
    /// What the index of clients has to learn.
    pub(crate) fn entry(&self, keys: &KeyIndex) -> SlotEntry {
        let (number, address) = self.newest;
        SlotEntry { hash: keys.hash(self.client.as_bytes()), address, replaces: self.replaces, number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_operation_is_told_and_the_number_of_clients_is_bounded() {
        let mut recent = RecentClients::default();
        let client = |number: usize| Client::new(&number.to_string()).unwrap();
        for number in 0..CLIENTS_MAX {
            recent.note(client(number), (1, Address::new(8)));
        }
        recent.note(client(0), (2, Address::new(16)));
        assert_eq!(recent.get(&client(0)), Some((2, Address::new(16))));
        assert_eq!(recent.get(&client(CLIENTS_MAX - 1)), Some((1, Address::new(8))));
        recent.note(client(CLIENTS_MAX), (1, Address::new(24)));
        assert_eq!(recent.last.len(), 1);
        assert_eq!(recent.get(&client(0)), None, "the log is asked for it");
    }
}
