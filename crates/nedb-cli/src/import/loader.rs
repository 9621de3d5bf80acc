//! The side of an import that writes: transactions in the order of the file.
//!
//! All operations of a record are in one transaction. When the engine refuses a transaction because of a record in it, the
//! halves are tried on their own until the record is found.

use std::sync::Arc;

use nedb::{Op, WriteBatch};
use nedb_types::{Detail, Error, ErrorCode, ErrorKind, Result, limits::TRANSACTION_OPS_MAX};

use super::{
    OnError,
    links::Pending,
    prepare::{Prepared, Target},
    reader::Shared,
    record::Refusal,
    report::Report,
    resume,
};
use crate::subject::Opened;

/// Bytes of documents after which a transaction is closed: a quarter of a frame, which leaves room for everything around
/// them and for one document of the greatest size.
const TRANSACTION_BYTES_MAX: usize = 8 << 20;

/// Operations after which a transaction is closed, so that those of one more record always fit.
const TRANSACTION_OPS_SOFT_MAX: u64 = TRANSACTION_OPS_MAX as u64 / 2;

/// Writes prepared records.
pub struct Loader<'a> {
    db: &'a Opened,
    /// The name of the file.
    file: String,
    client: String,
    target: &'a Target,
    shared: &'a Arc<Shared>,
    report: Report,
}

impl<'a> Loader<'a> {
    /// Begins an import of a file under the name of this client.
    pub fn new(db: &'a Opened, file: String, client: String, target: &'a Target, shared: &'a Arc<Shared>) -> Self {
        Self { db, report: Report { client: client.clone(), ..Report::default() }, file, client, target, shared }
    }

    /// Whether somebody asked the import to end.
    pub fn is_interrupted(&self) -> bool {
        self.shared.is_stopped()
    }

    /// Bytes of the file that were read.
    pub fn bytes_read(&self) -> u64 {
        self.shared.bytes_read()
    }

    /// Documents that were put so far.
    pub fn imported(&self) -> u64 {
        self.report.imported
    }

    /// How far the import is, for errors.
    pub fn place(&self) -> String {
        format!("{} after record {}", self.file, self.report.last_record)
    }

    /// Counts a record that is left out.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.report.refuse(refusal);
    }

    /// Ends the import.
    pub fn finish(self, elapsed_us: u64) -> Result<Report> {
        let mut report = self.report;
        report.known += self.shared.passed();
        Ok(Report { file: self.file, elapsed_us, head: self.db.tree()?, ..report })
    }

    /// Writes records; returns the one that ends the import, if one does.
    pub fn load(&mut self, records: &[Prepared], on_error: OnError) -> Result<Option<Refusal>> {
        // The reader was ahead when it was told what is known.
        let mut rest = self.unknown(records);
        while !rest.is_empty() && !self.is_interrupted() {
            let (now, later) = rest.split_at_checked(transaction_records(rest)).unwrap_or((rest, &[]));
            if let Some(refusal) = self.commit(now, on_error)? {
                return Ok(Some(refusal));
            }
            rest = later;
        }
        Ok(None)
    }

    /// Writes records in one transaction if the engine takes them all.
    fn commit(&mut self, records: &[Prepared], on_error: OnError) -> Result<Option<Refusal>> {
        // What is known may have been learned from the other half.
        let records = self.unknown(records);
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(None) };
        let error = match self.batch(records).and_then(|batch| self.db.write_once(batch)) {
            Ok(receipt) => {
                let changed = receipt.outcomes.iter().filter(|outcome| outcome.changed).count();
                self.report.count(records.len() as u64, changed as u64, last.position.number);
                return Ok(None);
            }
            Err(error) => error,
        };
        match (error.kind(), error.detail()) {
            (_, Detail::StaleNonce { last }) if self.report.resumed_behind.is_none() => {
                let known_through = resume::record_of(*last);
                self.report.resumed_behind = Some(known_through);
                self.shared.know_through(known_through);
                self.commit(records, on_error)
            }
            (ErrorKind::Invalid | ErrorKind::Limit, _) if records.len() == 1 => {
                let refusal = Refusal::new(first.position, error);
                if on_error == OnError::Stop {
                    return Ok(Some(refusal));
                }
                self.report.refuse(refusal);
                Ok(None)
            }
            (ErrorKind::Invalid | ErrorKind::Limit, _) => {
                let (left, right) = records.split_at_checked(records.len() / 2).unwrap_or((records, &[]));
                match self.commit(left, on_error)? {
                    None => self.commit(right, on_error),
                    stopped => Ok(stopped),
                }
            }
            _ => Err(error.context(self.place())),
        }
    }

    /// The records that an earlier run did not import.
    fn unknown<'r>(&mut self, records: &'r [Prepared]) -> &'r [Prepared] {
        let Some(known_through) = self.report.resumed_behind else { return records };
        let known = records.partition_point(|record| record.position.number <= known_through);
        self.report.known += known as u64;
        records.get(known..).unwrap_or_default()
    }

    fn batch(&self, records: &[Prepared]) -> Result<WriteBatch> {
        let mut batch = WriteBatch::with_capacity(records.len()).client(self.client.as_str());
        let mut pending = Pending::default();
        for Prepared { position, node, document, edges } in records {
            let put = Op::put(node.collection().as_str(), node.id().as_bytes(), document.clone());
            batch.push(put.nonce(resume::nonce(position.number, 0)?));
            let mut count = 1;
            for (rule, wanted) in self.target.links.iter().enumerate().zip(edges) {
                for op in pending.ops(self.db, node, rule, wanted)? {
                    batch.push(op.nonce(resume::nonce(position.number, count)?));
                    count += 1;
                }
            }
            check_ops(count)?;
        }
        Ok(batch)
    }
}

/// Refuses a record with more edges than nonces.
fn check_ops(count: u64) -> Result<()> {
    let max = resume::OPS_PER_RECORD_MAX;
    if count <= max {
        return Ok(());
    }
    let what = "operations of the record with its edges";
    Err(Error::over_limit(ErrorCode::BatchTooLarge, what, "OPS_PER_RECORD_MAX", max, count))
}

/// How many records the next transaction takes: at least one.
fn transaction_records(records: &[Prepared]) -> usize {
    let (mut bytes, mut ops) = (0, 0);
    for (index, record) in records.iter().enumerate() {
        bytes += record.document.as_bytes().len();
        // Each edge may replace another one.
        ops += 1 + 2 * record.edges.iter().map(|nodes| nodes.len() as u64).sum::<u64>();
        if index > 0 && (bytes > TRANSACTION_BYTES_MAX || ops > TRANSACTION_OPS_SOFT_MAX) {
            return index;
        }
    }
    records.len()
}
