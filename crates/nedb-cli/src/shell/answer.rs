//! Runs one statement and prints its rows.
//!
//! A statement that names its moment is answered as of that one, any other as of the moment of the session. Rows beyond
//! the number that is shown at a terminal are never cut in silence.

use nedb::{AsOf, Params};
use nedb_nql::{Query, Statement};
use nedb_types::{Error, ErrorCode, Result};

use super::{command::Switch, session::Session};
use crate::{
    hint,
    output::{duration, plural},
    rows::{self, RowFormat},
    subject::{Asked, Documents},
};

/// Answers a statement.
pub fn answer(session: &mut Session, text: &str) -> Result<()> {
    let statement = nedb_nql::parse(text)?;
    run(session, text, &statement)
}

/// Says how a query is answered.
pub fn explain(session: &mut Session, text: &str) -> Result<()> {
    match nedb_nql::parse(text)? {
        Statement::Query(query) | Statement::Explain(query) => {
            let statement = Statement::Explain(query);
            run(session, &statement.to_string(), &statement)
        }
        _ => Err(Error::new(ErrorCode::Unsupported, "only a query can be explained, not HISTORY or DIFF")),
    }
}

fn run(session: &mut Session, text: &str, statement: &Statement) -> Result<()> {
    let params = session.params_of(text);
    timed(session, |session| {
        let as_of = if names_moment(statement) { AsOf::Head } else { session.moment };
        let asked = Asked { params, as_of, cancel: Some(session.interrupt.begin()), ..Asked::default() };
        let rows = session.db.query(text, &asked)?;
        let shown = print(session, rows)?;
        if shown.rows == 0
            && let Some(hint) = hint::unknown_collection(&session.db, hint::collection_of(statement).as_str())?
        {
            session.tell(&hint)?;
        }
        Ok(shown)
    })
}

/// Answers a query that a command makes, with the id of a document as its only parameter.
pub fn about_document(session: &mut Session, text: &str, id: &str) -> Result<()> {
    let params = Params::new().with("id", id);
    timed(session, |session| {
        let (as_of, cancel) = (session.moment, Some(session.interrupt.begin()));
        let rows = session.db.query(text, &Asked { params, as_of, cancel, ..Asked::default() })?;
        print(session, rows)
    })
}

/// Runs an answer, counts its rows and its time, and tells them where somebody wants to know.
fn timed(session: &mut Session, answer: impl FnOnce(&mut Session) -> Result<Shown>) -> Result<()> {
    let begin_us = session.io.clock.monotonic_us();
    let shown = answer(session);
    session.interrupt.end();
    let elapsed_us = session.io.clock.monotonic_us().saturating_sub(begin_us);
    // The rows so far stand before the error that ended them.
    session.out.flush()?;
    let shown = shown?;
    if shown.has_more {
        let rows = plural(shown.rows, "row is shown", "rows are shown");
        session
            .tell(&format!("the first {rows} and there are more; LIMIT and OFFSET choose, `.rows all` shows all"))?;
    }
    let is_counted = session.is_watched() && session.format == RowFormat::Table;
    let rows = plural(shown.rows, "row", "rows");
    match session.timer {
        Switch::On => session.tell(&format!("{rows} in {}", duration(elapsed_us)))?,
        Switch::Off if is_counted => session.tell(&rows)?,
        Switch::Off => {}
    }
    session.out.flush()
}

/// What was printed.
struct Shown {
    rows: u64,
    has_more: bool,
}

fn print(session: &mut Session, mut rows: Documents) -> Result<Shown> {
    let rows_max = session.rows_shown_max();
    let mut shown = 0;
    let first = std::iter::from_fn(|| {
        if shown == rows_max {
            return None;
        }
        shown += 1;
        rows.next()
    });
    let (format, width) = (session.format, session.width());
    let printed = rows::print(first, format, width, &mut session.out)?;
    let has_more = printed == rows_max && rows.next().transpose()?.is_some();
    Ok(Shown { rows: printed, has_more })
}

fn names_moment(statement: &Statement) -> bool {
    let has_moment = |query: &Query| query.as_of.is_some();
    match statement {
        Statement::Query(query) | Statement::Explain(query) => has_moment(query),
        Statement::History { .. } => false,
        Statement::Diff { .. } => true,
    }
}
