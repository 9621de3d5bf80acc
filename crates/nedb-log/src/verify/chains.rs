//! Checking the pointers to earlier versions, which no hash covers.

use crate::{Address, LogReader, PayloadView, Record, Scratch};
use nedb_types::{Error, Result};

/// Computes the chain of a record anew from the versions it points to and compares.
pub(super) fn check_chain(reader: &LogReader, record: &Record<'_>, (one, two): &mut (Scratch, Scratch)) -> Result<()> {
    if let Some(pointer) = record.payload_pointer {
        check_before(pointer, record)?;
        let target = reader.record_entry(pointer, one)?;
        if record.entry.target() != Some(target.seq) {
            return Err(Error::corrupt("the payload pointer leads to another operation than the entry's target"));
        }
    }
    let Some(chain) = record.chain else {
        return match record.entry.previous() {
            None => Ok(()),
            Some(_) => Err(Error::corrupt("an entry names a previous version, its record has no chain")),
        };
    };
    check_before(chain.previous, record)?;
    check_before(chain.jump, record)?;
    let previous = reader.record(chain.previous, one)?;
    if record.entry.previous() != Some(previous.seq) {
        return Err(Error::corrupt("the chain leads to another version than the entry names as previous"));
    }
    if !is_same_key(record, &previous) {
        return Err(Error::corrupt("the chain leads to a version of another key"));
    }
    if reader.chain_after(chain.previous, two)? == chain {
        return Ok(());
    }
    Err(Error::corrupt("the chain's depth or jump is not what the rule gives"))
}

/// A pointer leads to what was written before; anything else would let a reader run in circles.
fn check_before(pointer: Address, record: &Record<'_>) -> Result<()> {
    if pointer < record.address { Ok(()) } else { Err(Error::corrupt("a pointer does not lead back")) }
}

fn is_same_key(record: &Record<'_>, previous: &Record<'_>) -> bool {
    let relation = |record: &Record<'_>| {
        record.payload.and_then(|payload: PayloadView<'_>| {
            payload.relation().map(|to| (to.relation.to_owned(), to.to_collection.to_owned(), to.to_id.to_vec()))
        })
    };
    record.entry.collection() == previous.entry.collection()
        && record.id() == previous.id()
        && relation(record) == relation(previous)
}
