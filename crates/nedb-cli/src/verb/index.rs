//! `nedb index`: the secondary indexes: make one, list them, drop one.

use clap::{Args, Subcommand};
use nedb::{IndexInfo, IndexKind, IndexState, Stemming};
use nedb_io::Io;
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::{Align, JsonObject, Output, Progress, Table, bytes, count},
    subject::{Opened, Subject},
};

/// Makes, lists and drops indexes on fields
#[derive(Debug, Args)]
#[command(after_help = "\
An index makes queries faster and changes no answer, except that a search index
also says in which fields SEARCH looks, and whether it cuts words to their stems.
Indexes cover the past as well: a query as of any moment uses them.

Examples:
  nedb index create shop products price --kind ordered
  nedb index create shop users address.city
  nedb index create shop products --search
  nedb index create shop products 'title, body' --search --stem english
  nedb index list shop
  nedb index drop shop products price")]
pub struct Index {
    #[command(subcommand)]
    action: Action,
}

/// What to do with indexes.
#[derive(Debug, Subcommand)]
enum Action {
    /// Makes an index and waits until it is built
    Create(Create),
    /// Lists the indexes with how far they are and what they take
    List(List),
    /// Drops the indexes on a field
    Drop(Drop),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The field: a path such as `price` or `address.city`; with --search several with commas, or none for all strings
    #[arg(required_unless_present = "search", default_value_if("search", clap::builder::ArgPredicate::IsPresent, "*"))]
    field: Option<String>,
    /// What it answers: eq, ordered (also sorted, range), search, search:LANGUAGE
    #[arg(long, default_value = "eq", value_parser = kind)]
    kind: IndexKind,
    /// The words of the field, for SEARCH: as --kind search
    #[arg(long, conflicts_with = "kind")]
    search: bool,
    /// Cuts words to their stems by the rules of a language: as --kind search:LANGUAGE
    #[arg(long, value_name = "LANGUAGE", requires = "search", value_parser = stemming)]
    stem: Option<Stemming>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    subject: Subject,
}

#[derive(Debug, Args)]
struct Drop {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The field
    field: String,
    /// Only an index of this kind
    #[arg(long, value_parser = kind)]
    kind: Option<IndexKind>,
}

fn kind(text: &str) -> Result<IndexKind, String> {
    text.parse().map_err(|error: Error| error.message().to_owned())
}

fn stemming(text: &str) -> Result<Stemming, String> {
    text.parse().map_err(|error: Error| error.message().to_owned())
}

impl Index {
    pub fn run(self, out: &mut Output) -> Result<()> {
        match self.action {
            Action::Create(create) => create.run(out),
            Action::List(list) => list.run(out),
            Action::Drop(drop) => drop.run(out),
        }
    }
}

impl Create {
    fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let kind = if self.search { IndexKind::Search { stemming: self.stem } } else { self.kind };
        let wanted = self.field.unwrap_or_default();
        let mut progress = Progress::new(&Io::real(), out, "indexing", Some(db.tree()?.size));
        let told = &mut |info: &IndexInfo| progress.at(info.position, || format!("{} entries", count(info.entries)));
        let info = db.build_index(&self.collection, &wanted, kind, told)?;
        drop(progress);
        let progress = Progress::waiting(out, "writing a checkpoint");
        // Without a checkpoint the next process would build it again.
        db.checkpoint()?;
        db.close()?;
        drop(progress);
        let (entries, field, collection) = (count(info.entries), &info.field, &info.collection);
        let text = format!("{} index on {field} of {collection}: {entries} entries", info.kind);
        let json = info.to_json()?;
        out.either(text, || json)
    }
}

impl List {
    fn run(self, out: &mut Output) -> Result<()> {
        print_indexes(&self.subject.to_read(out)?, out)
    }
}

/// Prints the indexes, one a line.
pub fn print_indexes(db: &Opened, out: &mut Output) -> Result<()> {
    let columns = [Align::Left, Align::Left, Align::Left, Align::Left, Align::Left, Align::Right, Align::Right];
    let mut table = Table::new(&columns);
    for info in db.indexes()? {
        if out.is_json() {
            out.line(info.to_json()?)?;
            continue;
        }
        let state = match info.state {
            IndexState::Ready => "ready".to_owned(),
            IndexState::Building { done, total } => format!("built up to {} of {}", count(done), count(total)),
        };
        let (kind, origin) = (info.kind.to_string(), info.origin.as_str().to_owned());
        let (entries, disk) = (count(info.entries), bytes(info.disk_bytes));
        table.row([info.collection, info.field, kind, origin, state, entries, disk]);
    }
    table.lines("").iter().try_for_each(|line| out.line(line))
}

impl Drop {
    fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let dropped = db.drop_index(&self.collection, &self.field, self.kind)?;
        db.close()?;
        let (field, collection) = (&self.field, &self.collection);
        if !dropped {
            let message = format!("{collection} has no such index on {field}");
            return Err(Error::new(ErrorCode::NotFound, message));
        }
        out.either(format_args!("dropped the index on {field} of {collection}"), || {
            JsonObject::new().flag("dropped", true).finish()
        })
    }
}
