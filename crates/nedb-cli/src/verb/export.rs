//! `nedb export`: documents as NDJSON that an import takes back.

use std::io::{self, IsTerminal};

use clap::Args;
use nedb::{AsOf, ScanRange};
use nedb_io::Io;
use nedb_types::{DocumentBuf, Error, ErrorCode, Result, Seq, Value};

use crate::{
    hint,
    import::{COLLECTION_FIELD, is_id_inside},
    output::{Output, Progress, plural},
    subject::{Opened, Record, Subject},
};

/// Documents between two looks at the clock.
const TOLD_EVERY: u64 = 256;

/// Prints documents as NDJSON, in byte order of their ids; importing the output gives the same documents
#[derive(Debug, Args)]
#[command(after_help = "\
A document whose own field id is its id is printed as it is; any other gets
the field _id, which an import takes for the id and drops. Without COLL each
line also has the field _collection, which an import takes for the collection
and drops.

Examples:
  nedb export shop products > products.ndjson
  nedb export shop --as-of 2026-01-01 | zstd > shop-2026.ndjson.zst")]
pub struct Export {
    #[command(flatten)]
    subject: Subject,
    /// The collection [default: all of them]
    collection: Option<String>,
    /// The moment: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
    /// Adds _id and the fields that say where the version comes from; an import drops them
    #[arg(long)]
    mirrors: bool,
}

impl Export {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        let mut watched = Watched::begin(self.documents(&db)?, out);
        let moment = match (self.as_of, &db) {
            (Some(moment), _) => moment,
            (None, Opened::Directory(_)) => AsOf::Head,
            // Others may write between two collections, and an export is of one moment.
            (None, Opened::Server(_)) => AsOf::from_number(Seq::number_of(db.tree()?.seq())),
        };
        if let Some(collection) = &self.collection {
            self.collection((&db, moment), collection, None, &mut watched, out)?;
            return if watched.documents == 0 { hint::note_if_unknown(&db, collection, out) } else { Ok(()) };
        }
        for name in db.collection_names()? {
            self.collection((&db, moment), &name, Some(&name), &mut watched, out)?;
        }
        Ok(())
    }

    /// How many documents there are, where that is known without counting them.
    fn documents(&self, db: &Opened) -> Result<Option<u64>> {
        if self.as_of.is_some() {
            return Ok(None);
        }
        let is_wanted = |name: &String| self.collection.as_ref().is_none_or(|collection| collection == name);
        let collections = db.counted_collections()?.into_iter().filter(|(name, _)| is_wanted(name));
        Ok(Some(collections.map(|(_, documents)| documents).sum()))
    }

    fn collection(
        &self,
        (db, moment): (&Opened, AsOf),
        name: &str,
        named: Option<&str>,
        watched: &mut Watched,
        out: &mut Output,
    ) -> Result<()> {
        for record in db.scan(name, &ScanRange::all(), moment)? {
            out.line(self.line(&record?, named)?)?;
            watched.count();
        }
        Ok(())
    }

    fn line(&self, record: &Record, collection: Option<&str>) -> Result<String> {
        let document = if self.mirrors { record.mirrored()? } else { with_id(record)? };
        match collection {
            Some(name) => with_collection(record, &document, name)?.as_document().to_json(),
            None => document.as_document().to_json(),
        }
    }
}

/// How far an export is, for who watches it; where the documents themselves come to the terminal, they are enough.
struct Watched {
    progress: Option<Progress>,
    documents: u64,
}

impl Watched {
    fn begin(total: Option<u64>, out: &Output) -> Self {
        let is_file = !io::stdout().is_terminal();
        Self { progress: is_file.then(|| Progress::new(&Io::real(), out, "exporting", total)), documents: 0 }
    }

    fn count(&mut self) {
        self.documents += 1;
        if self.documents.is_multiple_of(TOLD_EVERY)
            && let Some(progress) = &mut self.progress
        {
            progress.at(self.documents, || plural(self.documents, "document", "documents"));
        }
    }
}

/// The document with its id, in its own field or in `_id`.
fn with_id(record: &Record) -> Result<DocumentBuf> {
    let (document, id) = (record.bare()?, record.id()?);
    if is_id_inside(&document.as_document(), id.as_bytes())? {
        return Ok(document);
    }
    DocumentBuf::with_fields(&document.as_document(), &[("_id", id.to_value())])
}

fn with_collection(record: &Record, document: &DocumentBuf, name: &str) -> Result<DocumentBuf> {
    if document.as_document().get(COLLECTION_FIELD)?.is_some() {
        let id = record.id()?;
        let message = format!("{name}:{id} has a field {COLLECTION_FIELD} of its own: export {name:?} by its name");
        return Err(Error::new(ErrorCode::ReservedField, message));
    }
    DocumentBuf::with_fields(&document.as_document(), &[(COLLECTION_FIELD, Value::String(name.to_owned()))])
}
