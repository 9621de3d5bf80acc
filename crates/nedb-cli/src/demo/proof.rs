//! Chapters five and six: the whole history verified, and one record proved.

use std::path::{Path, PathBuf};

use nedb::{Database, ExpectedHead, Head, VerifyOptions, check_proof};
use nedb_types::{Error, ErrorCode, Result, Seq};

use super::{place::Place, stage::Stage};
use crate::{
    input,
    output::{JsonObject, bytes, count, duration},
    verb,
};

/// A proof on its own: what somebody without the database would have.
pub struct Exported {
    /// The file with the proof.
    pub file: PathBuf,
    /// The key that signed it.
    pub verifier_key: String,
    /// The content that the proved entry commits to.
    content: Vec<u8>,
}

/// Writes the proof of one operation to a file.
pub fn export(db: &Database, seq: Seq, file: &Path) -> Result<Exported> {
    input::write(file, db.proof(seq)?.as_bytes())?;
    let none = || Error::new(ErrorCode::Corrupt, format!("seq {seq} is a put and has no content"));
    let content = db.committed_payload(seq)?.ok_or_else(none)?;
    Ok(Exported { file: file.to_path_buf(), verifier_key: db.verifier_key()?, content })
}

/// Checks every byte and hash of the database, rebuilds what follows from the log, and demands this head.
pub fn verify(place: &Place, head: &Head, stage: &mut Stage<'_>) -> Result<()> {
    let options = VerifyOptions::new().deep(true).expect_head(ExpectedHead::at_size(head.size, head.root));
    let options = verb::watched(options, stage.output());
    let report = nedb::verify(place.database(), &options)?;
    drop(options);
    if let Some(error) = report.to_error() {
        return Err(error);
    }
    stage.chapter("Everything verified")?;
    stage.line(format_args!(
        "{}: {} operations, {} contents, {} in {}; derived state rebuilt and compared",
        report.verdict,
        count(report.size),
        count(report.payloads),
        bytes(report.bytes),
        duration(report.duration_us),
    ))?;
    stage.line(format_args!("head  {}", head.root))?;
    stage.fact("verify", &report.to_json()?);
    Ok(())
}

/// Reads the proof back and checks it with nothing but the key.
pub fn check(proof: &Exported, stage: &mut Stage<'_>) -> Result<()> {
    let text = input::read_text(&proof.file)?;
    let checked = check_proof(&text, &[proof.verifier_key.parse()?])?;
    let content = checked.check_payload(&proof.content)?;
    let id = content.id.map(|id| id.to_string()).unwrap_or_default();
    stage.chapter("One record proved")?;
    stage.line(format_args!("{}  {}", proof.file.display(), bytes(text.len() as u64)))?;
    stage.line(format_args!(
        "read back: the entry of {}:{id} is number {} in the tree of {}, whose root the key has signed",
        checked.entry.collection,
        count(checked.entry.seq.get()),
        count(checked.size),
    ))?;
    stage.line(format_args!("key  {}", proof.verifier_key))?;
    let json = JsonObject::new().text("file", &proof.file.display().to_string()).text("key", &proof.verifier_key);
    stage.fact("proof", &json.raw("checked", &checked.to_json()?).finish());
    Ok(())
}
