//! `nedb log`: the operations one after the other, and those to come.
//!
//! Following a database that another process writes works by looking again: the directory is opened read-only anew, and
//! the listing goes on behind the last seq it printed. A daemon tells of what becomes durable, in its feed, which is taken up again where a
//! connection broke. Nothing is lost or printed twice, whatever the writer does.

use std::{sync::mpsc, time::Duration};

use clap::Args;
use nedb_client::{Event, Feed};
use nedb_types::{Object, Result, Seq, Value};

use crate::{
    output::Output,
    show,
    subject::{Home, Opened, Subject},
};

/// How long to wait before looking again.
const LOOK_AGAIN_US: u64 = 200_000;

/// Waiting this many times as long as opening took keeps a large database from being opened all the time.
const OPEN_COST_FACTOR: u64 = 4;

/// How long to wait for the next operation before those that are printed are shown.
const BURST: Duration = Duration::from_millis(1);

/// Prints the operations in order
#[derive(Debug, Args)]
#[command(after_help = "\
With --follow it goes on for as long as it runs (or until --limit): the
database may be written by another process at the same time, and is looked at
again every 200 ms; a nedbd tells at once, and is asked again for about a
minute where the connection broke. What is printed is on the disk. To go on
later without a gap, pass the last seq that was handled plus one as --from.

Examples:
  nedb log shop --from 1200 --limit 20
  nedb log shop --follow --json | your-program
  nedb log http://127.0.0.1:7070/shop --follow")]
pub struct Log {
    #[command(flatten)]
    subject: Subject,
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
        if self.follow
            && let Home::Server(_) = self.subject.home()
        {
            return listing.follow(self.subject.remote()?.subscribe(listing.after)?, out);
        }
        let mut db = self.subject.to_read(out)?;
        listing.look(&db, out)?;
        while self.follow && listing.remaining > 0 {
            wait_to_look_again(&db);
            drop(db);
            db = self.subject.to_read(out)?;
            listing.look(&db, out)?;
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
    /// Prints what is new.
    fn look(&mut self, db: &Opened, out: &mut Output) -> Result<()> {
        for entry in db.since(self.after, self.remaining) {
            let entry = entry?;
            let seq = entry.get("seq").and_then(Value::as_i64).and_then(|seq| u64::try_from(seq).ok());
            print(entry, out)?;
            self.after = seq.map(Seq::new);
            self.remaining -= 1;
        }
        out.flush()
    }

    /// Prints what a daemon tells, as it comes.
    fn follow(&mut self, mut feed: Feed, out: &mut Output) -> Result<()> {
        while self.remaining > 0 {
            let mut event = feed.next_within(BURST)?;
            if event.is_none() {
                out.flush()?;
                event = feed.next().transpose()?;
            }
            match event {
                Some(Event::Operation(operation)) => {
                    print(operation.fields, out)?;
                    self.remaining -= 1;
                }
                Some(_) => {}
                None => break,
            }
        }
        out.flush()
    }
}

/// Waits a little before the database is opened again.
pub fn wait_to_look_again(db: &Opened) {
    let wait_us = LOOK_AGAIN_US.max(db.opening_us().saturating_mul(OPEN_COST_FACTOR));
    let (_nobody_sends, waiting) = mpsc::channel::<()>();
    let _time_is_over = waiting.recv_timeout(Duration::from_micros(wait_us));
}

fn print(entry: Object, out: &mut Output) -> Result<()> {
    if out.is_json() {
        return out.line(show::object_json(entry)?);
    }
    let cell = |name: &str| show::field_text(&entry, name);
    let (seq, time, kind, words) = (cell("seq")?, cell("ts")?, cell("kind")?, show::entry_words(&entry)?);
    let (client, nonce) = (cell("client")?, cell("nonce")?);
    out.line(format_args!("{seq:>8}  {time:<27}  {kind:<6}  {words}  {client}#{nonce}"))
}
