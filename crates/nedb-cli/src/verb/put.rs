//! `nedb put`: a new version of a document.

use std::path::Path;

use clap::Args;
use nedb::{Body, Op};
use nedb_types::{Error, ErrorCode, Result};

use super::origin::Origin;
use crate::{input, output::Output, show, subject::Subject};

/// Microseconds in a second, the unit of `--ttl`.
const SECOND_US: f64 = 1e6;

/// Writes a new version of a document
#[derive(Debug, Args)]
#[command(after_help = "\
Fields whose names begin with _ and that NEDB makes itself (_id, _caused_by,
...) are dropped from the document; an _id that differs from ID is an error.

Examples:
  nedb put shop products 17 '{\"name\": \"Äpfel\", \"price\": 250}'
  nedb put shop products 17 - --if-seq 12 < new.json")]
pub struct Put {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The document's id
    id: String,
    /// The document: one JSON object, or - to read it from stdin
    #[arg(value_name = "JSON")]
    document: String,
    /// Lets the version expire after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_ttl)]
    ttl: Option<u64>,
    #[command(flatten)]
    origin: Origin,
}

impl Put {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let is_stdin = self.document == input::STDIN;
        let json = if is_stdin { input::read_text(Path::new(input::STDIN))? } else { self.document };
        let db = self.subject.to_write(out)?;
        let op = Op::put(self.collection, self.id, Body::json(json));
        let op = match self.ttl {
            Some(ttl_us) => op.ttl_us(ttl_us),
            None => op,
        };
        let receipt = db.write_once(self.origin.batch(op))?;
        db.close()?;
        show::receipt(out, &receipt, "put", "unchanged")
    }
}

/// Reads seconds and returns microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the bounds are checked before, and a fraction of a microsecond may go"
)]
fn parse_ttl(text: &str) -> Result<u64> {
    let wrong = || Error::new(ErrorCode::InvalidArgument, format!("{text:?} is not a positive number of seconds"));
    let ttl_us = text.parse::<f64>().map_err(|error| wrong().with_source(error))? * SECOND_US;
    // The bound is what a signed 64-bit time in microseconds holds.
    if (1.0..9.2e18).contains(&ttl_us) { Ok(ttl_us as u64) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_positive_number_of_seconds() {
        assert_eq!(parse_ttl("1.5").unwrap(), 1_500_000);
        for wrong in ["0", "-1", "NaN", "inf", "1e300", "x", ""] {
            assert!(parse_ttl(wrong).is_err(), "{wrong}");
        }
    }
}
