//! What a person at a terminal gets from the shell: keys go in through a pseudo-terminal, see `shell_keys.py`.

use std::{path::Path, process::Command};

use crate::script::Directory;

/// The exit code by which the keys say that there is no pseudo-terminal.
const NO_TERMINAL: i32 = 77;

#[test]
fn keys_at_a_terminal_edit_complete_interrupt_and_leave() {
    let directory = Directory::new();
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/shell_keys.py");
    let nedb = env!("CARGO_BIN_EXE_nedb");
    let output = Command::new("python3").arg(keys).arg(nedb).arg(directory.path()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_ne!(
        output.status.code(),
        Some(NO_TERMINAL),
        "the shell needs a pseudo-terminal to be tried with keys: give this machine one, or leave the test out by name with \
         `cargo test -- --skip keys_at_a_terminal`"
    );
    assert!(output.status.success(), "{said}");
}
