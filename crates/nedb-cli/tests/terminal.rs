//! What a person at a terminal gets from the shell: keys go in through a pseudo-terminal, see `shell_keys.py`.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test of a program works with real files and processes, and a failed assumption is a failed test"
)]

#[allow(dead_code, reason = "these tests start the shell themselves and mask nothing")]
mod script;

use std::{path::Path, process::Command};

use script::Directory;

/// The exit code by which the keys say that there is no pseudo-terminal.
const SKIPPED: i32 = 77;

#[test]
fn keys_at_a_terminal_edit_complete_interrupt_and_leave() {
    let directory = Directory::new();
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell_keys.py");
    let nedb = env!("CARGO_BIN_EXE_nedb");
    let output = Command::new("python3").arg(keys).arg(nedb).arg(directory.path()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.code() == Some(SKIPPED) {
        println!("SKIPPED: no pseudo-terminal on this machine, the shell was not tried with keys: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
}
