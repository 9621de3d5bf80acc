//! `nedb proof`: one record of the history, for somebody who has nothing but a file and a key.

use std::path::PathBuf;

use clap::Args;
use nedb_types::{Error, ErrorCode, Result, Seq};

use crate::{
    input,
    output::{JsonObject, Output, bytes},
    subject::Subject,
};

/// Proves that one operation is in the signed history
#[derive(Debug, Args)]
#[command(after_help = "\
The proof is a C2SP tlog-proof. It shows the operation's entry, which commits
to the content but does not hold it; --content writes what to hand out with it
to show the content as well.

Examples:
  nedb proof shop 1234 --out 1234.tlog-proof
  nedb proof shop 1234 --out 1234.tlog-proof --content 1234.content")]
pub struct Proof {
    #[command(flatten)]
    subject: Subject,
    /// The operation
    seq: u64,
    /// Writes the proof to a file instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes the bytes that the entry commits to: salt and content
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

impl Proof {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let seq = Seq::new(self.seq);
        let (proof, key) = db.proof(seq)?;
        let content = if self.content.is_some() { db.committed_payload(seq)? } else { None };
        db.close()?;
        if let Some(file) = &self.content {
            let none = || Error::new(ErrorCode::NotFound, format!("seq {seq} has no content"));
            input::write(file, &content.ok_or_else(none)?)?;
        }
        let object = JsonObject::new().number("seq", seq).text("key", &key);
        match &self.out {
            Some(file) => {
                input::write(file, proof.as_bytes())?;
                let name = file.display();
                let text = format!("proof of seq {seq} in {name} ({}), verifier key {key}", bytes(proof.len() as u64));
                out.either(text, || object.text("file", &name.to_string()).finish())
            }
            None if out.is_json() => out.line(object.text("proof", &proof).finish()),
            None => out.text(&proof),
        }
    }
}
