//! `nedb head`: the number that stands for the whole history.

use std::path::PathBuf;

use clap::Args;
use nedb_types::{Result, Seq};

use crate::{open, output::Output, show};

/// Prints the head: the seq of the last operation, the root of the tree over all of them, and their number
#[derive(Debug, Args)]
#[command(after_help = "\
Keep SEQ:HASH in a safe place; `nedb verify --expect-head SEQ:HASH` then finds
any rewriting of the history before it.

Example: nedb head shop --json")]
pub struct Head {
    /// The database directory
    path: PathBuf,
}

impl Head {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let head = db.head();
        let text = format!("{}:{}", Seq::number_of(head.seq()), head.hex());
        out.either(text, || show::head_json(&head).finish())
    }
}
