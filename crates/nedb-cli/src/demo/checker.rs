//! The last check: the separate program `tools/nedb_check.py`, where Python and the repository are at hand.
//!
//! It shares no code with the engine. That it is absent is said and is no failure; that it finds something is.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use nedb::Head;
use nedb_types::{Error, ErrorCode, Result};

use super::{place::Place, proof::Exported, stage::Stage};
use crate::output::{JsonObject, duration};

const PYTHON: &str = "python3";
const CHECKER: &str = "tools/nedb_check.py";

/// Runs the checker over the database and the proof.
pub fn run(place: &Place, head: &Head, proof: &Exported, stage: &mut Stage<'_>) -> Result<()> {
    stage.chapter("The same by a separate program that shares no code with NEDB")?;
    let Some(checker) = find() else {
        stage.fact("checker", "null");
        return stage.line(format_args!("{CHECKER} is not at hand: skipped"));
    };
    let expected = format!("{}:{}", head.size, head.root);
    let database = place.database();
    let checks: [(&str, Vec<&str>); 2] = [
        ("verify", vec![path_text(&database)?, "--expect-head", &expected]),
        ("proof", vec![path_text(&proof.file)?, "--key", &proof.verifier_key]),
    ];
    let clock = nedb_io::Io::real().clock;
    let mut facts = JsonObject::new().text("program", &checker.display().to_string());
    for (verb, arguments) in checks {
        let started_us = clock.monotonic_us();
        let Some(verdict) = call(&checker, verb, &arguments)? else {
            stage.fact("checker", "null");
            return stage.line(format_args!("{PYTHON} is not on the PATH: skipped"));
        };
        let elapsed_us = clock.monotonic_us().saturating_sub(started_us);
        stage.line(format_args!("{PYTHON} {CHECKER} {verb:<6}  {verdict}  ({})", duration(elapsed_us)))?;
        facts = facts.text(verb, &verdict);
    }
    stage.fact("checker", &facts.finish());
    Ok(())
}

/// Looks for the checker upwards from where the command runs and from where it lies.
fn find() -> Option<PathBuf> {
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let disk = nedb_io::Io::real().disk;
    starts.iter().flatten().flat_map(|start| start.ancestors()).find_map(|dir| {
        let candidate = dir.join(CHECKER);
        let is_there = disk.kind(&candidate).ok().flatten().is_some();
        is_there.then_some(candidate)
    })
}

/// Runs one check; `None` when there is no Python.
fn call(checker: &Path, verb: &str, arguments: &[&str]) -> Result<Option<String>> {
    let output = match Command::new(PYTHON).arg("-B").arg(checker).arg(verb).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::from(error).context(PYTHON)),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let message = format!("{CHECKER} {verb} does not agree: {}{}", said.trim(), complaint.trim());
        return Err(Error::new(ErrorCode::Corrupt, message));
    }
    let verdict = said.lines().find_map(|line| line.strip_prefix("verdict: "));
    Ok(Some(verdict.unwrap_or("ok").trim().to_owned()))
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::new(ErrorCode::InvalidArgument, format!("{} is not UTF-8, which the checker needs", path.display()))
    })
}
