//! What the log remembers of earlier requests: the answers of idempotency keys and the last nonce of each client.

use nedb_log::{Address, LogReader, LogStore, OpKind, Scratch};
use nedb_types::{Client, Error, Result, Seq, Timestamp};

use super::{apply::slot_hash, request::Keyed, sequence::idempotency_conflict};
use crate::{
    engine::Engine,
    request::{Outcome, Receipt},
};

impl Engine {
    /// The first answer under an idempotency key; an error when something else was asked then.
    pub(crate) fn remembered(&self, keyed: &Keyed) -> Result<Option<Receipt>> {
        let reader = self.log.reader();
        let mut scratch = Scratch::new();
        let hash = slot_hash(&self.keys, &keyed.key);
        let found = self.idempotency.find(hash, |address| {
            let record = reader.record(address, &mut scratch)?;
            Ok(record.entry.idempotency() == Some(keyed.key))
        })?;
        let Some(address) = found.map(|found| found.address) else { return Ok(None) };
        let record = reader.record(address, &mut scratch)?;
        if record.payload.and_then(|payload| payload.request()) != Some(keyed.request) {
            return Err(idempotency_conflict());
        }
        let first = record.seq;
        self.receipt_of(&reader, first).map(Some)
    }

    /// Rebuilds the answer to the request whose first operation has this seq.
    fn receipt_of(&self, reader: &LogReader, first: Seq) -> Result<Receipt> {
        let mut outcomes = Vec::new();
        let mut frame = None;
        self.walk(reader, first, u64::MAX, |record| {
            outcomes.push(Outcome { changed: record.entry.kind() != OpKind::Noop, seq: Some(record.seq) });
            frame = Some(record.frame);
            Ok(!record.entry.is_last_in_transaction())
        })?;
        let frame =
            frame.ok_or_else(|| Error::corrupt(format!("the log ends before seq {first}, which an index names")))?;
        let header = reader.frame(frame)?;
        Ok(Receipt {
            last_seq: outcomes.iter().filter_map(|outcome| outcome.seq).next_back(),
            outcomes,
            size: header.size_after(),
            root: header.root,
            committed_at: Timestamp::from_micros(header.commit_time),
            replayed: true,
        })
    }

    /// Nonce and record of the client's last operation.
    pub(crate) fn last_of_client(&self, client: &Client) -> Result<Option<(u64, Address)>> {
        let reader = self.log.reader();
        let mut scratch = Scratch::new();
        let mut nonce = 0;
        let found = self.client_slots.find(self.keys.hash(client.as_bytes()), |address| {
            let record = reader.record_entry(address, &mut scratch)?;
            nonce = record.entry.nonce();
            Ok(record.entry.client() == client.as_str())
        })?;
        Ok(found.map(|found| (nonce, found.address)))
    }
}
