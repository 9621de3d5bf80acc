//! What makes an import repeatable: a client for the file and a nonce for each of its operations.
//!
//! ```text
//! client = "import:" + 32 hex of SHA-256(file) + ":" + 8 hex of SHA-256(collection, id field, links)
//! nonce  = record number * 4096 + k     k = 0: the document, 1..: its edges, in the order in which they are written
//! ```
//!
//! The record number is the line in an NDJSON or CSV file and the position from 1 in a JSON array. All operations of a record
//! are in one transaction, and transactions follow the order of the file, so the client's last nonce tells exactly which
//! records are in: the engine refuses the first nonce of a repeated import as stale and names that last one. The second part
//! of the client keeps imports of one file into two collections apart.
//!
//! Stdin and pipes cannot be read twice; they get a client that is drawn at random and are not resumable.

use std::io::Read;

use nedb_crypto::{Sha256, sha256};
use nedb_io::{Io, Random};
use nedb_types::{Digest, Error, ErrorCode, Result};

use super::{prepare::Target, source::Source};
use crate::output::{Output, Progress, bytes};

/// Operations that one record may have, its document included: the room between the nonces of two records.
pub const OPS_PER_RECORD_MAX: u64 = 4096;

/// Read at once while the digest of a file is made.
const BLOCK_BYTES: usize = 256 * 1024;

/// Hex digits of the file's digest in the client's name: 128 bits keep files apart.
const FILE_DIGITS: usize = 32;

/// Hex digits of the target's digest in the client's name: it only tells a user's few targets apart.
const TARGET_DIGITS: usize = 8;

/// The nonce of one operation of a record.
pub fn nonce(record: u64, position: u64) -> Result<u64> {
    let first = record.checked_mul(OPS_PER_RECORD_MAX);
    first.and_then(|first| first.checked_add(position)).ok_or_else(|| {
        Error::new(ErrorCode::InvalidArgument, format!("record {record} is beyond what an import can number"))
    })
}

/// The last record that is imported when this is the client's last nonce.
pub fn record_of(nonce: u64) -> u64 {
    nonce / OPS_PER_RECORD_MAX
}

/// The client under whose name the source is imported.
pub fn client(source: &Source, target: &Target, io: &Io, out: &Output) -> Result<String> {
    let file = if source.is_resumable() { digest(source, io, out)? } else { drawn(io.random.as_ref()) };
    let file: String = file.to_string().chars().take(FILE_DIGITS).collect();
    let target: String = sha256(&[target.description().as_bytes()]).to_string().chars().take(TARGET_DIGITS).collect();
    Ok(format!("import:{file}:{target}"))
}

fn drawn(random: &dyn Random) -> Digest {
    let mut drawn = [0; 32];
    random.fill(&mut drawn);
    Digest::from_bytes(drawn)
}

fn digest(source: &Source, io: &Io, out: &Output) -> Result<Digest> {
    let mut input = source.open()?;
    let mut progress = Progress::new(io, out, "reading", input.length);
    let (mut hash, mut block, mut done) = (Sha256::new(), vec![0; BLOCK_BYTES], 0);
    loop {
        let read = match input.reader.read(&mut block) {
            Ok(0) => return Ok(hash.finish()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::from(error).context(source.name())),
        };
        hash.update(block.get(..read).unwrap_or_default());
        done += read as u64;
        progress.at(done, || bytes(done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_tells_its_record_and_grows_with_the_file() {
        let mut last = 0;
        for record in 1..5 {
            for position in [0, 1, OPS_PER_RECORD_MAX - 1] {
                let nonce = nonce(record, position).unwrap();
                assert!(nonce > last);
                assert_eq!(record_of(nonce), record);
                last = nonce;
            }
        }
        assert!(nonce(u64::MAX / 2, 0).is_err());
    }
}
