//! `nedb verify-proof`: a proof file, checked without any database.

use std::path::PathBuf;

use clap::Args;
use nedb::{CheckedPayload, CheckedProof, ProofSignature, check_proof};
use nedb_crypto::VerifierKey;
use nedb_types::Result;

use crate::{
    input,
    output::{Align, JsonObject, Output, Table},
    show,
};

/// Checks a proof file; no database is needed
#[derive(Debug, Args)]
#[command(after_help = "\
Without --key nothing says who made the proof: it is then only checked for
being consistent in itself, and the result says that the signature is
unchecked. The key of a database is printed by `nedb init` and `nedb proof`.

Example: nedb verify-proof 1234.tlog-proof --key example.org/shop+1a2b3c4d+AbCd...")]
pub struct VerifyProof {
    /// The proof
    file: PathBuf,
    /// A verifier key that is trusted; may be given more than once
    #[arg(long, value_name = "VKEY")]
    key: Vec<VerifierKey>,
    /// Also checks the content that `nedb proof --content` wrote, and prints the document
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

impl VerifyProof {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let checked = check_proof(&input::read_text(&self.file)?, &self.key)?;
        let content = match &self.content {
            Some(file) => Some(checked.check_payload(&input::read(file)?)?),
            None => None,
        };
        if out.is_json() {
            return out.line(json(&checked, content.as_ref())?);
        }
        for line in table(&checked, content.as_ref())?.lines("") {
            out.line(line)?;
        }
        if checked.signature == ProofSignature::Unchecked {
            out.note("no --key was given: nothing says who made this proof");
        }
        Ok(())
    }
}

fn json(checked: &CheckedProof, content: Option<&CheckedPayload>) -> Result<String> {
    let object = JsonObject::new().flag("ok", true).raw("proof", &checked.to_json()?);
    let Some(content) = content else { return Ok(object.finish()) };
    let mut inside = JsonObject::new();
    if let Some(id) = &content.id {
        inside = inside.raw("id", &show::id_json(id));
    }
    if let Some(document) = &content.document {
        inside = inside.raw("document", &document.as_document().to_json()?);
    }
    Ok(object.raw("content", &inside.finish()).finish())
}

fn table(checked: &CheckedProof, content: Option<&CheckedPayload>) -> Result<Table> {
    let mut table = Table::new(&[Align::Left, Align::Left]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("proof", "ok".to_owned());
    row("origin", checked.origin.clone());
    row("entry", format!("seq {} of {}", checked.entry.seq, checked.size));
    row("collection", checked.entry.collection.clone());
    row("root", checked.root.to_string());
    row("signature", checked.signature.to_string());
    if let Some(content) = content {
        let id = content.id.as_ref().map(ToString::to_string);
        row("id", id.unwrap_or_default());
        if let Some(document) = &content.document {
            row("document", document.as_document().to_json()?);
        }
    }
    Ok(table)
}
