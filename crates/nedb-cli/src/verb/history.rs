//! `nedb history`: every version of a document.

use std::path::PathBuf;

use clap::Args;
use nedb::{AsOf, Version};
use nedb_types::Result;

use crate::{
    hint, open,
    output::{Align, Output, Table},
    show,
};

/// Prints all versions of a document, newest first
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb history shop products 17 --json")]
pub struct History {
    /// The database directory
    path: PathBuf,
    /// The collection
    collection: String,
    /// The document's id
    id: String,
    /// Only versions up to this moment: a seq, or a time in ISO 8601
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
}

impl History {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let snapshot = db.snapshot_at(self.as_of.unwrap_or_default())?;
        let mut table = Table::new(&[Align::Right, Align::Left, Align::Left, Align::Left, Align::Left]);
        let mut is_empty = true;
        for version in snapshot.history(&self.collection, &self.id)? {
            let version = version?;
            is_empty = false;
            if out.is_json() {
                out.line(show::object_json(version.to_object())?)?;
            } else {
                table.row(cells(&version)?);
            }
        }
        if is_empty {
            hint::note_if_unknown(&db, &self.collection, out)?;
        }
        table.lines("").iter().try_for_each(|line| out.line(line))
    }
}

fn cells(version: &Version) -> Result<[String; 5]> {
    let document = match &version.document {
        Some(document) => document.as_document().to_json()?,
        None => String::new(),
    };
    let client = version.client.to_string();
    Ok([version.seq.to_string(), version.committed_at.to_string(), client, version.kind.as_str().to_owned(), document])
}
