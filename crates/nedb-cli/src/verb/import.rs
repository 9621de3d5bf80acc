//! `nedb import`: the records of a file as documents, each at most once.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use nedb::Durability;
use nedb_types::{Collection, Error, ErrorCode, Result};

use crate::{
    import::{self, Format, LinkRule, OnError, Shared, Source, Target},
    output::{Output, Progress},
    subject::Subject,
};

/// How old an acknowledged write may be before it is on the disk, with `--durability group`.
const GROUP_INTERVAL_US: u64 = 10_000;

/// Imports the records of a file as documents; running the same command again imports nothing twice
#[derive(Debug, Args)]
#[command(after_help = "\
Files: .ndjson or .jsonl (one object a line), .json (one array of objects, or
one object), .csv (the first row names the fields), each also with .zst or
.gz; - reads NDJSON from stdin.

CSV cells: empty is null; true and false are booleans; integers without a
leading zero or plus are integers, exact at any size; numbers with a point or
an exponent are floats; everything else is a string.

Ids: a string or an integer; the field stays in the document. Without --id it
is the field _id, else id.

Resuming: the client of the operations is import:DIGEST-OF-THE-FILE, and the
nonce of each follows from its line (line * 4096 for the document, then its
edges). An import that was interrupted, by Ctrl-C or a power cut, goes on
where it stopped when the same command is run again. Stdin and pipes cannot be
read twice and are not resumable.

Examples:
  nedb import shop products.ndjson.zst
  nedb import shop people.csv --collection users --id email --on-error skip
  nedb import debian trixie.ndjson.zst --collection packages --links depends:depends")]
pub struct Import {
    #[command(flatten)]
    subject: Subject,
    /// The file, or - for stdin
    file: PathBuf,
    /// The collection [default: the record's field _collection, else the first part of the file's name]
    #[arg(long, value_name = "NAME")]
    collection: Option<Collection>,
    /// The field that holds the id [default: _id, else id]
    #[arg(long, value_name = "FIELD")]
    id: Option<String>,
    /// Records in one transaction
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// What to do with a record that cannot be stored
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnError::Stop)]
    on_error: OnError,
    /// How records are written down [default: as the file's name says]
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Keeps the edges of a relation equal to the ids in a field; may be given more than once
    #[arg(long, value_name = "FIELD:RELATION[:COLLECTION]")]
    links: Vec<LinkRule>,
    /// When a transaction counts as written
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Sync)]
    durability: Mode,
}

/// When a transaction counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// When it is on the disk
    Sync,
    /// At once; it is on the disk within 10 ms
    Group,
    /// At once; it is on the disk when the import ends
    None,
}

impl Import {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let shared = Arc::new(Shared::default());
        stop_on_interrupt(&shared)?;
        let durability = match self.durability {
            Mode::Sync => Durability::Sync,
            Mode::Group => Durability::Group { interval_us: GROUP_INTERVAL_US },
            Mode::None => Durability::None,
        };
        let db = self.subject.to_load(durability, out)?;
        let import = self.import()?;
        let imported = import.run(&db, &shared, out);
        // What was imported before an error is kept, so the database is closed in any case.
        let progress = Progress::waiting(out, "writing a checkpoint");
        let closed = db.close();
        drop(progress);
        let report = imported?;
        closed?;
        for note in report.notes() {
            out.note(note);
        }
        out.either(report.text(), || report.json())
    }

    fn import(self) -> Result<import::Import> {
        let source = Source::Path(self.file);
        let fallback = if source.is_stdin() {
            None
        } else {
            Some(Collection::new(import::name_without_extension(&source.name()))?)
        };
        let target = Target { collection: self.collection, fallback, id_field: self.id, links: self.links };
        let (format, on_error) = (self.format, self.on_error);
        Ok(import::Import { source, format, target, batch_records: usize::from(self.batch), on_error })
    }
}

/// Lets Ctrl-C end the import after the transaction under way.
fn stop_on_interrupt(shared: &Arc<Shared>) -> Result<()> {
    let shared = Arc::clone(shared);
    ctrlc::set_handler(move || shared.stop())
        .map_err(|error| Error::new(ErrorCode::Io, format!("cannot listen for Ctrl-C: {error}")).with_source(error))
}
