//! `nedb verify`: is everything there, unaltered, and the history that somebody remembers?

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::Args;
use nedb::{ExpectedHead, VerifyOptions, VerifyProgress, VerifyReport, verify};
use nedb_crypto::VerifierKey;
use nedb_types::Result;

use crate::{
    input,
    output::{Output, Progress, bytes, count, duration, plural},
    subject::{Home, Subject},
};

/// Checks every byte and every hash of the database; writes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Verdicts, from worst to best: corrupt (stored bytes were damaged),
inconsistent (the bytes check, but are not the history that hashes, HEAD or an
expected head demand), consistent, signed (contains the head of a signed
checkpoint), anchored (contains the head that you kept elsewhere), witnessed
(k of the n given witnesses cosigned the checkpoint). The first two give exit
code 76.

Whoever owns the files can rewrite all of them. What shows that is a head or a
signed checkpoint that was kept elsewhere.

Examples:
  nedb verify shop --deep
  nedb verify shop --expect-head 1234:9f86d081...
  nedb verify shop --checkpoint shop.checkpoint --key example.org/shop+1a2b3c4d+AbCd...")]
pub struct Verify {
    #[command(flatten)]
    subject: Subject,
    /// Also rebuilds everything that follows from the log and compares it with what is stored
    #[arg(long)]
    deep: bool,
    /// A head that was noted earlier, as `nedb head` prints it: the history must contain it
    #[arg(long, value_name = "SEQ:HASH", allow_hyphen_values = true)]
    expect_head: Option<ExpectedHead>,
    /// A signed checkpoint that was kept: the history must contain its head
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A key that must have signed that checkpoint [default: the one that the log names]
    #[arg(long, value_name = "VKEY", requires = "checkpoint")]
    key: Vec<VerifierKey>,
    /// The key of a witness whose cosignature under that checkpoint counts
    #[arg(long, value_name = "VKEY", requires = "checkpoint")]
    witness: Vec<VerifierKey>,
}

impl Verify {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let report = match self.subject.home() {
            Home::Directory(path) => self.verify_directory(path, out)?,
            Home::Server(_) => self.verify_at_daemon(out)?,
        };
        if out.is_json() {
            out.line(report.to_json()?)?;
        } else {
            text(&report).iter().try_for_each(|line| out.line(line))?;
        }
        report.to_error().map_or(Ok(()), Err)
    }

    fn verify_directory(&self, path: &Path, out: &Output) -> Result<VerifyReport> {
        let mut options = watched(VerifyOptions::new().deep(self.deep), out);
        if let Some(head) = self.expect_head {
            options = options.expect_head(head);
        }
        if let Some(file) = &self.checkpoint {
            options = options.signed_checkpoint(input::read_text(file)?, &self.key).witnesses(&self.witness);
        }
        verify(path, &options)
    }

    fn verify_at_daemon(&self, out: &Output) -> Result<VerifyReport> {
        if self.checkpoint.is_some() {
            self.subject.refuse("--checkpoint", "give its head as --expect-head, or verify the directory")?;
        }
        let _progress = Progress::waiting(out, "verifying");
        self.subject.remote()?.verify(self.deep, self.expect_head.as_ref())
    }
}

/// Options whose verification is shown to who waits for it, until they are dropped.
pub fn watched(options: VerifyOptions, out: &Output) -> VerifyOptions {
    let progress = Mutex::new(Progress::waiting(out, "verifying"));
    options.progress(move |done| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        let (position, total) = match done {
            VerifyProgress::Log { segments_done, segments } => (segments_done, Some(segments)),
            VerifyProgress::Rebuilding => (0, None),
            VerifyProgress::Comparing { keys_done } => (keys_done, None),
        };
        progress.expect(total);
        progress.at(position, || words(done));
    })
}

fn words(done: VerifyProgress) -> String {
    match done {
        VerifyProgress::Log { segments_done, segments } => format!("{segments_done} of {segments} segments"),
        VerifyProgress::Rebuilding => "rebuilding".to_owned(),
        VerifyProgress::Comparing { keys_done } => format!("{} keys compared", count(keys_done)),
    }
}

/// The report for people: the verdict, what was checked, and what is worth knowing.
fn text(report: &VerifyReport) -> Vec<String> {
    let mut lines = vec![format!("{}", report.verdict)];
    lines.push(format!(
        "{}, {}, {} in {}",
        plural(report.size, "operation", "operations"),
        plural(report.payloads, "content", "contents"),
        bytes(report.bytes),
        duration(report.duration_us)
    ));
    if let Some(deep) = &report.deep {
        lines.push(format!(
            "compared with rebuilt state: {}, {}, {}",
            plural(deep.keys, "key", "keys"),
            plural(deep.collections, "collection", "collections"),
            plural(deep.clients, "client", "clients")
        ));
    }
    lines.extend(report.vouched.signed_by.iter().map(|key| format!("signed by {key}")));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(report.findings.iter().map(|finding| format!("wrong: {} (at {})", finding.message, finding.place)));
    if report.findings_suppressed > 0 {
        lines.push(format!("wrong: {} more", count(report.findings_suppressed)));
    }
    lines
}
