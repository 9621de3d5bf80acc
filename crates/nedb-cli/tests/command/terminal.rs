//! What a person at a terminal gets: programs in Python type and look through a pseudo-terminal, see `shell_keys.py`,
//! `progress_bars.py` and `top_keys.py`.

use std::{ffi::OsStr, path::Path, process::Command};

use crate::{demo::small_releases, places::Daemon, script::Directory};

/// The exit code by which the programs say that there is no pseudo-terminal.
const NO_TERMINAL: i32 = 77;

/// Packages of a small release: enough that checking them is more than a moment's work.
const PACKAGES: u32 = 3_000;

#[test]
fn keys_at_a_terminal_edit_complete_interrupt_and_leave() {
    let directory = Directory::new();
    play("shell_keys.py", directory.path());
}

#[test]
fn long_work_shows_a_bar_to_who_waits_and_to_nobody_else() {
    let directory = Directory::new();
    small_releases(directory.path(), PACKAGES);
    play("progress_bars.py", directory.path());
}

#[test]
fn the_page_of_a_daemon_goes_on_until_a_key_and_leaves_the_terminal_as_it_was() {
    let directory = Directory::new();
    let daemon = Daemon::start(directory.path(), &[]);
    play("top_keys.py", &daemon.url);
}

/// Runs one of the programs beside this file.
fn play(program: &str, argument: impl AsRef<OsStr>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command").join(program);
    let nedb = env!("CARGO_BIN_EXE_nedb");
    let output = Command::new("python3").arg(path).arg(nedb).arg(argument).output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_ne!(
        output.status.code(),
        Some(NO_TERMINAL),
        "{program} needs a pseudo-terminal: give this machine one, or leave the tests out by name with \
         `cargo test -- --skip terminal`"
    );
    assert!(output.status.success(), "{said}");
    println!("{said}");
}
