//! `nedb diff`: what changed between two moments.

use std::path::PathBuf;

use clap::Args;
use nedb::{AsOf, Change, Row};
use nedb_types::Result;

use crate::{
    open,
    output::{JsonObject, Output, Progress},
    show,
};

/// Prints the documents that changed between two moments; the cost follows the change, not the database
#[derive(Debug, Args)]
#[command(after_help = "\
Each line begins with + (added), - (removed) or ~ (changed). When TO lies
before FROM, it is the change of going back.

Examples:
  nedb diff shop 1200 1300
  nedb diff shop 2026-01-01 2026-02-01 products --counts")]
pub struct Diff {
    /// The database directory
    path: PathBuf,
    /// The earlier moment: a seq (-1: before the first operation), or a time in ISO 8601
    #[arg(value_name = "FROM", allow_hyphen_values = true)]
    from: AsOf,
    /// The later moment
    #[arg(value_name = "TO", allow_hyphen_values = true)]
    to: AsOf,
    /// Only this collection
    collection: Option<String>,
    /// Prints only how many documents were added, removed and changed
    #[arg(long)]
    counts: bool,
}

impl Diff {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let mut counts = Counts::default();
        let progress = self.counts.then(|| Progress::waiting(out, "comparing"));
        for change in db.diff(self.from, self.to, self.collection.as_deref())? {
            let change = change?;
            let kind = Kind::of(&change);
            counts.add(kind);
            if self.counts {
                continue;
            }
            if out.is_json() {
                out.line(show::object_json(change.to_object())?)?;
            } else {
                out.line(change_text(&change, kind)?)?;
            }
        }
        if !self.counts {
            return Ok(());
        }
        drop(progress);
        let Counts { added, removed, changed } = counts;
        out.either(format_args!("{added} added, {removed} removed, {changed} changed"), || {
            JsonObject::new().number("added", added).number("removed", removed).number("changed", changed).finish()
        })
    }
}

/// How many documents changed in which way.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    added: u64,
    removed: u64,
    changed: u64,
}

impl Counts {
    fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Added => self.added += 1,
            Kind::Removed => self.removed += 1,
            Kind::Changed => self.changed += 1,
        }
    }
}

/// In which way a document changed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Added,
    Removed,
    Changed,
}

impl Kind {
    fn of(change: &Change) -> Self {
        match (&change.before, &change.after) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ => Self::Changed,
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

fn change_text(change: &Change, kind: Kind) -> Result<String> {
    let node = show::node_text(&change.collection, &change.id);
    let documents: Vec<String> =
        [&change.before, &change.after].into_iter().flatten().map(Row::to_json).collect::<Result<_>>()?;
    Ok(format!("{} {node}  {}", kind.sign(), documents.join("  ->  ")))
}
