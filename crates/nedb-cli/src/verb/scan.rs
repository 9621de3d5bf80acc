//! `nedb scan`: the documents of a collection in the order of their ids.

use clap::Args;
use nedb::{AsOf, ScanRange};
use nedb_types::Result;

use crate::{hint, output::Output, subject::Subject};

/// Prints the documents of a collection, one a line, in byte order of their ids
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is the document with _id and the fields that say where the version
comes from.

Examples:
  nedb scan shop products --prefix fruit- --limit 10
  nedb scan shop products --from a --to n --as-of 1200")]
pub struct Scan {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// Only ids that begin with this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,
    /// Only ids from this one on
    #[arg(long, value_name = "ID")]
    from: Option<String>,
    /// Only ids below this one
    #[arg(long, value_name = "ID")]
    to: Option<String>,
    /// The moment: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
    /// At most this many documents
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// From the greatest id to the least
    #[arg(long)]
    reverse: bool,
}

impl Scan {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        let mut is_empty = true;
        for record in db.scan(&self.collection, &self.range(), self.as_of.unwrap_or_default())? {
            out.line(record?.mirrored()?.as_document().to_json()?)?;
            is_empty = false;
        }
        if is_empty { hint::note_if_unknown(&db, &self.collection, out) } else { Ok(()) }
    }

    fn range(&self) -> ScanRange {
        let mut range = ScanRange::prefix(&self.prefix);
        if let Some(from) = &self.from {
            range = range.from(from);
        }
        if let Some(to) = &self.to {
            range = range.to(to);
        }
        if let Some(limit) = self.limit {
            range = range.limit(limit);
        }
        if self.reverse { range.reverse() } else { range }
    }
}
