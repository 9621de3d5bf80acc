//! `nedb history`: every version of a document.

use clap::Args;
use nedb::AsOf;
use nedb_types::{Object, Result};

use crate::{
    hint,
    output::{Align, Output, Table},
    show,
    subject::Subject,
};

/// Prints all versions of a document, newest first
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb history shop products 17 --json")]
pub struct History {
    #[command(flatten)]
    subject: Subject,
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
        let db = self.subject.to_read(out)?;
        let mut table = Table::new(&[Align::Right, Align::Left, Align::Left, Align::Left, Align::Left]);
        let mut is_empty = true;
        for version in db.history(&self.collection, &self.id, self.as_of.unwrap_or_default())? {
            let version = version?;
            is_empty = false;
            if out.is_json() {
                out.line(show::object_json(version)?)?;
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

fn cells(version: &Object) -> Result<[String; 5]> {
    let cell = |name: &str| show::field_text(version, name);
    Ok([cell("seq")?, cell("ts")?, cell("client")?, cell("kind")?, cell("document")?])
}
