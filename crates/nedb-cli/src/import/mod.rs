//! Imports: from a file of records to documents and edges, at most once each.
//!
//! ```text
//! file -> source -> format -> records -> prepare  =channel=>  loader -> database
//!                  (a task of the scheduler)                  (the caller's thread)
//! ```
//!
//! Promises: memory stays bounded whatever the input; a bad record is named by file, line and column; an import that was
//! interrupted and is run again goes on where it stopped, because every operation has a nonce that follows from its place in
//! the file (see [`resume`]). What a document may be is left to the engine.

mod array;
mod format;
mod lines;
mod links;
mod loader;
mod prepare;
mod reader;
mod record;
mod report;
mod resume;
mod source;
mod table;
mod typed_cell;

use std::sync::{Arc, mpsc};

use nedb_io::Io;
use nedb_types::{Error, ErrorCode, Result};

pub use format::{Format, name_without_extension};
pub use links::LinkRule;
pub use prepare::{COLLECTION_FIELD, Target, is_id_inside};
pub use reader::Shared;
pub use report::Report;
pub use source::Source;

use crate::output::{Output, Progress, count};
use crate::subject::Opened;
use loader::Loader;
use reader::{Item, Message};

/// Chunks that the reader may be ahead: enough to keep both sides busy, few enough to keep memory small.
const CHUNKS_AHEAD: usize = 2;

/// How long to wait for the reader before looking whether somebody wants to stop.
const LOOK_UP_EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// What happens when a record cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnError {
    /// The import ends; what came before stays imported
    Stop,
    /// The record is left out and counted
    Skip,
}

/// One import.
pub struct Import {
    /// Where the records come from.
    pub source: Source,
    /// How they are written down; `None` takes it from the file's name.
    pub format: Option<Format>,
    /// Where they go.
    pub target: Target,
    /// Records in one transaction.
    pub batch_records: usize,
    /// What happens when a record cannot be stored.
    pub on_error: OnError,
}

impl Import {
    /// Runs the import. `shared` lets another thread stop it.
    pub fn run(self, db: &Opened, shared: &Arc<Shared>, out: &Output) -> Result<Report> {
        let io = Io::real();
        let coding = format::of(&self.source.name(), self.format)?;
        let client = resume::client(&self.source, &self.target, &io, out)?;
        let input = self.source.open()?;
        let mut progress = Progress::new(&io, out, "importing", input.length);
        let records = format::records(input.reader, coding, shared)?;
        let target = Arc::new(self.target);
        let (sender, receiver) = mpsc::sync_channel(CHUNKS_AHEAD);
        let reading = reader::Reading {
            records,
            target: Arc::clone(&target),
            shared: Arc::clone(shared),
            sender,
            chunk_records: self.batch_records,
        };
        io.scheduler.run("import", Box::new(move || reading.run()));
        let mut loader = Loader::new(db, self.source.name(), client, &target, shared);
        let ended = follow(&receiver, &mut loader, self.on_error, &mut progress);
        let report = loader.finish(progress.elapsed_us())?;
        progress.finish();
        match ended? {
            Ended::Complete => Ok(report),
            Ended::Interrupted => Err(report.interrupted(self.source.is_resumable())),
            Ended::Refused(refused) => Err(report.stopped_by(&refused)),
        }
    }
}

/// How an import came to its end.
enum Ended {
    Complete,
    Interrupted,
    Refused(record::Refusal),
}

/// Loads what the reader sends until one side has had enough.
fn follow(
    receiver: &mpsc::Receiver<Message>,
    loader: &mut Loader<'_>,
    on_error: OnError,
    progress: &mut Progress,
) -> Result<Ended> {
    loop {
        if loader.is_interrupted() {
            return Ok(Ended::Interrupted);
        }
        let items = match receiver.recv_timeout(LOOK_UP_EVERY) {
            Ok(Message::Chunk(items)) => items,
            Ok(Message::End) => return Ok(Ended::Complete),
            Ok(Message::Failed(error)) => return Err(error.context(loader.place())),
            Err(mpsc::RecvTimeoutError::Timeout) => continue,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(Error::new(ErrorCode::Io, "the part that reads the file ended without a word"));
            }
        };
        if let Some(refused) = load(items, loader, on_error)? {
            return Ok(Ended::Refused(refused));
        }
        progress.at(loader.bytes_read(), || format!("{} documents", count(loader.imported())));
    }
}

/// Loads one chunk; returns the record that ends the import, if one does.
fn load(items: Vec<Item>, loader: &mut Loader<'_>, on_error: OnError) -> Result<Option<record::Refusal>> {
    let (mut ready, mut refused) = (Vec::with_capacity(items.len()), None);
    for item in items {
        match item {
            Item::Ready(prepared) => ready.push(prepared),
            Item::Refused(refusal) if refusal.is_final || on_error == OnError::Stop => {
                refused = Some(refusal);
                break;
            }
            Item::Refused(refusal) => loader.refuse(refusal),
        }
    }
    let stopped = loader.load(&ready, on_error)?;
    Ok(stopped.or(refused))
}
