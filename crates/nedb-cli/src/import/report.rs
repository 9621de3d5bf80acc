//! What an import did, for people and programs.

use nedb_client::Tree;
use nedb_types::{Detail, Digest, Error, ErrorCode, Seq};

use super::record::Refusal;
use crate::output::{JsonObject, count, duration, plural, rate};

/// Refused records that are shown; the others are counted.
const REFUSALS_SHOWN_MAX: usize = 20;

/// What an import did.
#[derive(Debug)]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// The client of its operations.
    pub client: String,
    /// Documents put.
    pub imported: u64,
    /// Operations that changed anything, edges included.
    pub operations: u64,
    /// Records that an earlier run had imported.
    pub known: u64,
    /// Records that could not be stored.
    pub refused: u64,
    /// The first of these.
    pub refusals: Vec<Refusal>,
    /// The last record of an earlier run, when there was one.
    pub resumed_behind: Option<u64>,
    /// The last record that is in.
    pub last_record: u64,
    /// How long it took.
    pub elapsed_us: u64,
    /// The head afterwards.
    pub head: Tree,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            file: String::new(),
            client: String::new(),
            imported: 0,
            operations: 0,
            known: 0,
            refused: 0,
            refusals: Vec::new(),
            resumed_behind: None,
            last_record: 0,
            elapsed_us: 0,
            head: Tree { size: 0, root: Digest::ZERO },
        }
    }
}

impl Report {
    /// Counts a transaction.
    pub fn count(&mut self, records: u64, operations: u64, last_record: u64) {
        self.imported += records;
        self.operations += operations;
        self.last_record = last_record;
    }

    /// Counts a record that cannot be stored.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_SHOWN_MAX {
            self.refusals.push(refusal);
        }
    }

    /// Documents per second.
    pub fn documents_per_s(&self) -> u64 {
        rate(self.imported, self.elapsed_us)
    }

    /// The error of an import that somebody stopped.
    pub fn interrupted(&self, is_resumable: bool) -> Error {
        let (file, done) = (&self.file, plural(self.imported, "document", "documents"));
        let next = if is_resumable {
            "run the same command again to go on"
        } else {
            "it cannot go on by itself, because its input cannot be read twice"
        };
        let message = format!("{file}: interrupted after {done} (record {}); {next}", self.last_record);
        Error::new(ErrorCode::Cancelled, message)
    }

    /// The error of an import that a record stopped.
    pub fn stopped_by(&self, refusal: &Refusal) -> Error {
        let done = plural(self.imported + self.known, "record before it is", "records before it are");
        let message = format!("{} {} ({done} imported)", self.file, refusal.words());
        let detail = Detail::Line { line: refusal.line, column: refusal.column };
        Error::new(ErrorCode::ImportLine, message).with_detail(detail).with_source(refusal.error.clone())
    }

    /// What to tell people besides the result.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match self.resumed_behind {
            Some(_) if self.imported == 0 && self.refused == 0 => {
                notes.push(format!(
                    "nothing to do: {} imported before",
                    plural(self.known, "record was", "records were")
                ));
            }
            Some(last) => {
                let before = plural(self.known, "record was", "records were");
                notes.push(format!("resumed at line {}: {before} imported before", last + 1));
            }
            None => {}
        }
        if self.refused > 0 {
            notes.push(format!("skipped {}:", plural(self.refused, "record", "records")));
            notes.extend(self.refusals.iter().map(|refusal| format!("  {} {}", self.file, refusal.words())));
            let hidden = self.refused - self.refusals.len() as u64;
            if hidden > 0 {
                notes.push(format!("  and {} more", count(hidden)));
            }
        }
        notes
    }

    /// The result in one line.
    pub fn text(&self) -> String {
        format!(
            "imported {} ({}) from {} in {}, {} documents/s",
            plural(self.imported, "document", "documents"),
            plural(self.operations, "operation", "operations"),
            self.file,
            duration(self.elapsed_us),
            count(self.documents_per_s()),
        )
    }

    /// The result as JSON.
    pub fn json(&self) -> String {
        let refusals = self.refusals.iter().map(|refusal| {
            JsonObject::new()
                .number("line", refusal.line)
                .number("column", refusal.column)
                .text("error", &refusal.error.to_string())
                .text("code", refusal.error.code().as_str())
                .finish()
        });
        JsonObject::new()
            .text("file", &self.file)
            .text("client", &self.client)
            .number("imported", self.imported)
            .number("operations", self.operations)
            .number("known", self.known)
            .maybe_number("resumed_at", self.resumed_behind.map(|last| last + 1))
            .number("skipped", self.refused)
            .list("errors", refusals)
            .number("elapsed_us", self.elapsed_us)
            .number("documents_per_s", self.documents_per_s())
            .number("seq", Seq::number_of(self.head.seq()))
            .text("head", &self.head.root.to_string())
            .finish()
    }
}
