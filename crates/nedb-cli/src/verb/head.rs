//! `nedb head`: the number that stands for the whole history.

use clap::Args;
use nedb_types::{Result, Seq};

use crate::{output::Output, show, subject::Subject};

/// Prints the head: the seq of the last operation, the root of the tree over all of them, and their number
#[derive(Debug, Args)]
#[command(after_help = "\
Keep SEQ:HASH in a safe place; `nedb verify --expect-head SEQ:HASH` then finds
any rewriting of the history before it.

Example: nedb head shop --json")]
pub struct Head {
    #[command(flatten)]
    subject: Subject,
}

impl Head {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        let head = db.tree()?;
        let text = format!("{}:{}", Seq::number_of(head.seq()), head.root);
        out.either(text, || show::head_json(&head).finish())
    }
}
