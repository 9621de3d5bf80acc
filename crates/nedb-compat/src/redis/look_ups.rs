//! Calls that only look up keys, many of them as of one moment.
//!
//! Promises: no more replies are made than may wait to be sent, the first in any case. Leaves to others: which calls these are.

use nedb::Result;

use super::reply::Reply;
use super::session::{Session, answer};
use super::table;
use super::tracking::Noted;
use super::tx::Tx;

/// The keys of so many calls are looked for side by side.
const EXPECTED_AT_ONCE: usize = 16;

impl Session {
    /// Carries out calls that look up keys, all as of one moment, until their replies take more than so many bytes together: the first at least.
    /// Any other call among them is carried out in its turn, and what follows sees what it did.
    ///
    /// ```
    /// use nedb_compat::redis::{Commands, Reply};
    /// # fn main() -> nedb::Result<()> {
    /// let session = Commands::new(&nedb::Database::in_memory()?).session();
    /// session.execute(&[b"SET", b"a", b"one"]);
    /// let calls: [&[&[u8]]; 2] = [&[b"GET", b"a"], &[b"TYPE", b"b"]];
    /// assert_eq!(session.look_up(&calls, 1 << 20), [Reply::bulk("one"), Reply::Simple("none".into())]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn look_up<'w>(&self, calls: &[impl AsRef<[&'w [u8]]>], bytes_max: usize) -> Vec<Reply> {
        let (mut replies, mut bytes) = (Vec::with_capacity(calls.len()), 0);
        let mut looking = None;
        'calls: for calls in calls.chunks(EXPECTED_AT_ONCE) {
            self.expect(&mut looking, calls);
            for words in calls {
                let reply = self.reply(&mut looking, words.as_ref());
                bytes += reply.bytes();
                replies.push(reply);
                if bytes > bytes_max {
                    break 'calls;
                }
            }
        }
        self.end_looking(looking);
        replies
    }

    /// Looks for the keys of some calls, where there is more than one.
    fn expect<'s, 'w>(&'s self, looking: &mut Option<Tx<'s>>, calls: &[impl AsRef<[&'w [u8]]>]) {
        if calls.len() < 2 {
            return;
        }
        let mut keys = Vec::with_capacity(calls.len());
        for words in calls {
            let Some((name, words)) = words.as_ref().split_first() else { continue };
            if let Some(command) = table::command(name) {
                command.keys.add_to(words, &mut keys);
            }
        }
        // Whoever reads learns what is wrong.
        if let Ok(tx) = self.looking(looking) {
            tx.expect_keys(&keys);
        }
    }

    fn reply<'s>(&'s self, looking: &mut Option<Tx<'s>>, words: &[&[u8]]) -> Reply {
        let Some((command, by)) = self.reads_now(words) else {
            self.end_looking(looking.take());
            return self.execute(words);
        };
        match self.looking(looking) {
            Ok(tx) => {
                tx.touches().begin(by);
                answer(tx, command, words.get(1..).unwrap_or_default())
            }
            Err(error) => Reply::Error(error),
        }
    }

    /// The transaction that looks, begun if it was not.
    fn looking<'l, 's>(&'s self, looking: &'l mut Option<Tx<'s>>) -> Result<&'l mut Tx<'s>> {
        match looking {
            Some(tx) => Ok(tx),
            None => Ok(looking.insert(self.commands().look()?)),
        }
    }

    fn end_looking(&self, looking: Option<Tx<'_>>) {
        let Some(mut tx) = looking else { return };
        self.commands().deliver(tx.take_messages());
        self.commands().note(Noted::of(&mut tx), None);
    }
}
