//! Runs the scripts in `tests/cli`: command lines above, what they print below.

//!
//! ```text
//! # why this script exists
//! <<< people.csv            a file with the lines up to >>>
//! id,name
//! >>>
//! $ nedb init db            a command, run in an empty directory of the script's own; `< FILE` and `> FILE` redirect,
//!                           '$(<FILE)' is the first line of a file, and '$(<FILE begin)' the rest of a line that begins so
//! | created ...             a line on stdout
//! ! nedb: ...               a line on stderr
//! ? 65                      the exit code, when it is not 0
//! ```
//!
//! What differs from run to run (hashes, times, rates, keys) is masked; see [`script::mask`]. `NEDB_UPDATE=1 cargo test -p
//! nedb-cli --test command commands_print` writes what the commands print into the scripts; the difference is for a reader to judge.
use std::path::{Path, PathBuf};

use crate::script::{self, Directory};

fn scripts() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn commands_print_what_the_scripts_say() {
    let is_update = std::env::var_os("NEDB_UPDATE").is_some();
    let (mut differing, mut commands) = (Vec::new(), 0);
    for path in scripts() {
        let expected = std::fs::read_to_string(&path).unwrap();
        let directory = Directory::new();
        let (actual, count) = script::run(&expected, directory.path());
        commands += count;
        if actual == expected {
            continue;
        }
        if is_update {
            std::fs::write(&path, &actual).unwrap();
        }
        differing.push(format!("--- {}\n{}", path.display(), difference(&expected, &actual)));
    }
    println!("{commands} commands of {} scripts", scripts().len());
    assert!(commands > 0, "there are no scripts");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The first lines that differ, with what was expected.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let same = expected.iter().zip(&actual).take_while(|(left, right)| left == right).count();
    let from = actual[..same].iter().rposition(|line| line.starts_with('$')).unwrap_or(0);
    let part = |lines: &[&str]| lines.iter().skip(from).take(same - from + 6).copied().collect::<Vec<_>>().join("\n");
    format!("expected:\n{}\nprinted:\n{}", part(&expected), part(&actual))
}
