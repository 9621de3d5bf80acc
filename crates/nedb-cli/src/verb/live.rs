//! `nedb live`: the rows of a query, and what becomes of them.
//!
//! A daemon tells changes when they come. A directory that another process writes is opened read-only anew now and then, as `nedb log
//! --follow` does, and the query goes on with what it answered before.

use std::time::Duration;

use clap::Args;
use nedb::{LiveChange, Params, QueryOptions, Seq, Value};
use nedb_types::Result;

use crate::{
    output::{JsonObject, Output},
    parameter,
    subject::{Home, Opened, Subject},
    verb::log,
};

/// For how long a daemon is listened to in one go.
const WAIT: Duration = Duration::from_mins(1);

/// Follows the rows of a query
#[derive(Debug, Args)]
#[command(after_help = "\
It prints all rows, each behind a +, and then for each change those that are
gone behind a - and those that are new behind a +, until Ctrl-C or --changes.
With --json a change is a line: {\"seq\",\"rows\"} the first time, and then
{\"seq\",\"removed\",\"inserted\"} with positions in the rows before and after.
A directory may be written by another process, and is looked at every 200 ms.

Examples:
  nedb live http://127.0.0.1:7070/shop 'FROM orders WHERE state = \"open\"'
  nedb live shop 'FROM orders GROUP BY state COUNT' --json | your-program")]
pub struct Live {
    #[command(flatten)]
    subject: Subject,
    /// The query
    nql: String,
    /// Gives a parameter its value: JSON, or else text
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter::assignment)]
    params: Vec<(String, Value)>,
    /// Ends after so many changes, of which all rows are the first
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    changes: u64,
}

impl Live {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let Self { subject, nql, params, changes } = self;
        // An error of the language is told with all that the parser knows, wherever the database is.
        nedb_nql::parse(&nql)?;
        let params = params.into_iter().fold(Params::new(), |params, (name, value)| params.with(name, value));
        let mut page = Page { rows: Vec::new(), remaining: changes };
        match subject.home() {
            Home::Server(_) => follow_daemon(&subject, (&nql, &params), &mut page, out),
            Home::Directory(_) => follow_directory(&subject, (&nql, params), &mut page, out),
        }
    }
}

fn follow_daemon(subject: &Subject, (nql, params): (&str, &Params), page: &mut Page, out: &mut Output) -> Result<()> {
    let mut live = subject.remote()?.live(nql, params)?;
    while page.remaining > 0 {
        if let Some(change) = live.next_within(WAIT)? {
            let json = |row| nedb_types::document::value_to_json(&Value::Object(row));
            page.print(change, json, out)?;
        }
    }
    Ok(())
}

fn follow_directory(subject: &Subject, (nql, params): (&str, Params), page: &mut Page, out: &mut Output) -> Result<()> {
    let options = QueryOptions::new().params(params);
    let mut live = None;
    while page.remaining > 0 {
        let opened = subject.to_read(out)?;
        if let Opened::Directory(db) = &opened {
            let live = match &mut live {
                None => live.insert(db.live(nql, &options)?),
                Some(live) => {
                    live.go_on_with(db);
                    live
                }
            };
            if let Some(change) = live.try_next()? {
                page.print(change, |row| row.to_json(), out)?;
            }
        }
        if page.remaining > 0 {
            log::wait_to_look_again(&opened);
        }
    }
    Ok(())
}

/// What was printed.
struct Page {
    /// The rows as they are now.
    rows: Vec<String>,
    remaining: u64,
}

impl Page {
    fn print<R>(&mut self, change: LiveChange<R>, json: impl Fn(R) -> Result<String>, out: &mut Output) -> Result<()> {
        let LiveChange { seq, is_whole, removed, inserted } = change;
        let inserted = inserted.into_iter().map(|(at, row)| Ok((at, json(row)?))).collect::<Result<Vec<_>>>()?;
        let change = LiveChange { seq, is_whole, removed, inserted };
        if out.is_json() {
            out.line(json_of(&change))?;
        } else {
            out.line(format_args!("seq {}", Seq::number_of(change.seq)))?;
            for row in change.removed.iter().filter_map(|at| self.rows.get(*at)) {
                out.line(format_args!("- {row}"))?;
            }
            for (_, row) in &change.inserted {
                out.line(format_args!("+ {row}"))?;
            }
        }
        self.remaining -= 1;
        change.apply(&mut self.rows)?;
        out.flush()
    }
}

/// A change as the daemon's messages have it.
fn json_of(change: &LiveChange<String>) -> String {
    let json = JsonObject::new().number("seq", Seq::number_of(change.seq));
    let inserted = change.inserted.iter();
    if change.is_whole {
        return json.list("rows", inserted.map(|(_, row)| row.clone())).finish();
    }
    let json = json.list("removed", change.removed.iter().map(usize::to_string));
    json.list("inserted", inserted.map(|(at, row)| format!("[{at},{row}]"))).finish()
}
