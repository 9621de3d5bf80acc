//! `nedb export`: documents as NDJSON that an import takes back.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use clap::Args;
use nedb::{AsOf, Database, Row, ScanRange, Snapshot};
use nedb_io::Io;
use nedb_types::{DocumentBuf, Error, ErrorCode, Result, Value};

use crate::{
    hint,
    import::{COLLECTION_FIELD, is_id_inside},
    open,
    output::{Output, Progress, plural},
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
    /// The database directory
    path: PathBuf,
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
        let db = open::to_read(&self.path, out)?;
        let snapshot = db.snapshot_at(self.as_of.unwrap_or_default())?;
        let mut watched = Watched::begin(self.documents(&db)?, out);
        if let Some(collection) = &self.collection {
            self.collection(&snapshot, collection, None, &mut watched, out)?;
            return if watched.documents == 0 { hint::note_if_unknown(&db, collection, out) } else { Ok(()) };
        }
        for name in snapshot.collection_names()? {
            self.collection(&snapshot, name.as_str(), Some(name.as_str()), &mut watched, out)?;
        }
        Ok(())
    }

    /// How many documents there are, where that is known without counting them.
    fn documents(&self, db: &Database) -> Result<Option<u64>> {
        if self.as_of.is_some() {
            return Ok(None);
        }
        let is_wanted = |name: &String| self.collection.as_ref().is_none_or(|collection| collection == name);
        let collections = db.stats()?.collections.into_iter().filter(|(name, _)| is_wanted(name));
        Ok(Some(collections.map(|(_, documents)| documents).sum()))
    }

    fn collection(
        &self,
        snapshot: &Snapshot,
        name: &str,
        named: Option<&str>,
        watched: &mut Watched,
        out: &mut Output,
    ) -> Result<()> {
        for row in snapshot.scan(name, &ScanRange::all())? {
            out.line(self.line(&row?, named)?)?;
            watched.count();
        }
        Ok(())
    }

    fn line(&self, row: &Row, collection: Option<&str>) -> Result<String> {
        let document = if self.mirrors { Some(row.mirrored()?) } else { with_id(row)? };
        let document = match (&document, collection) {
            (Some(document), Some(name)) => Some(with_collection(row, document, name)?),
            (None, Some(name)) => {
                Some(with_collection(row, &DocumentBuf::from_bytes(row.document()?.as_bytes().to_vec())?, name)?)
            }
            (_, None) => document,
        };
        match document {
            Some(document) => document.as_document().to_json(),
            None => row.to_json(),
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

/// The document with its id; `None` when it has it already.
fn with_id(row: &Row) -> Result<Option<DocumentBuf>> {
    let document = row.document()?;
    if is_id_inside(&document, row.id_bytes())? {
        return Ok(None);
    }
    let id = row.id()?;
    let value = match id.as_str() {
        Some(text) => Value::String(text.to_owned()),
        None => Value::Bytes(id.as_bytes().to_vec()),
    };
    DocumentBuf::with_fields(&document, &[("_id", value)]).map(Some)
}

fn with_collection(row: &Row, document: &DocumentBuf, name: &str) -> Result<DocumentBuf> {
    if document.as_document().get(COLLECTION_FIELD)?.is_some() {
        let id = row.id()?;
        let message = format!("{name}:{id} has a field {COLLECTION_FIELD} of its own: export {name:?} by its name");
        return Err(Error::new(ErrorCode::ReservedField, message));
    }
    DocumentBuf::with_fields(&document.as_document(), &[(COLLECTION_FIELD, Value::String(name.to_owned()))])
}
