//! `nedb log`: the operations one after the other, and those to come.
//!
//! Following a database that another process writes works by looking again: the directory is opened read-only anew, and
//! the listing goes on behind the last seq it printed. Nothing is lost or printed twice, whatever the writer does.

use std::path::{Path, PathBuf};

use clap::Args;
use nedb::Entry;
use nedb_types::{Result, Seq};

use crate::{open, output::Output, show};

/// How long to wait before looking again.
const LOOK_AGAIN_US: u64 = 200_000;

/// Waiting this many times as long as opening took keeps a large database from being opened all the time.
const OPEN_COST_FACTOR: u64 = 4;

/// Prints the operations in order
#[derive(Debug, Args)]
#[command(after_help = "\
With --follow it goes on for as long as it runs (or until --limit): the
database may be written by another process at the same time, and is looked at
again every 200 ms; what is printed is on the disk. To go on later without a
gap, pass the last seq that was handled plus one as --from.

Examples:
  nedb log shop --from 1200 --limit 20
  nedb log shop --follow --json | your-program")]
pub struct Log {
    /// The database directory
    path: PathBuf,
    /// Begins with this operation
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    /// At most this many operations
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    /// Goes on with the operations to come
    #[arg(long)]
    follow: bool,
}

impl Log {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let mut listing = Listing { after: self.from.checked_sub(1).map(Seq::new), remaining: self.limit };
        listing.look(&self.path, self.follow, out)?;
        while self.follow && listing.remaining > 0 {
            listing.look(&self.path, true, out)?;
        }
        Ok(())
    }
}

/// How far the listing is.
struct Listing {
    after: Option<Seq>,
    remaining: u64,
}

impl Listing {
    /// Opens the database, prints what is new, and waits a little when there may be more.
    fn look(&mut self, path: &Path, waits: bool, out: &mut Output) -> Result<()> {
        let db = open::to_read(path, out)?;
        let mut feed = db.subscribe(self.after);
        while self.remaining > 0 {
            let Some(entry) = feed.try_next()? else { break };
            print(&entry, out)?;
            self.after = Some(entry.seq);
            self.remaining -= 1;
        }
        out.flush()?;
        if waits && self.remaining > 0 {
            let wait_us = LOOK_AGAIN_US.max(db.open_report().duration_us.saturating_mul(OPEN_COST_FACTOR));
            // A read-only handle never sees more than it opened with: this is a pause and gives nothing.
            let _nothing_new = feed.next_within(wait_us)?;
        }
        Ok(())
    }
}

fn print(entry: &Entry, out: &mut Output) -> Result<()> {
    if out.is_json() {
        return out.line(show::object_json(entry.to_object())?);
    }
    let (seq, time, kind) = (entry.seq.to_string(), entry.committed_at.to_string(), entry.kind.as_str());
    let (client, nonce) = (&entry.client, entry.nonce);
    out.line(format_args!("{seq:>8}  {time:<27}  {kind:<6}  {}  {client}#{nonce}", show::entry_words(entry)))
}
