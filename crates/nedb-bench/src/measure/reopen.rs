//! Memory of a store in a process that did nothing but open it and read every row.
//!
//! In the process that loaded the rows an allocator keeps what the load has freed, so that its growth would say nothing. The
//! measuring program therefore starts itself again, once for each store, and reads two numbers from its output.

use std::process::Command;

use nedb::{Error, ErrorCode, Result};
use nedb_io::Io;

use crate::{BenchOptions, Candidate, Mode, Scale, meter::Resident, nedb_store::Nedb, workload};

/// Opens the store that a run left in the directory, reads every block, and tells what memory that took.
pub(crate) fn reopen(options: &BenchOptions, peers: &[&dyn Candidate], name: &str) -> Result<String> {
    let nedb: &dyn Candidate = &Nedb::STORED;
    let mut all = std::iter::once(&nedb).chain(peers);
    let candidate = all.find(|one| one.name() == name).ok_or_else(|| failed(format!("there is no store {name:?}")))?;
    let io = Io::real();
    let before = Resident::now(&io)?;
    let store = candidate.open(&options.dir, Mode::Load)?;
    let mut reader = store.reader()?;
    for height in 0..options.scale.documents() as u64 {
        let found = reader.get(&workload::block(height)?.id)?;
        assert_eq!(found, 1, "every block that was written is found");
    }
    let grown = Resident::now(&io)?.since(before);
    Ok(format!("{} {}", grown.anonymous, grown.mapped))
}

/// The same in a new process; `None` when the options do not say how to start one.
pub(crate) fn reopen_apart(
    options: &BenchOptions,
    candidate: &dyn Candidate,
    dir: &std::path::Path,
) -> Result<Option<Resident>> {
    let Some(words) = &options.program else { return Ok(None) };
    let scale = match options.scale {
        Scale::Quick => "quick",
        Scale::Standard | Scale::Long => "standard",
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words).args(["reopen", candidate.name(), scale, "--dir"]).arg(dir);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(anonymous)), Some(Ok(mapped))) => Ok(Some(Resident { anonymous, mapped })),
        _ => Err(failed(format!("{command:?} said {text:?} and {:?}", String::from_utf8_lossy(&output.stderr)))),
    }
}

fn failed(message: String) -> Error {
    Error::new(ErrorCode::InvalidArgument, message)
}
