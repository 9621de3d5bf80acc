//! `nedb get`: one document, now or at any moment.

use clap::Args;
use nedb::AsOf;
use nedb_types::{Error, ErrorCode, Result};

use crate::{hint, output::Output, subject::Subject};

/// Prints a document
#[derive(Debug, Args)]
#[command(after_help = "\
A document that does not exist then gives exit code 66.

Examples:
  nedb get shop products 17
  nedb get shop products 17 --as-of 1200
  nedb get shop products 17 --as-of 2026-03-01T12:00:00Z --mirrors")]
pub struct Get {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The document's id
    id: String,
    /// The moment: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
    /// Adds _id and the fields that say where the version comes from
    #[arg(long)]
    mirrors: bool,
}

impl Get {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        let record = db.get(&self.collection, &self.id, self.as_of.unwrap_or_default())?;
        let Some(record) = record else {
            let when = if self.as_of.is_some() { " at that moment" } else { "" };
            let missing = || format!("there is no document {:?} in {:?}{when}", self.id, self.collection);
            let message = hint::unknown_collection(&db, &self.collection)?.unwrap_or_else(missing);
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        let document = if self.mirrors { record.mirrored()? } else { record.bare()? };
        out.line(document.as_document().to_json()?)
    }
}
