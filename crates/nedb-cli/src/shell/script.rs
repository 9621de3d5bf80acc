//! Runs inputs one after the other: typed ones, those of a file, of stdin, or of the command line.
//!
//! A script stops at its first error, which names the line and keeps its code and kind.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
};

use nedb_types::{Detail, Error, ErrorCode, Result, limits::QUERY_BYTES_MAX};

use super::{
    action, answer,
    command::Command,
    complaint,
    session::Session,
    splitter::{Splitter, Unit, UnitKind},
};
use crate::input;

/// How deep scripts may read scripts; one that reads itself ends here.
const READ_DEPTH_MAX: u32 = 16;

/// Whether the shell goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    GoesOn,
    /// It was left.
    Left,
}

/// Runs one thing.
pub fn run_unit(session: &mut Session, unit: &Unit, depth: u32) -> Result<Outcome> {
    match unit.kind {
        UnitKind::Command => action::act(session, Command::parse(&unit.text)?, depth),
        UnitKind::Statement => answer::answer(session, &unit.text).map(|()| Outcome::GoesOn),
    }
}

/// Runs a script from a file, or from stdin for `-`.
pub fn run_file(session: &mut Session, path: &Path, depth: u32) -> Result<Outcome> {
    if depth > READ_DEPTH_MAX {
        let message = format!("{}: scripts read each other more than {READ_DEPTH_MAX} deep", path.display());
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let name = if path.as_os_str() == input::STDIN { "stdin".into() } else { path.display().to_string() };
    run(session, input::open(path)?.reader, &name, depth)
}

/// Runs a script.
pub fn run(session: &mut Session, source: impl Read, name: &str, depth: u32) -> Result<Outcome> {
    let mut splitter = Splitter::new();
    let mut reader = BufReader::new(source);
    while let Some(line) = next_line(&mut reader)? {
        for unit in splitter.push(&line) {
            if run_named(session, &unit, name, depth)? == Outcome::Left {
                return Ok(Outcome::Left);
            }
        }
    }
    match splitter.finish() {
        Some(unit) => run_named(session, &unit, name, depth),
        None => Ok(Outcome::GoesOn),
    }
}

/// Runs one thing of a script; its error names the place in the script.
fn run_named(session: &mut Session, unit: &Unit, name: &str, depth: u32) -> Result<Outcome> {
    session.interrupt.check()?;
    run_unit(session, unit, depth).map_err(|error| {
        complaint::show_place(session, &unit.text, &error);
        match placed(unit, &error) {
            Some(placed) => placed.context(name),
            None => error.context(format_args!("{name}: line {}", unit.line)),
        }
    })
}

/// The same error of syntax with its line and column in the script instead of those in the statement.
fn placed(unit: &Unit, error: &Error) -> Option<Error> {
    if unit.kind != UnitKind::Statement || !matches!(error.detail(), Detail::Syntax { .. }) {
        return None;
    }
    let lines = usize::try_from(unit.line.saturating_sub(1)).ok()?;
    let text = format!("{}{}{}", "\n".repeat(lines), " ".repeat(unit.indent), unit.text);
    nedb_nql::parse(&text).err()
}

/// Reads a line without its end. A line beyond every limit comes in parts, which the parser refuses.
fn next_line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let bytes_max = QUERY_BYTES_MAX as u64 + 2;
    if reader.take(bytes_max).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8(bytes)
        .map_err(|error| Error::new(ErrorCode::InvalidArgument, "a script must be UTF-8 text").with_source(error))?;
    Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned()))
}
