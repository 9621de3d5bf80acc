//! `nedb diff`: what changed between two moments.

use clap::Args;
use nedb::AsOf;
use nedb_types::{Object, Result, Value, document::value_to_json};

use crate::{
    output::{JsonObject, Output, Progress},
    show,
    subject::{Subject, bare},
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
    #[command(flatten)]
    subject: Subject,
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
        let db = self.subject.to_read(out)?;
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
                out.line(show::object_json(change)?)?;
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
    fn of(change: &Object) -> Self {
        match (change.get("before"), change.get("after")) {
            (None | Some(Value::Null), _) => Self::Added,
            (_, None | Some(Value::Null)) => Self::Removed,
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

fn change_text(change: &Object, kind: Kind) -> Result<String> {
    let node = show::node_text(change)?;
    let sides = ["before", "after"].into_iter().filter_map(|name| change.get(name)?.as_object()?.get("document"));
    let documents = sides.map(|document| match document {
        Value::Object(document) => value_to_json(&Value::Object(bare(document.clone()))),
        other => value_to_json(other),
    });
    let documents: Vec<String> = documents.collect::<Result<_>>()?;
    Ok(format!("{} {node}  {}", kind.sign(), documents.join("  ->  ")))
}
