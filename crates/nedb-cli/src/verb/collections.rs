//! `nedb collections`: what there is, now or at any moment.

use clap::Args;
use nedb::AsOf;
use nedb_types::Result;

use crate::{
    output::{Align, JsonObject, Output, Table, count},
    subject::{Opened, Subject},
};

/// Lists the collections with their numbers of documents
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb collections shop --as-of 2026-01-01")]
pub struct Collections {
    #[command(flatten)]
    subject: Subject,
    /// The moment: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
}

impl Collections {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        print_collections(&db, self.as_of.unwrap_or_default(), out)
    }
}

/// Prints the collections of a moment with their numbers of documents.
pub fn print_collections(db: &Opened, as_of: AsOf, out: &mut Output) -> Result<()> {
    let mut table = Table::new(&[Align::Left, Align::Right]);
    for info in db.collections(as_of)? {
        if out.is_json() {
            let name = info.name.as_str();
            out.line(JsonObject::new().text("name", name).number("documents", info.documents).finish())?;
        } else {
            table.row([info.name.to_string(), count(info.documents)]);
        }
    }
    table.lines("").iter().try_for_each(|line| out.line(line))
}
