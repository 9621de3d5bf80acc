//! `nedb checkpoint`: a place from which the next open starts, or the signed statement of what the history is.

use clap::Args;
use nedb_types::{Result, Seq};

use crate::{
    output::{JsonObject, Output, Progress},
    show,
    subject::Subject,
};

/// Writes a checkpoint of the indexes; with --signed prints the signed head instead
#[derive(Debug, Args)]
#[command(after_help = "\
The signed head is a C2SP tlog-checkpoint: whoever keeps it can later demand a
proof that nothing before it was changed.

Examples:
  nedb checkpoint shop
  nedb checkpoint shop --signed > shop.checkpoint")]
pub struct Checkpoint {
    #[command(flatten)]
    subject: Subject,
    /// Prints the head as a signed note
    #[arg(long)]
    signed: bool,
}

impl Checkpoint {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        if self.signed {
            let (note, key) = db.signed_checkpoint()?;
            db.close()?;
            if out.is_json() {
                return out.line(JsonObject::new().text("note", &note).text("key", &key).finish());
            }
            return out.text(&note);
        }
        let progress = Progress::waiting(out, "writing a checkpoint");
        let head = db.checkpoint()?;
        db.close()?;
        drop(progress);
        let text = format!("checkpoint at seq {}", Seq::number_of(head.seq()));
        out.either(text, || show::head_json(&head).finish())
    }
}
