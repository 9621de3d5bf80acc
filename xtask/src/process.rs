//! Running other programs: for their output, or for a person to watch under a time limit.
//!
//! Promises that the watched program's lines appear as they come, both streams in one, and that a
//! program over its limit is ended and reported as such.
//! Leaves it to the caller to decide what an exit code means.

use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long a program has to end by itself after it was asked to.
const GRACE: Duration = Duration::from_secs(15);
/// Lines in flight between the reader and the printer; beyond it the program waits for us.
const LINES_IN_FLIGHT_MAX: usize = 1024;

/// How a watched program ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// With exit code 0.
    Well,
    /// With another exit code or a signal, in words.
    Badly(String),
    /// Not within its limit.
    OverTime,
}

/// A program to watch.
pub struct Watched<'a> {
    /// The program and its arguments.
    pub words: &'a [&'a str],
    /// Variables set for it beside the inherited ones.
    pub variables: &'a [(&'a str, String)],
    /// When it is ended.
    pub limit: Duration,
}

/// Returns the standard output of a program that must succeed.
pub fn output(folder: &Path, words: &[&str]) -> Result<String, Failure> {
    let shown = words.join(" ");
    let done = command(folder, words)?.output().map_err(|error| format!("{shown}: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{shown}: {}: {}", done.status, said.trim()).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Tells whether a program starts and ends well, quietly.
pub fn is_working(folder: &Path, words: &[&str]) -> bool {
    let Ok(mut command) = command(folder, words) else {
        return false;
    };
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Runs a program, shows each line as it comes and hands it to `on_line`.
pub fn watch(folder: &Path, watched: &Watched<'_>, on_line: &mut dyn FnMut(&str)) -> Result<Ended, Failure> {
    let shown = watched.words.join(" ");
    let (reader, writer) = std::io::pipe()?;
    let mut command = command(folder, watched.words)?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    command.envs(watched.variables.iter().map(|(name, value)| (*name, value.as_str())));
    let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
    // The builder holds our ends of the pipe; with them open the reader would never see the end.
    drop(command);
    let (sender, lines) = sync_channel(LINES_IN_FLIGHT_MAX);
    std::thread::spawn(move || forward(reader, |line| sender.send(line).is_ok()));
    let in_time = show(&lines, Instant::now() + watched.limit, on_line)?;
    if !in_time {
        end(&mut child)?;
        return Ok(Ended::OverTime);
    }
    let status = child.wait()?;
    Ok(if status.success() { Ended::Well } else { Ended::Badly(status.to_string()) })
}

fn command(folder: &Path, words: &[&str]) -> Result<Command, Failure> {
    let (program, arguments) = words.split_first().ok_or("an empty command")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    Ok(command)
}

fn forward(reader: PipeReader, mut send: impl FnMut(String) -> bool) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    // A broken pipe ends the output like its end does; the exit code tells the rest.
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        line.clear();
        if !send(text) {
            return;
        }
    }
}

/// Returns false when the deadline came before the end of the lines.
fn show(lines: &Receiver<String>, deadline: Instant, on_line: &mut dyn FnMut(&str)) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                writeln!(out, "{line}")?;
                on_line(&line);
            }
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
        }
    }
}

/// Asks first, so that a test runner can end its tests, then kills.
fn end(child: &mut Child) -> Result<(), Failure> {
    let pid = child.id().to_string();
    if is_working(Path::new("."), &["kill", "-TERM", &pid]) {
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(words: &[&str], limit: Duration) -> (Ended, Vec<String>) {
        let mut seen = Vec::new();
        let watched = Watched { words, variables: &[("NEDB_WORD", "set".to_owned())], limit };
        let ended = watch(Path::new("."), &watched, &mut |line| {
            seen.push(line.to_owned());
        })
        .unwrap();
        (ended, seen)
    }

    #[test]
    fn both_streams_and_the_exit_code_arrive() {
        let script = "echo $NEDB_WORD; echo two >&2; exit 3";
        let (ended, seen) = watched(&["sh", "-c", script], Duration::from_secs(20));
        assert_eq!(seen, ["set", "two"]);
        assert!(matches!(ended, Ended::Badly(words) if words.contains('3')));
        assert_eq!(watched(&["true"], Duration::from_secs(20)).0, Ended::Well);
    }

    #[test]
    fn a_program_over_its_limit_is_ended() {
        let (ended, _) = watched(&["sleep", "60"], Duration::from_millis(50));
        assert_eq!(ended, Ended::OverTime);
    }
}
